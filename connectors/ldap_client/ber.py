"""The little of BER (ITU-T X.690) that values of controls and extended operations are made of."""

SEQUENCE, OCTET_STRING, INTEGER, ENUMERATED, BOOLEAN = 0x30, 0x04, 0x02, 0x0A, 0x01


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


def framed(data: bytes) -> tuple[list[bytes], bytes]:
    """Return the whole elements that data begins with, and what is left of one that has not arrived yet."""
    whole, position = [], 0
    while position + 1 < len(data):
        first = data[position + 1]
        start = position + 2 + (first & 0x7F if first & 0x80 else 0)
        if start > len(data):
            break
        end = start + (int.from_bytes(data[position + 2 : start]) if first & 0x80 else first)
        if end > len(data):
            break
        whole.append(data[position:end])
        position = end
    return whole, data[position:]


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
