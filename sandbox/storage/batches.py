"""The multipart format of a transaction: ``$batch`` with one change set, read and answered. Pure.

Reference: "Performing entity group transactions".
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import uuid4

from sandbox.storage.errors import bad

_BOUNDARY = re.compile(r'boundary="?([^";\r\n]+)"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One request inside of a transaction; header names are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str


def read(content_type: str, body: bytes) -> Iterator[Part]:
    """Yield the requests of a transaction. Raises ``Refused``."""
    outer = _BOUNDARY.search(content_type)
    text = body.decode()
    inner = _BOUNDARY.search(text)
    if outer is None or inner is None:
        raise bad("A transaction is multipart/mixed with a change set inside.")
    for piece in text.split(f"--{inner[1]}")[1:]:
        if piece.startswith("--"):
            return
        _, _, request = piece.partition("\r\n\r\n")
        head, _, content = request.partition("\r\n\r\n")
        line, *lines = head.split("\r\n")
        try:
            method, url, _ = line.split(" ")
        except ValueError:
            raise bad(f"A part begins with {line[:40]!r}.") from None
        named = (each.partition(":") for each in lines if each)
        yield Part(
            method, url, {name.strip().lower(): value.strip() for name, _, value in named}, content.strip("\r\n")
        )


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer inside of a transaction's."""

    status: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""


def write(answers: list[Answered]) -> tuple[str, bytes]:
    """Return the content type and the body of the answer to a transaction."""
    batch, changes = f"batchresponse_{uuid4()}", f"changesetresponse_{uuid4()}"
    lines = [f"--{batch}", f"Content-Type: multipart/mixed; boundary={changes}", ""]
    for each in answers:
        lines += [f"--{changes}", "Content-Type: application/http", "Content-Transfer-Encoding: binary", ""]
        lines += [f"HTTP/1.1 {each.status}", *(f"{name}: {value}" for name, value in each.headers), "", each.body]
        lines += [""] if not each.body else []
    lines += [f"--{changes}--", f"--{batch}--", ""]
    return f"multipart/mixed; boundary={batch}", "\r\n".join(lines).encode()
