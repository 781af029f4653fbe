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

from connectors.ldap_client.ber import OCTET_STRING, SEQUENCE, element, elements, framed
from connectors.ldap_client.wire import add_request, attribute_list, control_list, entry_of, modify_request

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
    read = entry_of(message)
    assert read is not None
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
    found, rest = framed(cut)
    assert found == whole[: len(found)]
    assert b"".join(found) + rest == cut
    assert len(found) == len(whole) or rest or not cut or lost


@pytest.mark.parametrize("broken", [b"\x30", b"\x30\x05\x04", b"\x30\x80\x00\x00", b"\x30\x84\x01"])
def test_what_ends_too_early_is_no_element(broken: bytes) -> None:
    with pytest.raises(ValueError, match="element"):
        elements(broken)
