"""The Table service's REST protocol over ``Tables``: what each request asks, and how it is answered."""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from aiohttp import web

from sandbox.storage import batches
from sandbox.storage.errors import Refused, bad
from sandbox.storage.odata import parse
from sandbox.storage.replies import http_status, odata_error, refusal
from sandbox.storage.tables import Change, Row, Tables, timestamp

MOST_OPERATIONS, MOST_BYTES, PAGE = 100, 4 * 1024 * 1024, 1000

_ENTITY = re.compile(r"(\w+)\(PartitionKey='((?:[^']|'')*)',RowKey='((?:[^']|'')*)'\)")
_TABLE = re.compile(r"Tables\('(\w+)'\)")
_NAME = re.compile(r"(\w+)(?:\(\))?")
_FORBIDDEN = re.compile(r"[/\\#?\x00-\x1f\x7f-\x9f]")
_JSON = "application/json;odata=minimalmetadata"


class TableService:
    """Answers requests to tables."""

    def __init__(self, tables: Tables, account: str) -> None:
        self._tables = tables
        self._root = f"/{account}/"

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        content = await request.read()
        try:
            return self._serve(request, content)
        except Refused as refused:
            return refusal(refused, odata_error(refused), _JSON)

    def _serve(self, request: web.BaseRequest, content: bytes) -> web.Response:
        method, place = request.method, self._place(request.rel_url.raw_path)
        if method == "POST" and place == "$batch":
            return self._transaction(request, content)
        if place == "Tables":
            return self._all_tables(method, content)
        if found := _TABLE.fullmatch(place):
            self._tables.drop(found[1])
            return web.Response(status=204)
        if method == "GET" and (found := _ENTITY.fullmatch(place)):
            return self._entity(request, found)
        if method == "GET" and (found := _NAME.fullmatch(place)):
            return self._page(request, found[1])
        table, change = self._change(method, place, request.headers, content.decode())
        (row,) = self._tables.change(table, [change])
        return self._changed(request, change, row)

    def _place(self, path: str) -> str:
        if not path.startswith(self._root):
            raise bad(f"The path begins with {self._root}.", "InvalidUri")
        return unquote(path.removeprefix(self._root))

    def _all_tables(self, method: str, content: bytes) -> web.Response:
        if method == "POST":
            name = json.loads(content)["TableName"]
            self._tables.create(name)
            return _document({"TableName": name}, 201)
        return _document({"value": [{"TableName": name} for name in self._tables.names()]})

    def _entity(self, request: web.BaseRequest, keys: re.Match[str]) -> web.Response:
        row = self._tables.get(keys[1], *(key.replace("''", "'") for key in keys.groups()[1:]))
        return web.Response(
            text=_shown(row, _selected(request), _types(request)),
            content_type="application/json",
            headers={"ETag": row.etag},
        )

    def _page(self, request: web.BaseRequest, table: str) -> web.Response:
        query = request.query
        most, after = min(int(query.get("$top", PAGE)), PAGE), query.get("NextPartitionKey")
        start = None if after is None else (_key(after), _key(query.get("NextRowKey", "")))
        select, types = _selected(request), _types(request)
        found, headers = list[str](), dict[str, str]()
        rows = self._tables.query(table, parse(query.get("$filter", "")), start)
        for row in rows:
            if len(found) == most:
                headers = {
                    "x-ms-continuation-NextPartitionKey": _token(row.partition),
                    "x-ms-continuation-NextRowKey": _token(row.row),
                }
                break
            found.append(_shown(row, select, types))
        return web.Response(text=f'{{"value":[{",".join(found)}]}}', content_type="application/json", headers=headers)

    def _change(self, method: str, place: str, headers: Mapping[str, str], content: str) -> tuple[str, Change]:
        condition = headers.get("if-match")
        properties: Mapping[str, Any] = json.loads(content) if content.strip() else {}
        if method == "POST" and (found := _NAME.fullmatch(place)):
            if not {"PartitionKey", "RowKey"} <= properties.keys():
                raise bad("An entity needs PartitionKey and RowKey.", "PropertiesNeedValue")
            keys = properties["PartitionKey"], properties["RowKey"]
            if any(_FORBIDDEN.search(key) for key in keys):
                raise bad("A key may not hold / \\ # ? nor control characters.", "OutOfRangeInput")
            return found[1], Change("insert", *keys, properties)
        found = _ENTITY.fullmatch(place)
        if found is None:
            raise bad(f"{method} {place} is not served here.", "NotImplemented")
        partition, row = (key.replace("''", "'") for key in found.groups()[1:])
        match method:
            case "PUT":
                return found[1], Change("replace", partition, row, properties, condition)
            case "PATCH" | "MERGE":
                return found[1], Change("merge", partition, row, properties, condition)
            case "DELETE":
                return found[1], Change("delete", partition, row, {}, condition)
        raise bad(f"{method} is not served here.", "NotImplemented")

    def _changed(self, request: web.BaseRequest, change: Change, row: Row | None) -> web.Response:
        headers = {"ETag": row.etag} if row else {}
        if change.verb != "insert" or row is None:
            return web.Response(status=204, headers=headers)
        if request.headers.get("prefer") == "return-no-content":
            return web.Response(status=204, headers={**headers, "Preference-Applied": "return-no-content"})
        text = _shown(row, None, _types(request))
        return web.Response(status=201, text=text, content_type="application/json", headers=headers)

    def _transaction(self, request: web.BaseRequest, content: bytes) -> web.Response:
        if len(content) > MOST_BYTES:
            raise Refused(413, "RequestBodyTooLarge", "The request body is too large.")
        parts = list(batches.read(request.headers.get("content-type", ""), content))
        try:
            answers = self._transacted(parts)
        except Refused as refused:
            headers = (("Content-ID", str(refused.index)), ("DataServiceVersion", "3.0;"), ("Content-Type", _JSON))
            answers = [batches.Answered(http_status(refused.status), headers, odata_error(refused))]
        content_type, body = batches.write(answers)
        return web.Response(status=202, body=body, headers={"Content-Type": content_type})

    def _transacted(self, parts: list[batches.Part]) -> list[batches.Answered]:
        if len(parts) > MOST_OPERATIONS:
            raise Refused(400, "InvalidInput", "A transaction has at most 100 operations.", MOST_OPERATIONS - 1)
        named: list[tuple[str, Change]] = []
        seen: set[tuple[str, str]] = set()
        for index, part in enumerate(parts):
            table, change = self._change(part.method, self._place(urlsplit(part.url).path), part.headers, part.body)
            if named and (table, change.partition) != (named[0][0], named[0][1].partition):
                message = "All commands in a batch must operate on same entity group."
                raise Refused(400, "CommandsInBatchActOnDifferentPartitions", message, index)
            if (change.partition, change.row) in seen:
                message = f"A command with RowKey '{change.row}' is already present in the batch."
                raise Refused(400, "InvalidDuplicateRow", message, index)
            seen.add((change.partition, change.row))
            named.append((table, change))
        rows = self._tables.change(named[0][0], [change for _, change in named])
        answers: list[batches.Answered] = []
        for part, row in zip(parts, rows, strict=True):
            headers = (("DataServiceVersion", "3.0;"), *((("ETag", row.etag),) if row else ()))
            created = part.method == "POST" and part.headers.get("prefer") != "return-no-content"
            answers.append(batches.Answered(http_status(201 if created else 204), headers))
        return answers


