"""Entity group transactions as the Table service takes them: one ``$batch`` with one change set. Pure.

The format is that of "Performing entity group transactions" (OData batch, multipart/mixed). The boundaries are fixed:
an entity is JSON on one line, so that no value can hold a line that looks like one.
"""

import json
import re
from collections.abc import Sequence
from urllib.parse import quote

from provisioning.storage import edm
from provisioning.storage.entities import Changed, Exists, Missing, Operation, StoreError, TooLarge

CONTENT_TYPE = "multipart/mixed; boundary=batch_lockstep"

_OPENING = "--batch_lockstep\r\nContent-Type: multipart/mixed; boundary=changeset_lockstep\r\n\r\n"
_PART = "--changeset_lockstep\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
_CLOSING = "--changeset_lockstep--\r\n\r\n--batch_lockstep--\r\n"
_HEAD = "DataServiceVersion: 3.0\r\nAccept: application/json;odata=minimalmetadata\r\n"
_NO_TABLE = "TableNotFound"
_METHODS = {"upsert": "PUT", "replace": "PUT", "merge": "PATCH"}

# The answer: a status line and headers for each operation, or for the one that failed, with an error as its body.
_STATUS = re.compile(rb"^HTTP/1\.1 (\d{3})[^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n([^\r\n]*)", re.MULTILINE)
_ETAG = re.compile(rb"^etag: *([^\r\n]+)", re.MULTILINE | re.IGNORECASE)
_INDEX = re.compile(r"(\d+):")


def address(table: str, partition: str, row: str) -> str:
    """Return the address of an entity below the URL of a table."""
    keys = (quote(key.replace("'", "''"), safe="") for key in (partition, row))
    return "{}(PartitionKey='{}',RowKey='{}')".format(table, *keys)


def write(url: str, operations: Sequence[Operation]) -> bytes:
    """Return the body of a transaction on the table with that URL."""
    return "".join([_OPENING, *(_part(url, operation) for operation in operations), _CLOSING]).encode("ascii")


def _part(url: str, operation: Operation) -> str:
    if operation.verb == "insert":
        body = edm.write(operation.entity)
        return (
            f"{_PART}POST {url} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"Prefer: return-no-content\r\n{_HEAD}\r\n{body}\r\n"
        )
    where = address(url, operation.entity["PartitionKey"], operation.entity["RowKey"])
    # Without If-Match, a PUT would make an entity that is not there.
    condition = "" if operation.verb == "upsert" else f"If-Match: {operation.etag or '*'}\r\n"
    if operation.verb == "delete":
        return f"{_PART}DELETE {where} HTTP/1.1\r\n{_HEAD}{condition}\r\n\r\n"
    body = edm.write(operation.entity)
    return (
        f"{_PART}{_METHODS[operation.verb]} {where} HTTP/1.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{_HEAD}{condition}\r\n{body}\r\n"
    )


def status(outer: int, body: bytes) -> int:
    """Return the status of a transaction: a refused one says so inside of an answer that is itself 202."""
    inner = _STATUS.search(body) if outer == 202 else None
    return outer if inner is None or inner[1].startswith(b"2") else int(inner[1])


def etags(body: bytes, count: int) -> list[str]:
    """Return the new ETags of a transaction of ``count`` operations that was done, "" for a delete."""
    parts = _STATUS.findall(body)
    if len(parts) != count:
        raise StoreError(f"Storage answered {len(parts)} of {count} operations.")
    found = (_ETAG.search(headers) for _, headers, _ in parts)
    return [each[1].decode() if each else "" for each in found]


def refusal(status: int, body: bytes, code: str = "") -> StoreError:
    """Return the error that a refused request to a table stands for.

    ``body`` may be that of a transaction; ``code`` is the one of the answer's head, for a body that has none.
    """
    part = _STATUS.search(body)
    told, index = _reason(part[3] if part else body)
    code = told or code
    if code == "TableBeingDeleted":
        return StoreError("The table is being deleted, which takes a minute or so. Try again then.")
    if status == 409 or "AlreadyExists" in code:
        return Exists("The entity exists.", index)
    if status == 412 or "ConditionNotSatisfied" in code:
        return Changed("The entity has changed.", index)
    if code == _NO_TABLE:
        return StoreError("Storage has no such table. Deploy the templates again, or restore the table.")
    if status == 404:
        return Missing("The entity does not exist.", index)
    if status == 413 or "TooLarge" in code:
        return TooLarge("The record is too large to be stored.")
    return StoreError(f"Storage answered {status} {code or 'without a reason'}.")


def is_table_missing(body: bytes, code: str = "") -> bool:
    """Tell whether a 404 is about the table: nothing is then known about the entity, least of all that it is gone."""
    return (_reason(body)[0] or code) == _NO_TABLE


def _reason(body: bytes) -> tuple[str, int]:
    """Return an error's code, and the operation it names: the message of a transaction's begins with its index."""
    try:
        error = json.loads(body)["odata.error"]
        code, message = str(error["code"]), str(error["message"]["value"])
    except (ValueError, KeyError, TypeError):
        return "", 0
    index = _INDEX.match(message)
    return code, int(index[1]) if index else 0
