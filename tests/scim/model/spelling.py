"""The many ways in which clients write one change or one question: every one of them must mean the same."""

from typing import Any

from hypothesis import strategies as st

from tests.scim.model.plain import ENTERPRISE, Filter

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
_OPS = {"set": ["Replace", "replace", "Add", "add"], "clear": ["Remove", "remove"]}

type Draw = Any


def operation(draw: Draw, name: str, value: Any) -> dict[str, Any]:
    """Write one change of a user; ``None`` clears."""
    path = _path(draw, name)
    if value is None:
        ways = [{"op": draw(st.sampled_from(_OPS["clear"])), "path": path}]
        blank = draw(st.sampled_from(["", None]))
        ways.append({"op": draw(st.sampled_from(["Replace", "replace"])), "path": path, "value": blank})
        if not name.startswith("emails:"):
            ways.append({"op": "replace", "value": {path: blank}})
        return dict(draw(st.sampled_from(ways)))
    op = draw(st.sampled_from(_OPS["set"]))
    written = _written(draw, name, value)
    return dict(
        draw(st.sampled_from([{"op": op, "path": path, "value": written}, {"op": op, "value": {path: written}}]))
    )


def _path(draw: Draw, name: str) -> str:
    if name.startswith("E."):
        return draw(st.sampled_from([f"{ENTERPRISE}:{name[2:]}", f"{ENTERPRISE}:{name[2:].upper()}"]))
    if name.startswith("emails:"):
        return f'emails[type eq "{name.partition(":")[2]}"].value'
    return draw(st.sampled_from([name, name.swapcase(), f"{CORE}:{name}"]))


def _written(draw: Draw, name: str, value: Any) -> Any:
    if isinstance(value, bool):
        return draw(st.sampled_from([value, str(value), str(value).lower()]))
    if name == "E.manager":
        return draw(st.sampled_from([value, {"value": value}, [{"value": value, "$ref": None}]]))
    return value


def members(draw: Draw, ids: list[str], *, remove: bool) -> list[dict[str, Any]]:
    """Write that somebody comes into a group, or leaves it."""
    op = draw(st.sampled_from(_OPS["clear" if remove else "set"][-2:]))
    listed: list[Any] = [{"value": each, **draw(st.sampled_from([{}, {"$ref": None}]))} for each in ids]
    ways: list[list[dict[str, Any]]] = [
        [{"op": op, "path": "members", "value": listed}],
        [{"op": op, "path": "members", "value": each["value"]} for each in listed],
    ]
    if remove:
        ways.append([{"op": op, "path": f'members[value eq "{each}"]'} for each in ids])
    else:
        ways.append([{"op": op, "value": {"members": listed}}])
    return list(draw(st.sampled_from(ways)))


def question(draw: Draw, wanted: Filter) -> str:
    """Write a filter."""
    match wanted:
        case ("and" | "or" as word, left, right):
            return f"({question(draw, left)}) {draw(st.sampled_from([word, word.upper()]))} ({question(draw, right)})"
        case ("not", inner):
            return f"not ({question(draw, inner)})"
        case ("pr", name):
            return f"{_asked(draw, name)} pr"
        case (operator, name, value):
            said = f'"{value}"'
            if isinstance(value, bool):
                said = draw(st.sampled_from([str(value).lower(), f'"{value}"']))
            return f"{_asked(draw, name)} {draw(st.sampled_from([operator, operator.upper()]))} {said}"
    raise ValueError(wanted)


def _asked(draw: Draw, name: str) -> str:
    if name.startswith("E."):
        return f"{ENTERPRISE}:{name[2:]}" + ("" if name != "E.manager" else draw(st.sampled_from(["", ".value"])))
    if name.startswith("emails:"):
        return f'emails[type eq "{name.partition(":")[2]}"].value'
    if name == "emails":
        return "emails.value"
    return draw(st.sampled_from([name, name.swapcase()]))