def _selected(request: web.BaseRequest) -> frozenset[str] | None:
    select = request.query.get("$select")
    return frozenset(each.strip() for each in select.split(",")) if select else None


def _types(request: web.BaseRequest) -> bool:
    return "odata=nometadata" not in request.headers.get("accept", "")


def _shown(row: Row, select: frozenset[str] | None, types: bool) -> str:
    """Return an entity as an answer carries it; what is selected and not there is left out."""
    if select is None and types:
        keys = {"odata.etag": row.etag, "PartitionKey": row.partition, "RowKey": row.row}
        begin = json.dumps(keys, ensure_ascii=False)[:-1]
        return f'{begin},{row.body}{"," if row.body else ""}"Timestamp":"{timestamp(row.stamp)}"}}'
    properties = row.properties()
    kept = {
        name: value
        for name, value in properties.items()
        if (select is None or name.partition("@")[0] in select) and (types or "@" not in name)
    }
    return json.dumps({"odata.etag": row.etag, **kept} if types else kept, ensure_ascii=False, separators=(",", ":"))


def _document(document: Mapping[str, Any], status: int = 200) -> web.Response:
    return web.json_response(document, status=status)


def _token(key: str) -> str:
    """Return a key as a continuation carries it, in a header and back in a query; nobody may read it."""
    return base64.urlsafe_b64encode(key.encode()).decode()


def _key(token: str) -> str:
    return base64.urlsafe_b64decode(token).decode()
