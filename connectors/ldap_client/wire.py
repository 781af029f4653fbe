"""ldap3's blocking strategy, with its dearest steps done directly: entries that arrive, and additions and changes sent.

ldap3 builds and encodes requests through pyasn1's general objects and decodes every entry twice; half of the time of
a write and of a read goes there. The octets are those of RFC 4511, 4, and the same as ldap3's own:
``tests/connectors/ldap/test_ldap_wire.py`` compares them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.ldap_client.ber import ENUMERATED, INTEGER, OCTET_STRING, SEQUENCE, element, elements, framed
from connectors.ldap_client.library import (
    Connection,
    LDAPSocketOpenError,
    LDAPSocketReceiveError,
    LDAPSocketSendError,
    SyncStrategy,
    decode_message_fast,
)

SET, CONTROLS, TRUE = 0x31, 0xA0, b"\x01\x01\xff"
ADD, MODIFY, ENTRY, EXTENDED = 0x68, 0x66, 0x64, 0x78
_CHUNK = 65_536
_CLOSED, _COMPLETE = "TERMINATED_BY_SERVER", "RESPONSE_FROM_SERVER_COMPLETE"
"""What ldap3 looks for at the end of an answer."""
NO_LDAP = "what came is no LDAP message"
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What readers, ldap3's among them, raise over octets that are none of RFC 4511's."""
_OPERATIONS = {"MODIFY_ADD": b"\0", "MODIFY_DELETE": b"\1", "MODIFY_REPLACE": b"\2"}

type Control = tuple[str, bool, bytes | None]


class LeanStrategy(SyncStrategy):  # type: ignore[misc]  # it has no types
    """One request, and then its answer."""

    def exchange(self, request: bytes, controls: Sequence[Control]) -> None:
        """Send one operation and wait for its result, which is the connection's then."""
        connection = self.connection
        if connection.closed:
            raise LDAPSocketOpenError("the connection is closed")
        message_id = connection.server.next_message_id()
        message = element(SEQUENCE, _integer(message_id) + request + control_list(controls))
        self._outstanding[message_id] = {}
        try:
            connection.socket.sendall(message)
        except OSError as error:
            raise LDAPSocketSendError(str(error)) from error
        self.post_send_single_response(message_id)

    def receiving(self) -> list[bytes]:
        """Read until the last message that began has ended; nothing where the server has closed the connection."""
        messages: list[bytes] = []
        data, needed = bytearray(), 0
        while True:
            try:
                chunk = self.connection.socket.recv(_CHUNK)
            except (OSError, AttributeError) as error:
                raise LDAPSocketReceiveError(str(error)) from error
            if not chunk:
                return messages
            data += chunk
            if len(data) < needed:
                continue  # large groups come in thousands of pieces: none is looked at twice
            try:
                whole, rest, needed = framed(bytes(data))
            except ValueError as error:
                raise LDAPSocketReceiveError(NO_LDAP) from error
            messages += whole
            if not rest:
                return messages
            data = bytearray(rest)

    def _get_response(self, message_id: int, timeout: float) -> Any:
        """Return ldap3's form of the messages that answer a request; entries are read here, all else by ldap3."""
        responses: list[dict[str, Any]] = []
        while True:
            messages = self.receiving()
            if not messages:
                return _CLOSED
            for message in messages:
                try:
                    answered, response = self._read(message)
                except _UNREADABLE as error:
                    raise LDAPSocketReceiveError(NO_LDAP) from error
                if answered != message_id:
                    return _CLOSED  # the server's good-bye (RFC 4511, 4.4.1), or nothing that can be relied upon
                responses.append(response)
                if response["type"] not in ("searchResEntry", "searchResRef", "intermediateResponse"):
                    return [*responses, _COMPLETE]

    def _read(self, message: bytes) -> tuple[int, dict[str, Any]]:
        """Return which request a message answers, and what it says."""
        if (entry := entry_of(message)) is not None:
            return entry
        decoded = decode_message_fast(message)
        return int(decoded["messageID"]), self.decode_response_fast(decoded)


def make_lean(connection: Connection) -> None:
    """Give a connection that is not open yet this strategy."""
    strategy = LeanStrategy(connection)
    connection.strategy = strategy
    for name in ("send", "open", "get_response", "post_send_single_response", "post_send_search"):
        setattr(connection, name, getattr(strategy, name))


def add_request(dn: str, classes: Sequence[str], values: Mapping[str, Sequence[bytes]]) -> bytes:
    """Write an AddRequest (RFC 4511, 4.7)."""
    attributes = [_attribute("objectClass", [name.encode() for name in classes])]
    attributes += [_attribute(name, held) for name, held in values.items()]
    return element(ADD, _text(dn) + element(SEQUENCE, b"".join(attributes)))


def modify_request(dn: str, changes: Mapping[str, Sequence[tuple[str, Sequence[bytes]]]]) -> bytes:
    """Write a ModifyRequest (RFC 4511, 4.6)."""
    parts = [
        element(SEQUENCE, element(ENUMERATED, _OPERATIONS[operation]) + _attribute(name, values))
        for name, changes_of in changes.items()
        for operation, values in changes_of
    ]
    return element(MODIFY, _text(dn) + element(SEQUENCE, b"".join(parts)))


def control_list(controls: Sequence[Control]) -> bytes:
    """Write the controls of a message (RFC 4511, 4.1.11)."""
    if not controls:
        return b""
    parts = [
        element(SEQUENCE, _text(number) + (TRUE if critical else b"") + (b"" if value is None else _octets(value)))
        for number, critical, value in controls
    ]
    return element(CONTROLS, b"".join(parts))


def attribute_list(names: Sequence[str]) -> bytes:
    """Write an AttributeSelection, such as a post-read control's (RFC 4527, 3.2)."""
    return element(SEQUENCE, b"".join(_text(name) for name in names))


def entry_of(message: bytes) -> tuple[int, dict[str, Any]] | None:
    """Return the message id and the entry that a message brings, in ldap3's form; ``None`` for any other message."""
    ((_, content),) = elements(message)
    (_, number), (tag, body), *_ = elements(content)
    if tag != ENTRY:
        return None
    (_, dn), (_, attributes) = elements(body)
    raw: dict[str, list[bytes]] = {}
    for _, attribute in elements(attributes):
        (_, name), (_, values) = elements(attribute)
        raw[name.decode()] = [value for _, value in elements(values)]
    return int.from_bytes(number), {
        "type": "searchResEntry",
        "raw_dn": dn,
        "dn": dn.decode("utf-8", "replace"),
        "raw_attributes": raw,
        "attributes": dict(raw),
    }


def _attribute(name: str, values: Sequence[bytes]) -> bytes:
    return element(SEQUENCE, _text(name) + element(SET, b"".join(map(_octets, values))))


def _text(text: str) -> bytes:
    return element(OCTET_STRING, text.encode())


def _octets(value: bytes) -> bytes:
    return element(OCTET_STRING, value)


def _integer(number: int) -> bytes:
    return element(INTEGER, number.to_bytes(number.bit_length() // 8 + 1))
