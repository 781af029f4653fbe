"""What a SCIM request may be at most. docs/scim.md tells each of them, ServiceProviderConfig those that RFC 7643 has a
field for; the size of a body and the length of a page are settings."""

MOST_BULK_OPERATIONS = 1000
"""Operations of one bulk request; more are answered with 413 (``bulk.maxOperations``)."""

MOST_BULK_SECONDS = 150.0
"""After this, what is left of a bulk request is answered with 503 each: the platform ends an answer at 230 s."""

MOST_PATCH_OPERATIONS = 1000
"""Operations of one PATCH; more are answered with 413."""

MOST_ATTRIBUTE_OPERATIONS = 200
"""Of them, on attributes other than ``members``; more are answered with 413. Each costs the library milliseconds."""

MOST_VALUES = 1000
"""Values of one multi-valued attribute other than ``members``; more are answered with 413."""

MOST_FILTER_CHARS = 8192
"""Characters of a filter, of a path, and of a list of attributes; more are answered with 400."""

MOST_DEPTH = 32
"""Levels of objects and lists in a body; more are answered with 400. A bulk request of PATCHes needs nine."""

MOST_SEARCHED = 50_000
"""Resources that one search looks at where no index has the answer, and where it sorts. With more, a page by index or a
sorted one is answered with 400 tooMany; a page by cursor ends early, and its nextCursor goes on."""

MOST_SEARCH_SECONDS = 15.0
"""How long a search looks, with the same ends. Entra waits about 30 seconds for an answer."""

MOST_MEMBERS_SEARCHED = 1000
"""Members of one group that a filter looks at whose conditions need each of them; more are answered with 400."""

MOST_QUESTIONS = 50
"""Indexed terms joined by or; with more, a filter is tried on every resource."""

CURSOR_SECONDS = 86_400
"""How long a cursor is good for (``pagination.cursorTimeout``)."""

LONGEST_ID = 256
"""Characters of a resource's id. The hub's own have 34: a longer one is nobody's."""

LONGEST_ECHO = 80
"""Characters of what a client sent that an error repeats."""


def echo(text: object) -> str:
    """Return what a client sent as an error may repeat it: quoted, one line, cut."""
    shown = str(text)
    return repr(shown if len(shown) <= LONGEST_ECHO else f"{shown[:LONGEST_ECHO]}...")
