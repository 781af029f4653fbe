"""Bicep's expressions over ../shared's parser: literals, loops, conditions, operators, properties, functions."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from infra.checks.bicep.functions import PLAIN, with_lambda
from infra.checks.bicep.values import NotEvaluated, Outputs, Reference, plain
from infra.checks.tokens import token

Node = tuple[Any, ...]
"""A node of ../shared's parser: its kind, its parts, and the line at its end."""

CLOUD = {
    "name": "AzureCloud",
    "authentication": {"loginEndpoint": "https://login.microsoftonline.com/", "audiences": []},
    "suffixes": {"storage": "core.windows.net", "keyvaultDns": ".vault.azure.net"},
}
"""What ``environment()`` tells in the public cloud."""

BUILT_IN = ("resourceGroup", "subscription", "tenant", "deployment", "deployer", "environment")
WITH_LAMBDA = ("map", "filter", "sort", "toObject", "mapValues", "groupBy", "reduce")


class Expressions(ABC):
    """Evaluates nodes; where names, functions and files come from is the template's business."""

    @abstractmethod
    def failed(self, line: int, words: str) -> NotEvaluated:
        """Return an error with its place."""

    @abstractmethod
    def symbol(self, name: str, line: int) -> Any:
        """Return the value of a name."""

    @abstractmethod
    def has_own(self, name: str) -> bool:
        """Whether the template declares or imports a function."""

    @abstractmethod
    def own(self, name: str, values: list[Any]) -> Any:
        """Evaluate such a function."""

    @abstractmethod
    def loaded(self, name: str, argument: Node, line: int) -> Any:
        """Return the content of a file beside the template."""

    def rounds(self, names: list[str], source: Any) -> list[dict[str, Any]]:
        """Return the names of each round of a loop."""
        source = source if isinstance(source, list) else []
        if len(names) == 2:
            return [{names[0]: value, names[1]: number} for number, value in enumerate(source)]
        return [{names[0]: value} for value in source]

    def decided(self, node: Node, local: dict[str, Any]) -> bool:
        """Evaluate a condition."""
        found = self.value(node, local)
        if not isinstance(found, bool):
            raise self.failed(node[-1], f"this condition is not known before the deployment: {found}")
        return found

    def value(self, node: Node, local: dict[str, Any]) -> Any:
        """Evaluate an expression."""
        match node[0]:
            case "str":
                return self.string(node, local)
            case "int" | "bool":
                return node[1]
            case "null":
                return None
            case "id":
                return local[node[1]] if node[1] in local else self.symbol(node[1], node[2])
            case "obj":
                return self.object(node, local)
            case "arr":
                return self.array(node, local)
            case "for":
                found = (
                    self.looped(node, {**local, **names}) for names in self.rounds(node[1], self.value(node[2], local))
                )
                return [value for kept, value in found if kept]
            case "if":
                return self.value(node[2], local) if self.decided(node[1], local) else None
            case "cond":
                return self.value(node[2] if self.decided(node[1], local) else node[3], local)
            case "un":
                found = self.value(node[2], local)
                return not found if node[1] == "!" else -found
            case "bin":
                return self.binary(node, local)
            case "mem":
                return self.member(self.value(node[1], local), node[2], node[3])
            case "idx":
                return self.member(self.value(node[1], local), self.value(node[2], local), node[3])
            case "call":
                return self.call(node, local)
        raise self.failed(node[-1] if isinstance(node[-1], int) else 0, f"cannot evaluate a {node[0]}")

    def looped(self, node: Node, local: dict[str, Any]) -> tuple[bool, Any]:
        """Evaluate the body of a loop: whether it is kept, and its value."""
        body = node[3]
        if body[0] == "if":
            return self.decided(body[1], local), self.value(body, local)
        return True, self.value(body, local)

    def string(self, node: Node, local: dict[str, Any]) -> str:
        """Evaluate a string with what is put into it."""
        parts = (part if isinstance(part, str) else plain(self.value(part, local)) for part in node[1])
        return "".join(part if isinstance(part, str) else PLAIN["string"](part) for part in parts)

    def object(self, node: Node, local: dict[str, Any]) -> dict[str, Any]:
        """Evaluate an object with its spreads."""
        made: dict[str, Any] = {}
        for key, value, line in node[1]:
            if key is None:
                made |= self.value(value, local) or {}
            elif isinstance(key, tuple):
                made[self.string(("str", key[1], line), local)] = self.value(value, local)
            else:
                made[key] = self.value(value, local)
        return made

    def array(self, node: Node, local: dict[str, Any]) -> list[Any]:
        """Evaluate an array with its spreads."""
        made: list[Any] = []
        for each in node[1]:
            found = self.value(each[1] if each[0] == "spread" else each, local)
            made += (found or []) if each[0] == "spread" else [found]
        return made

    def binary(self, node: Node, local: dict[str, Any]) -> Any:
        """Evaluate an operator."""
        one = plain(self.value(node[2], local))
        match node[1]:
            case "&&":
                return one and self.value(node[3], local)
            case "||":
                return one or self.value(node[3], local)
            case "??":
                return one if one is not None else self.value(node[3], local)
        other = plain(self.value(node[3], local))
        operators: dict[str, Callable[[], Any]] = {
            "==": lambda: one == other,
            "!=": lambda: one != other,
            "=~": lambda: str(one).lower() == str(other).lower(),
            "!~": lambda: str(one).lower() != str(other).lower(),
            "<": lambda: one < other,
            "<=": lambda: one <= other,
            ">": lambda: one > other,
            ">=": lambda: one >= other,
            "+": lambda: one + other,
            "-": lambda: one - other,
            "*": lambda: one * other,
            "/": lambda: one // other,
            "%": lambda: one % other,
        }
        return operators[node[1]]()

    def member(self, held: Any, step: Any, line: int) -> Any:
        """Evaluate a property or an index."""
        match held:
            case None:
                return None
            case Reference():
                return held.into(str(step))
            case Outputs():
                return held.values if step == "outputs" else held.name
            case dict():
                return held.get(step)
            case list():
                return held[step] if isinstance(step, int) and step < len(held) else None
        if isinstance(held, str) and held.startswith("«"):
            return f"{held[:-1]}.{step}»"
        raise self.failed(line, f"'{step}' of something that has no properties")

    def call(self, node: Node, local: dict[str, Any]) -> Any:
        """Evaluate a function."""
        _, name, arguments, line, of = node
        if of is not None and not (of[0] == "id" and of[1] in ("az", "sys")):
            held = plain(self.value(of, local))
            return token(name, str(held), ",".join(str(plain(self.value(each, local))) for each in arguments))
        if name.startswith("load"):
            return self.loaded(name, arguments[0], line)
        if name in BUILT_IN:
            return self.built_in(name, arguments, local)
        if name in WITH_LAMBDA:
            return self.with_lambda(name, arguments, local)
        if self.has_own(name):
            return self.own(name, [self.value(each, local) for each in arguments])
        values = [plain(self.value(each, local)) for each in arguments]
        if name in PLAIN:
            return PLAIN[name](*values)
        return token(name, " ".join(str(value) for value in values).replace("«", "").replace("»", ""), "result")

    def built_in(self, name: str, arguments: list[Node], local: dict[str, Any]) -> Any:
        """Return what Azure tells of where it deploys."""
        if name == "environment":
            return CLOUD
        told = "/".join(str(plain(self.value(each, local))) for each in arguments)
        keys = ("id", "name", "location", "subscriptionId", "tenantId", "displayName", "objectId")
        return {key: token(name, told, key) for key in keys}

    def with_lambda(self, name: str, arguments: list[Node], local: dict[str, Any]) -> Any:
        """Evaluate a function that takes a lambda."""

        def called(node: Node) -> Any:
            return lambda *values: self.value(node[2], {**local, **dict(zip(node[1], values, strict=False))})

        source, *rest = arguments
        lambdas = [called(each) for each in rest if each[0] == "lambda"]
        start = self.value(rest[0], local) if name == "reduce" else None
        return with_lambda(name, self.value(source, local), lambdas[0], lambdas[1] if lambdas[1:] else None, start)
