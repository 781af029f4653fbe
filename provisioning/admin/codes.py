"""The error codes of connectors, with what they say and what is to be done, as the source has them.

An error's words stand where it is raised: ``Rejected(f"...", code="ad.nameTaken", fix="...")``. Each such call of a
package is found in its source, and its arguments are worked out with dots for what is known at run time only. A module
that makes errors from a table has a function ``examples``, which makes one of each. For documents only; the app never
imports this.
"""

import ast
import inspect
import pkgutil
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, Self

from connectors.errors import AlreadyExists, ConnectorError, Misconfigured, NotFound, Rejected, Unavailable

DOTS = "…"

DOES: Mapping[type[ConnectorError], str] = {
    Unavailable: "tries again",
    Misconfigured: "stops the connection",
    Rejected: "sets this one aside",
    NotFound: "repairs it",
    AlreadyExists: "looks it up",
}
"""What the hub does about each kind of error; ``docs/report.md`` says more."""

_ERRORS = {error.__name__: error for error in DOES}
type _Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Told:
    """What one error says. A code with dots is the system's own, behind the dots."""

    code: str
    error: type[ConnectorError]
    message: str
    fix: str


class _Some(str):
    """What is known at run time only: it can be asked anything, answers with itself, and is shown as dots."""

    truth: bool

    def __new__(cls, *, truth: bool) -> Self:
        self = super().__new__(cls, DOTS)
        self.truth = truth
        return self

    def __getattr__(self, name: str) -> Self:
        return self

    def __call__(self, *_: object, **__: object) -> Self:
        return self

    def __getitem__(self, _: object) -> Self:
        return self

    def __iter__(self) -> Iterator[Self]:
        return iter((self,))

    def __bool__(self) -> bool:
        return self.truth

    def __eq__(self, _: object) -> bool:
        return self.truth

    def __hash__(self) -> int:
        return hash(DOTS)

    def __contains__(self, _: object) -> bool:
        return self.truth

    def __format__(self, _: str) -> str:
        return DOTS


@cache
def told_by(package: str) -> tuple[Told, ...]:
    """Return what the modules of a package can raise, and those of the packages beside it that it uses."""
    found: list[Told] = []
    for name in _with_clients(package):
        for module in _modules(name):
            made = [
                Told(error.code, type(error), _plain(str(error)), _plain(error.fix))
                for error in getattr(module, "examples", tuple)()
            ]
            found += [each for each in _raised(module) if not any(_is_example(example, each) for example in made)]
            found += made
    return tuple(dict.fromkeys(found))


def literal_codes(package: str, prefix: str) -> set[str]:
    """Return every text of a package, and of what it uses, that looks like a code and is not only compared."""
    texts: set[str] = set()
    for module in (module for name in _with_clients(package) for module in _modules(name)):
        nodes = list(ast.walk(ast.parse(inspect.getsource(module))))
        parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr | ast.Compare) for part in ast.walk(node)}
        texts |= {str(node.value) for node in nodes if isinstance(node, ast.Constant) and id(node) not in parts}
    return {text for text in texts if re.fullmatch(rf"{prefix}\.[A-Za-z0-9_]+", text)}


def _is_example(example: Told, of: Told) -> bool:
    """Whether an error is one of those that another, whose code ends with dots, stands for."""
    return of.code.endswith(DOTS) and example.error is of.error and example.code.startswith(of.code.rstrip(DOTS))


def _with_clients(package: str) -> list[str]:
    """Return a package and the packages beside it that it imports: a client that several connectors share."""
    above = package.rpartition(".")[0]
    used = {
        ".".join(node.module.split(".")[:2])
        for module in _modules(package)
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(f"{above}.")
    }
    return [package, *sorted(name for name in used - {package} if hasattr(import_module(name), "__path__"))]


def _modules(package: str) -> list[ModuleType]:
    names = sorted(found.name for found in pkgutil.iter_modules(import_module(package).__path__))
    return [import_module(f"{package}.{name}") for name in names]


def _raised(module: ModuleType) -> Iterator[Told]:
    tree = ast.parse(inspect.getsource(module))
    for call, functions in _calls(tree, ()):
        code, fix = (next((each.value for each in call.keywords if each.arg == name), None) for name in ("code", "fix"))
        error = _ERRORS.get(call.func.id) if isinstance(call.func, ast.Name) else None
        if error is None or code is None or not call.args:
            continue
        codes: set[str] = set()
        for truth in (True, False):  # both arms of a condition
            here = _Place(module, functions, call.lineno, truth)
            shown = here.text(code)
            if shown not in codes | {DOTS, ""}:
                codes.add(shown)
                yield Told(shown, error, _plain(here.text(call.args[0])), _plain(here.text(fix)) if fix else "")


def _calls(node: ast.AST, functions: tuple[_Function, ...]) -> Iterator[tuple[ast.Call, tuple[_Function, ...]]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield child, functions
        inside = (child, *functions) if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else functions
        yield from _calls(child, inside)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an error is raised: the functions around the call, the innermost first."""

    module: ModuleType
    functions: tuple[_Function, ...]
    line: int
    truth: bool

    def text(self, node: ast.expr) -> str:
        """Return what an expression comes to, with dots for what is not known."""
        return str(self._value(node, self.line))

    def _value(self, node: ast.expr, line: int) -> Any:
        known: dict[str, Any] = {}
        for each in ast.walk(node):
            if isinstance(each, ast.Name) and (value := self._local(each.id, line)) is not None:
                known[each.id] = value
        try:
            code = compile(ast.Expression(node), self.module.__name__, "eval")
            return eval(code, vars(self.module) | known)  # noqa: S307 - this project's own source
        except Exception:  # noqa: BLE001 - whatever dots cannot stand in for is dots itself
            return _Some(truth=self.truth)

    def _local(self, name: str, line: int) -> Any:
        """Return the value of a variable of the functions around; ``None`` for a name of the module."""
        for function in self.functions:
            if name in {each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg)}:
                return _Some(truth=self.truth)
            if name in _bound(function):
                given = [each for each in _assigned(function, name) if each.lineno < line]
                return self._value(given[-1], given[-1].lineno) if given else _Some(truth=self.truth)
        return None


def _bound(function: _Function) -> set[str]:
    """Return the names that a function gives a value to."""
    nodes = list(ast.walk(function))
    names = {each.id for each in nodes if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    return names | {each.name for each in nodes if isinstance(each, ast.ExceptHandler) and each.name}


def _plain(text: str) -> str:
    """Return a text in one line, without dots upon dots or behind the last sentence."""
    return re.sub(r"(?<=\w\.)…$|(?<=…\.)…$", "", re.sub(r"…{2,}", DOTS, " ".join(text.split())))


def _assigned(function: _Function, name: str) -> list[ast.expr]:
    """Return the expressions that a variable is set to, in the order of the source."""
    found: list[ast.expr] = []
    for node in ast.walk(function):
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        target = node.targets[0]
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = list(zip(target.elts, node.value.elts, strict=False))
        else:
            pairs = [(target, node.value)]
        found += [value for each, value in pairs if isinstance(each, ast.Name) and each.id == name]
    return sorted(found, key=lambda each: each.lineno)
