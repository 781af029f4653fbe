"""The little of BER (ITU-T X.690) that values of controls and extended operations are made of."""

SEQUENCE, OCTET_STRING, INTEGER, ENUMERATED, BOOLEAN = 0x30, 0x04, 0x02, 0x0A, 0x01
LONGEST = 1 << 28
"""No message that is waited for is longer, in octets: a group of a million members is a third of it."""


def element(tag: int, content: bytes) -> bytes:
    """Write one element with a definite length."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + content


def elements(data: bytes) -> list[tuple[int, bytes]]:
    """Return the tag and content of each element. Raises ``ValueError`` where the data ends too early."""
    found, position, end = [], 0, len(data)
    while position < end:
        # Short lengths are read here, because nearly all are short and every value of every entry has one.
        if position + 1 < end and (size := data[position + 1]) < 0x80:
            start = position + 2
        else:
            size, start = _length(data, position + 1)
        if start + size > end:
            raise ValueError("an element is longer than what holds it")
        found.append((data[position], data[start : start + size]))
        position = start + size
    return found


def framed(data: bytes) -> tuple[list[bytes], bytes, int]:
    """Return the whole messages that data begins with, the rest, and how long the rest must be to hold one more.

    Raises ``ValueError`` for what is no message (RFC 4511, 5.1: definite lengths), or one longer than ``LONGEST``.
    """
    whole, position = list[bytes](), 0
    while True:
        end = _end(data, position)
        if end > len(data):
            return whole, data[position:], end - position
        whole.append(data[position:end])
        position = end


def _end(data: bytes, position: int) -> int:
    """Return where a message ends; as long as its length has not arrived, where that will have."""
    if position < len(data) and data[position] != SEQUENCE:
        raise ValueError("a message does not begin as one")
    if position + 1 >= len(data):
        return position + 2
    size = data[position + 1]
    start = position + 2
    if size >= 0x80:
        start += size & 0x7F
        if size == 0x80 or size > 0x88:
            raise ValueError("a message has no definite length")
        if start > len(data):
            return start
        size = int.from_bytes(data[position + 2 : start])
    if size > LONGEST:
        raise ValueError("a message is too long")
    return start + size


def _length(data: bytes, position: int) -> tuple[int, int]:
    """Return a length and where the content begins."""
    if position >= len(data):
        raise ValueError("an element has no length")
    first = data[position]
    if first < 0x80:
        return first, position + 1
    end = position + 1 + (first & 0x7F)
    if first == 0x80 or end > len(data):
        raise ValueError("an element has no definite length")
    return int.from_bytes(data[position + 1 : end]), end
