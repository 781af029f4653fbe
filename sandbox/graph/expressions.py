"""Mapping expressions as Entra's ``attributeMappingSource``, as parseExpression answers them. Nothing is evaluated.

The keys of parameters are documented for Mid, Not, Replace and SingleAppRoleAssignment; the others are made up here. An
argument that is left out has no parameter.
"""

import re
from typing import Any

type Json = dict[str, Any]

FUNCTIONS = {
    name: tuple(keys.split())
    for name, _, keys in (
        line.strip().partition(" ")
        for line in """
        Append source suffix
        AppRoleAssignmentsComplex source
        AssertiveAppRoleAssignmentsComplex source
        BitAnd value1 value2
        CBool source
        CDate source
        CStr source
        Coalesce
        ConvertToBase64 source
        ConvertToUTF8Hex source
        Count source
        DateAdd interval value dateTime
        DateDiff interval date1 date2
        DateFromNum source
        DefaultDomain
        FormatDateTime source dateTimeStyles inputFormat outputFormat
        Guid
        IIF condition valueIfTrue valueIfFalse
        IgnoreFlowIfNullOrEmpty source
        InStr source find start compareType
        IsNull source
        IsNullOrEmpty source
        IsPresent source
        IsString source
        Item source index
        Join separator
        Left source length
        Mid source start length
        NormalizeDiacritics source
        Not source
        Now
        NumFromDate source
        PCase source separators
        RandomString length minimumNumbers minimumSpecials minimumCapitals minimumLowercase avoid
        Redact source
        RemoveDuplicates source
        Replace source Find regexPattern regexGroupName Replacement replacementAttributeName template
        SelectUniqueValue
        SingleAppRoleAssignment source
        Split source delimiter
        StripSpaces source
        Switch source defaultValue
        ToLower source culture
        ToUpper source culture
        Word source number delimiters
        """.strip().splitlines()
    )
}

_TOKEN = re.compile(r'\s*(\[[^\]]*\]|"(?:[^"\\]|\\.)*"|<>|>=|<=|[=<>]|[(),]|[^\s\[\]"(),=<>]+)\s*')


class NotParsed(ValueError):
    """The expression is none; the text is what parseExpression answers."""


def parse(expression: str) -> Json:
    """Return the source that an expression stands for, or raise ``NotParsed``."""
    tokens, at = [], 0
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if match is None:
            raise NotParsed(f"Unexpected character '{expression[at]}' at position {at}.")
        tokens.append(match[1])
        at = match.end()
    tree = _value(tokens)
    if tokens:
        raise NotParsed(f"Unexpected '{tokens[0]}'.")
    return tree


def _value(tokens: list[str]) -> Json:
    tree = _single(tokens)
    while tokens and tokens[0] in ("=", "<>", "<", ">", "<=", ">="):
        operator = tokens.pop(0)
        right = _single(tokens)
        expression = f"{tree['expression']} {operator} {right['expression']}"
        parameters = [{"key": "left", "value": tree}, {"key": "right", "value": right}]
        tree = {"expression": expression, "name": operator, "parameters": parameters, "type": "Function"}
    return tree


def _single(tokens: list[str]) -> Json:
    if not tokens:
        raise NotParsed("Unexpected end of the expression.")
    token = tokens.pop(0)
    if token[0] == "[":
        return {"expression": token, "name": token[1:-1], "parameters": [], "type": "Attribute"}
    if token in ("(", ")", ","):
        raise NotParsed(f"Unexpected '{token}'.")
    if tokens[:1] == ["("] and token[0] != '"':
        return _call(token, tokens)
    name = re.sub(r"\\(.)", r"\1", token[1:-1]) if token[0] == '"' else token
    return {"expression": f'"{name}"' if token[0] != '"' else token, "name": name, "parameters": [], "type": "Constant"}


def _call(name: str, tokens: list[str]) -> Json:
    if name not in FUNCTIONS:
        raise NotParsed(f"Function '{name}' is not supported.")
    keys, parameters, written = FUNCTIONS[name], [], []
    tokens.pop(0)
    while True:
        if not tokens:
            raise NotParsed(f"The arguments of '{name}' do not end.")
        if tokens[0] in (",", ")"):
            written.append("")
        else:
            first = tokens[0]
            value = _value(tokens)
            key = keys[len(written)] if len(written) < len(keys) else f"parameter{len(written)}"
            parameters.append({"key": key, "value": value})
            written.append(first if value["type"] == "Constant" else value["expression"])
        if not tokens or tokens[0] not in (",", ")"):
            raise NotParsed(f"A ',' or ')' is missing in the arguments of '{name}'.")
        if tokens.pop(0) == ")":
            break
    expression = f"{name}({', '.join(written)})" if written != [""] else f"{name}()"
    return {"expression": expression, "name": name, "parameters": parameters, "type": "Function"}
