"""What a Bicep template would deploy: its statements evaluated for given parameters, resource by resource.

Names are evaluated when somebody asks for them, so the order of statements does not matter. What Azure alone knows
becomes a word (infra/checks/tokens.py); a condition on such a word cannot be decided and is an error.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from infra.checks.bicep.expressions import Expressions, Node
from infra.checks.bicep.values import NotEvaluated, Outputs, Placed, Reference, plain

IMPORT = re.compile(r"^import \{([^}]*)\} from '([^']+)'", re.MULTILINE)
"""What a template takes from another; ../shared's parser keeps the names only."""


@dataclass
class Template(Expressions):
    """One file, with the parameters that it was given."""

    checker: Any
    path: Path
    root: Path
    given: dict[str, Any]
    statements: dict[str, dict[str, Any]] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict)
    resources: list[Placed] = field(default_factory=list)
    busy: set[str] = field(default_factory=set)
    imported: dict[str, tuple[Self, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, checker: Any, path: Path, root: Path, given: dict[str, Any]) -> Self:
        """Parse a file. Raises ``NotEvaluated``."""
        try:
            parsed = checker.parse(path)
        except checker.Err as error:
            raise NotEvaluated(f"{path.relative_to(root)}: {error}") from None
        except FileNotFoundError:
            raise NotEvaluated(f"{path}: there is no such file") from None
        made = cls(checker, path, root, given)
        for statement in parsed:
            if "n" in statement:
                key = statement["n"] if statement["k"] != "output" else f"output {statement['n']}"
                made.statements[key] = statement
        for names, file in IMPORT.findall(path.read_text()):
            source = cls.read(checker, (path.parent / file).resolve(), root, {})
            for name in names.split(","):
                exported, _, known_as = name.strip().partition(" as ")
                made.imported[known_as.strip() or exported] = (source, exported.strip())
        return made

    def failed(self, line: int, words: str) -> NotEvaluated:
        """Return an error with its place."""
        return NotEvaluated(f"{self.path.relative_to(self.root)}:{line}: {words}")

    def deploy(self) -> dict[str, Any]:
        """Evaluate every resource and module; return the outputs."""
        for name, statement in self.statements.items():
            if statement["k"] in ("resource", "module"):
                self.symbol(name, statement["line"])
        outputs = [key for key, statement in self.statements.items() if statement["k"] == "output"]
        return {key.removeprefix("output "): plain(self.value(self.statements[key]["v"], {})) for key in outputs}

    def symbol(self, name: str, line: int) -> Any:
        """Return the value of a name."""
        if name in self.known:
            return self.known[name]
        if name in self.imported:
            source, exported = self.imported[name]
            return source.symbol(exported, line)
        statement = self.statements.get(name)
        if statement is None:
            raise self.failed(line, f"unknown name '{name}'")
        if name in self.busy:
            raise self.failed(line, f"'{name}' needs itself")
        self.busy.add(name)
        try:
            self.known[name] = self.declared(name, statement)
        finally:
            self.busy.discard(name)
        return self.known[name]

    def declared(self, name: str, statement: dict[str, Any]) -> Any:
        """Evaluate a statement."""
        match statement["k"]:
            case "param":
                if name in self.given:
                    return self.given[name]
                if statement["v"] is None:
                    if statement["t"] and statement["t"][0] == "tnull":
                        return None
                    raise self.failed(statement["line"], f"parameter '{name}' has no value and no default")
                return self.value(statement["v"], {})
            case "var":
                return self.value(statement["v"], {})
            case "resource":
                return self.each(statement, statement["v"], {}, self.resource)
            case "module":
                return self.each(statement, statement["v"], {}, self.module)
        raise self.failed(statement["line"], f"'{name}' is a {statement['k']}, not a value")

    def each(self, statement: dict[str, Any], node: Node, local: dict[str, Any], make: Any) -> Any:
        """Evaluate a resource or module, with its loop and its condition."""
        if node[0] == "for":
            return [
                self.each(statement, node[3], {**local, **names}, make)
                for names in self.rounds(node[1], self.value(node[2], local))
            ]
        if node[0] == "if":
            if not self.decided(node[1], local):
                return None
            node = node[2]
        return make(statement, node, local)

    def resource(self, statement: dict[str, Any], node: Node, local: dict[str, Any]) -> Reference:
        """Evaluate a resource's body, and those of the resources inside it."""
        kind, _, version = statement["type"].partition("@")
        outer = local.get("parent resource")
        children = [value for key, value, _ in node[1] if key == "resource" and isinstance(value, dict)]
        body = self.value(("obj", [part for part in node[1] if not isinstance(part[1], dict)], node[-1]), local)
        parent = body.pop("parent", None)
        above = parent.placed if isinstance(parent, Reference) else outer
        if above is not None and not kind.lower().startswith("microsoft."):
            kind, version = f"{above.kind}/{kind}", version or above.version
        name = str(body.pop("name", ""))
        body.pop("dependsOn", None)
        if "scope" in body:
            body["scope"] = plain(body["scope"])
        placed = Placed(
            kind,
            version,
            f"{above.name}/{name}" if above is not None else name,
            plain(body),
            statement["existing"],
            f"{self.path.relative_to(self.root)}:{node[-1]}",
        )
        if not placed.existing:
            self.resources.append(placed)
        inner = {}
        for child in children:
            inner[child["n"]] = self.each(child, child["v"], {**local, "parent resource": placed}, self.resource)
        return Reference(placed, "", inner)

    def module(self, statement: dict[str, Any], node: Node, local: dict[str, Any]) -> Outputs:
        """Evaluate a module with its parameters."""
        body = self.value(node, local)
        if ":" in statement["type"]:
            raise self.failed(statement["line"], f"a module of a registry cannot be read here: {statement['type']}")
        inner = Template.read(
            self.checker,
            (self.path.parent / statement["type"]).resolve(),
            self.root,
            {key: plain(value) for key, value in body.get("params", {}).items()},
        )
        outputs = inner.deploy()
        self.resources += inner.resources
        return Outputs(statement["n"], outputs)

    def has_own(self, name: str) -> bool:
        """Whether the template declares or imports a function."""
        return name in self.imported or self.statements.get(name, {}).get("k") == "func"

    def own(self, name: str, values: list[Any]) -> Any:
        """Evaluate a function that a template declares or imports."""
        if name in self.imported:
            source, exported = self.imported[name]
            return source.own(exported, values)
        declared = self.statements[name]
        return self.value(declared["v"], dict(zip(declared["p"], values, strict=True)))

    def loaded(self, name: str, argument: Node, line: int) -> Any:
        """Return the content of a file beside the template."""
        path = self.path.parent / self.string(argument, {})
        if not path.exists():
            raise self.failed(line, f"{name}: there is no file {self.string(argument, {})}")
        return json.loads(path.read_text()) if name == "loadJsonContent" else path.read_text()
