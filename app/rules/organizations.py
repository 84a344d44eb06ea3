"""Names as people type them: what is accepted, trimmed and refused."""

from __future__ import annotations

import unicodedata

from app.rules.errors import InvalidInputError

MAX_NAME = 200


def read_text(text: str, *, field: str, limit: int = MAX_NAME) -> str:
    """`text` trimmed, 1 to `limit` characters, without control characters, line separators or lone surrogates. Raises
    InvalidInputError.
    """
    trimmed = text.strip()
    if not trimmed:
        raise InvalidInputError("This must not be empty.", code="empty", field=field)
    if len(trimmed) > limit:
        raise InvalidInputError(f"This may have {limit} characters at most.", code="too_long", field=field)
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in trimmed):
        raise InvalidInputError("This holds characters that cannot be stored.", code="bad_characters", field=field)
    return trimmed
