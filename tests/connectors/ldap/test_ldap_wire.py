"""Requests that are encoded directly are, octet for octet, those that ldap3 makes; and entries are read the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldap3.operation.add import add_operation
from ldap3.operation.modify import modify_operation
from ldap3.operation.search import search_result_entry_response_to_dict_fast
from ldap3.protocol.convert import build_controls_list
from ldap3.protocol.rfc4511 import LDAPMessage, MessageID, ProtocolOp
from ldap3.utils.asn1 import decode_message_fast, encode

from connectors.ldap_client.ber import LONGEST, OCTET_STRING, SEQUENCE, element, elements, framed
from connectors.ldap_client.library import (
    SYNC,
    Connection,
    LDAPSocketOpenError,
    LDAPSocketReceiveError,
    Server,
)
from connectors.ldap_client.wire import (
    LeanStrategy,
    add_request,
    attribute_list,
    control_list,
    entry_of,
    modify_request,
)

NAMES = st.from_regex(r"[a-z][a-zA-Z0-9-]{0,20}", fullmatch=True)
VALUES = st.lists(st.binary(max_size=300), min_size=1, max_size=4)
DNS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=200)
OPERATIONS = st.sampled_from(["MODIFY_ADD", "MODIFY_DELETE", "MODIFY_REPLACE"])


def by_ldap3(kind: str, request: object) -> bytes:
    message = LDAPMessage()
    message["messageID"] = MessageID(7)
    message["protocolOp"] = ProtocolOp().setComponentByName(kind, request)
    return bytes(encode(message))


def ours(request: bytes) -> bytes:
    return element(SEQUENCE, b"\x02\x01\x07" + request)


@given(DNS, NAMES, st.dictionaries(NAMES, VALUES, max_size=4))
def test_an_addition_is_encoded_as_ldap3_does(dn: str, name: str, values: dict[str, list[bytes]]) -> None:
    asked = {"objectClass": [name.encode()], **values}
    assert ours(add_request(dn, [name], values)) == by_ldap3("addRequest", add_operation(dn, asked, False))


@given(DNS, st.dictionaries(NAMES, st.lists(st.tuples(OPERATIONS, VALUES), min_size=1, max_size=3), max_size=3))
def test_a_modification_is_encoded_as_ldap3_does(dn: str, changes: dict[str, list[tuple[str, list[bytes]]]]) -> None:
    numbered = {
        name: [(["MODIFY_ADD", "MODIFY_DELETE", "MODIFY_REPLACE"].index(kind), held) for kind, held in parts]
        for name, parts in changes.items()
    }
    assert ours(modify_request(dn, changes)) == by_ldap3("modifyRequest", modify_operation(dn, numbered, False))


def test_a_value_that_is_cleared_is_an_empty_set() -> None:
    assert modify_request("cn=a", {"title": [("MODIFY_REPLACE", [])]}).endswith(b"\x04\x05title\x31\x00")


@pytest.mark.parametrize("critical", [True, False])
@pytest.mark.parametrize("value", [None, b"", b"value"])
def test_controls_are_encoded_as_ldap3_does(critical: bool, value: bytes | None) -> None:
    theirs = bytes(encode(build_controls_list([("1.2.3", critical, value)])))
    ((_, content),) = elements(control_list([("1.2.3", critical, value)]))
    ((_, expected),) = elements(theirs)
    assert content.replace(b"\x01\x01\xff", b"") == expected.replace(b"\x01\x01\xff", b"").replace(b"\x01\x01\x00", b"")
    assert (b"\x01\x01\xff" in content) is critical
    assert control_list([]) == b""


@given(DNS, st.dictionaries(NAMES, VALUES, max_size=4))
def test_an_entry_is_read_as_ldap3_does(dn: str, values: dict[str, list[bytes]]) -> None:
    attributes = b"".join(
        element(
            SEQUENCE,
            element(OCTET_STRING, name.encode())
            + element(0x31, b"".join(element(OCTET_STRING, value) for value in held)),
        )
        for name, held in values.items()
    )
    body = element(0x64, element(OCTET_STRING, dn.encode()) + element(SEQUENCE, attributes))
    message = ours(body)
    theirs = search_result_entry_response_to_dict_fast(decode_message_fast(message)["payload"], None, None, False)
    answer = entry_of(message)
    assert answer is not None
    number, read = answer
    assert number == 7
    assert (read["dn"], dict(read["raw_attributes"])) == (theirs["dn"], dict(theirs["raw_attributes"]))


def test_another_message_is_no_entry() -> None:
    assert entry_of(ours(element(0x65, b"\x0a\x01\x00\x04\x00\x04\x00"))) is None


def test_an_attribute_selection_names_its_attributes() -> None:
    assert attribute_list(["entryUUID"]) == b"\x30\x0b\x04\x09entryUUID"


@given(st.lists(st.binary(max_size=400), max_size=5), st.integers(0, 50))
def test_messages_are_cut_where_they_end(contents: list[bytes], lost: int) -> None:
    whole = [element(SEQUENCE, content) for content in contents]
    stream = b"".join(whole)
    cut = stream[: max(len(stream) - lost, 0)]
    found, rest, needed = framed(cut)
    assert found == whole[: len(found)]
    assert b"".join(found) + rest == cut
    assert len(found) == len(whole) or rest or not cut or lost
    assert len(rest) < needed
    if len(found) < len(whole):
        assert needed <= len(whole[len(found)])


@pytest.mark.parametrize("broken", [b"\x30", b"\x30\x05\x04", b"\x30\x80\x00\x00", b"\x30\x84\x01"])
def test_what_ends_too_early_is_no_element(broken: bytes) -> None:
    with pytest.raises(ValueError, match="element"):
        elements(broken)


class Stream:
    """A socket that brings what a server is made to say, in pieces of the size of a TLS record."""

    def __init__(self, said: bytes) -> None:
        self.said = memoryview(said)

    def sendall(self, request: bytes) -> None:
        assert request

    def recv(self, most: int) -> bytes:
        piece, self.said = bytes(self.said[: min(most, 16_384)]), self.said[min(most, 16_384) :]
        return piece

    def shutdown(self, how: int) -> None: ...

    def close(self) -> None: ...


def hearing(said: bytes) -> LeanStrategy:
    """Return a strategy that waits for the answer to request 7."""
    connection = Connection(Server("localhost"), client_strategy=SYNC, return_empty_attributes=False)
    connection.socket, connection.closed = Stream(said), False
    strategy = LeanStrategy(connection)
    strategy._outstanding = {7: {}}
    return strategy


@pytest.mark.parametrize(
    "garbage",
    [
        b"220 mail.example.com ESMTP Postfix, and so on as long as the second octet says\r\n",
        b"\x30\x80\x00\x00",
        b"\x30\x89" + b"\xff" * 9,
        b"\x30\x84\x7f\xff\xff\xff",
        b"\x30\x00",
        ours(b""),
        ours(b"\x64\x00"),
        ours(b"\x65\x00"),
        ours(element(0x64, element(OCTET_STRING, b"cn=a") + element(SEQUENCE, b"\x30\x04\x04\x02\xff\xfe"))),
        ours(b"\x7f\x00"),
        ours(b"\xa5\x00"),
    ],
)
def test_garbage_is_a_broken_connection_and_no_other_error(garbage: bytes) -> None:
    with pytest.raises(LDAPSocketReceiveError, match="no LDAP message"):
        hearing(garbage).get_response(7)


def test_elements_within_elements_without_end_are_garbage() -> None:
    deep = b""
    for _ in range(3000):
        deep = element(SEQUENCE, deep)
    with pytest.raises(LDAPSocketReceiveError, match="no LDAP message"):
        hearing(ours(element(0x67, deep))).get_response(7)


def test_an_entry_that_answers_another_request_is_not_taken() -> None:
    entry = element(0x64, element(OCTET_STRING, b"cn=a") + element(SEQUENCE, b""))
    done = element(0x65, b"\x0a\x01\x00\x04\x00\x04\x00")
    responses, result = hearing(ours(entry) + ours(done)).get_response(7)
    assert ([each["dn"] for each in responses], result["result"]) == (["cn=a"], 0)
    with pytest.raises(Exception, match="terminated"):
        hearing(element(SEQUENCE, b"\x02\x01\x06" + entry) + ours(done)).get_response(7)


@pytest.mark.parametrize("tag", [0x61, 0x65, 0x67, 0x78])
def test_a_code_that_has_no_name_is_an_answer(tag: int) -> None:
    _, result = hearing(ours(element(tag, b"\x0a\x02\x41\x00\x04\x00\x04\x00"))).get_response(7)
    assert (result["result"], result["description"]) == (16640, "code16640")


def test_a_closed_connection_sends_nothing_and_that_is_sure() -> None:
    strategy = hearing(b"")
    strategy.connection.closed = True
    with pytest.raises(LDAPSocketOpenError):
        strategy.exchange(b"\x4a\x00", [])


def test_a_message_that_comes_in_many_pieces_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group of a hundred thousand members is some megabytes, and TLS hands over 16 KiB of it at a time."""
    looks: list[int] = []

    def looked(data: bytes) -> tuple[list[bytes], bytes, int]:
        looks.append(len(data))
        return framed(data)

    monkeypatch.setattr("connectors.ldap_client.wire.framed", looked)
    message = ours(element(0x64, b"x" * (4 << 20)))
    assert hearing(message).receiving() == [message]
    assert len(looks) == 2


def test_no_message_is_longer_than_any_that_is_waited_for() -> None:
    assert framed(b"\x30\x84" + LONGEST.to_bytes(4))[2] == LONGEST + 6
    with pytest.raises(ValueError, match="too long"):
        framed(b"\x30\x84" + (LONGEST + 1).to_bytes(4))
