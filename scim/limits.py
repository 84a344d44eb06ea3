"""Refused before it is understood: bodies, filters and values that are too large, too deep or cannot be stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from scim2_models import InvalidFilterException, InvalidSyntaxException, InvalidValueException, NotFoundException

MAX_NESTING = 20
MAX_FILTER_LENGTH = 4_000
MAX_FILTER_NESTING = 50
MAX_OPERATIONS = 1_000
MAX_ENTRIES = 500
MAX_VALUE_LENGTH = 10_000
#: userName, externalId and displayName stand in unique indexes, whose rows PostgreSQL limits to 2,704 bytes.
MAX_NAME_BYTES = 2_000
#: Larger indexes overflow the databases' integers; nobody pages that far.
MAX_INDEX = 2**31 - 1


def decode(body: bytes) -> Any:
    """The JSON value of a body. Raises InvalidSyntaxException; InvalidValueException for text that cannot be stored."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if not body.strip():
            raise InvalidSyntaxException(detail="The request has no body; a JSON object was expected.") from error
        if "surrogate in string" in str(error):
            raise InvalidValueException(
                detail="The body contains a lone surrogate, which is not a character."
            ) from error
        raise InvalidSyntaxException(detail=f"The body is not valid JSON: {error}.") from error
    # Both are rare, so the walk is taken only when the bytes give a reason.
    if b"\\u0000" in body or body.count(b"{") + body.count(b"[") > MAX_NESTING:
        _check_tree(value)
    return value


def _check_tree(root: Any) -> None:
    """Refuse NUL characters and deep nesting, without recursion."""
    waiting = [(root, "", 1)]
    while waiting:
        value, path, depth = waiting.pop()
        if depth > MAX_NESTING:
            raise InvalidSyntaxException(detail=f"The body is nested more than {MAX_NESTING} levels deep.")
        if isinstance(value, str) and "\0" in value:
            raise InvalidValueException(detail=f"A NUL character is not allowed: {path or 'the body'}.")
        if isinstance(value, dict):
            waiting += [(key, path, depth) for key in value if "\0" in key]
            waiting += [(item, f"{path}.{key}".lstrip("."), depth + 1) for key, item in value.items()]
        elif isinstance(value, list):
            waiting += [(item, path, depth + 1) for item in value]


def check_text(text: str, attribute: str, *, max_length: int = MAX_VALUE_LENGTH) -> None:
    """Refuse one value that is too long or cannot be stored, naming its attribute."""
    if len(text) > max_length:
        raise InvalidValueException(
            detail=f"The value of {attribute} is longer than {max_length:,} characters. Shorten it in the mapping."
        )
    if not is_storable(text):
        raise InvalidValueException(detail=f"The value of {attribute} contains a character that cannot be stored.")


def check_name(key: str, attribute: str) -> None:
    """Refuse a value of a unique attribute that is too long for its index."""
    if len(key.encode()) > MAX_NAME_BYTES:
        raise InvalidValueException(
            detail=f"The value of {attribute} is longer than {MAX_NAME_BYTES:,} bytes. Shorten it in the mapping."
        )


def is_storable(text: str) -> bool:
    """Whether both databases can hold this text: PostgreSQL has no NUL, and UTF-8 no surrogates."""
    if text.isascii():
        return "\0" not in text
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def check_path(path: str) -> None:
    """No resource has an id that cannot be stored."""
    if not is_storable(path):
        raise NotFoundException(detail="There is no SCIM endpoint with such a path.")


def check_search(query: Mapping[str, Any]) -> None:
    """Refuse a search whose filter is too long or too deep, or whose parameters cannot be stored."""
    for name, value in query.items():
        if isinstance(value, str) and not is_storable(value):
            raise InvalidValueException(detail=f"The parameter {name} contains a character that cannot be stored.")
    text = query.get("filter")
    if not isinstance(text, str):
        return
    if len(text) > MAX_FILTER_LENGTH:
        raise InvalidFilterException(detail=f"The filter is longer than {MAX_FILTER_LENGTH:,} characters.")
    if text.count("(") + text.count("[") > MAX_FILTER_NESTING:
        raise InvalidFilterException(detail=f"The filter has more than {MAX_FILTER_NESTING} parentheses.")
