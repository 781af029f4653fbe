"""Answers to a transaction as Azure documents them: who has which ETag, what was refused and where."""

import pytest

from provisioning.storage import batch
from provisioning.storage.entities import Changed, Exists, Missing, StoreError, TooLarge

PART = "--changesetresponse_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
HEAD = "X-Content-Type-Options: nosniff\r\nCache-Control: no-cache\r\nDataServiceVersion: 3.0;\r\n"
ETAGS = [f"W/\"datetime'2026-11-23T13%3A14%3A01.944131{n}Z'\"" for n in range(3)]


def answer(*parts: str) -> bytes:
    """A whole body."""
    opening = "--batchresponse_1\r\nContent-Type: multipart/mixed; boundary=changesetresponse_1\r\n\r\n"
    return f"{opening}{''.join(PART + part for part in parts)}--changesetresponse_1--\r\n--batchresponse_1--".encode()


def done(etag: str = "") -> str:
    """The part of an operation that was done."""
    location = "Location: https://account.table.core.windows.net/directory(PartitionKey='users',RowKey='d:1')\r\n"
    return f"HTTP/1.1 204 No Content\r\n{HEAD}{location}{f'ETag: {etag}' + chr(13) + chr(10) if etag else ''}\r\n\r\n"


def refused(status: int, code: str, message: str) -> str:
    """The only part of a transaction that was refused."""
    error = f'{{"odata.error":{{"code":"{code}","message":{{"lang":"en-US","value":"{message}\\nRequestId:1"}}}}}}'
    return f"HTTP/1.1 {status} Reason\r\n{HEAD}Content-Type: application/json;odata=minimalmetadata\r\n\r\n{error}\r\n"


def test_each_operation_has_its_etag_in_order() -> None:
    body = answer(done(ETAGS[0]), done(), done(ETAGS[2]))
    assert batch.status(202, body) == 202
    assert batch.etags(body, 3) == [ETAGS[0], "", ETAGS[2]]


@pytest.mark.parametrize("count", [1, 3])
def test_an_answer_to_another_number_of_operations_is_an_error(count: int) -> None:
    with pytest.raises(StoreError, match=f"2 of {count}"):
        batch.etags(answer(done(), done()), count)


@pytest.mark.parametrize(
    ("status", "code", "message", "error", "index"),
    [
        (409, "EntityAlreadyExists", "2:The specified entity already exists.", Exists, 2),
        (409, "EntityAlreadyExists", "12:The specified entity already exists.", Exists, 12),
        (412, "UpdateConditionNotSatisfied", "0:The update condition was not satisfied.", Changed, 0),
        (404, "ResourceNotFound", "99:The specified resource does not exist.", Missing, 99),
        (400, "EntityTooLarge", "1:The entity is larger than allowed.", TooLarge, None),
        (400, "PropertyValueTooLarge", "1:The property value exceeds the maximum.", TooLarge, None),
        (413, "RequestBodyTooLarge", "0:The request body is too large.", TooLarge, None),
        (400, "InvalidInput", "3:One of the request inputs is not valid.", StoreError, None),
    ],
)
def test_a_refusal_names_its_operation(
    status: int, code: str, message: str, error: type[StoreError], index: int | None
) -> None:
    body = answer(refused(status, code, message))
    assert batch.status(202, body) == status
    refusal = batch.refusal(status, body)
    assert type(refusal) is error
    assert getattr(refusal, "index", None) == index


def test_a_transaction_that_storage_was_too_busy_for_counts_as_turned_away() -> None:
    assert batch.status(202, answer(refused(503, "ServerBusy", "0:The server is busy."))) == 503


def test_a_refusal_of_the_whole_request_is_told_by_its_head_where_the_body_is_not_json() -> None:
    refusal = batch.refusal(403, b"<html>", "AuthorizationPermissionMismatch")
    assert str(refusal) == "Storage answered 403 AuthorizationPermissionMismatch."
    assert str(batch.refusal(400, b"")) == "Storage answered 400 without a reason."
