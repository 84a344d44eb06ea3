"""What a request record holds of a body: its shape, without personal data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

import orjson

from scim.redaction import (
    ID_ATTRIBUTES,
    MASK,
    ORDERS,
    is_boolean,
    is_id,
    is_schema,
    is_word,
    redacted_attribute,
    redacted_filter,
    redacted_path,
)

LONGEST_BODY = 4_000
_MOST_ENTRIES = 20
_MOST_KEYS = 200
_DEEPEST = 12
_LONGEST_KEY = 200
_SECRETS = ("password", "secret", "token", "credential")
#: What a request wraps resources and their attributes in.
_WRAPPERS = frozenset({"operations", "data", "resources"})
_NUMBERS = frozenset({"startindex", "count", "failonerrors"})


def redacted_body(body: bytes) -> str | None:
    """A body as JSON whose shape can be read and whose values cannot; None for an empty one.

    Keys, operations, paths, schemas, booleans, kinds ("work") and ids of members stay; every other text and number is
    masked, secrets with whatever they hold. At most LONGEST_BODY characters, with a mark where it was cut. Of what is
    not JSON only the length is told.
    """
    if not body.strip():
        return None
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return f"(not JSON, {len(body):,} bytes)"
    return redacted_json(value)


def redacted_json(value: Any) -> str:
    """The same of a body that was decoded already."""
    text = orjson.dumps(_redacted(value, _Place(), _DEEPEST)).decode()
    if len(text) <= LONGEST_BODY:
        return text
    mark = f"{MASK} (cut, {len(text):,} characters in all)"
    return text[: LONGEST_BODY - len(mark)] + mark


@dataclass(frozen=True, slots=True)
class _Place:
    """What a value is about: `attribute` is that of the resource, `name` the innermost name, both in lower case."""

    attribute: str = ""
    name: str = ""


def _redacted(value: Any, place: _Place, depth: int) -> Any:
    if isinstance(value, str):
        return _text(value, place)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, dict | list) and not depth:
        return MASK
    if isinstance(value, dict):
        return _object(value, place, depth - 1)
    if isinstance(value, list):
        shown = [_redacted(one, place, depth - 1) for one in value[:_MOST_ENTRIES]]
        return shown if len(value) <= _MOST_ENTRIES else [*shown, f"{MASK} {len(value) - _MOST_ENTRIES:,} more"]
    return value if place.name in _NUMBERS else f"{MASK} (number)"


def _object(value: dict[str, Any], place: _Place, depth: int) -> dict[str, Any]:
    # The value of an operation is about its path.
    path = value.get("path", "")
    shown: dict[str, Any] = {}
    for key, one in islice(value.items(), _MOST_KEYS):
        about = path if isinstance(path, str) and path and key == "value" else key
        # Cut before they are remembered: whoever sends a key decides how long it is.
        inner = _inner(place.attribute[:_LONGEST_KEY], about[:_LONGEST_KEY])
        shown[_key(key[:_LONGEST_KEY])] = MASK if inner is None else _redacted(one, inner, depth)
    if len(value) > _MOST_KEYS:
        shown[MASK] = f"{MASK} {len(value) - _MOST_KEYS:,} more"
    return shown


@lru_cache(maxsize=2_048)
def _inner(attribute: str, name: str) -> _Place | None:
    """The place of a value inside another; None for a secret. Remembered, since every body has the same names."""
    plain = name.lower().partition("[")[0]
    if any(secret in name.lower() for secret in _SECRETS):
        return None
    if is_schema(name) and not plain.endswith(tuple(f":{id_attribute}" for id_attribute in ID_ATTRIBUTES)):
        return _Place(attribute, plain)  # an extension is no attribute of its own
    plain = plain.rpartition(":")[2]
    if plain in _WRAPPERS:
        return _Place("", plain)
    return _Place(attribute or plain.partition(".")[0], plain.rpartition(".")[2])


@lru_cache(maxsize=2_048)
def _key(key: str) -> str:
    return (key if is_schema(key) else redacted_attribute(key))[:_LONGEST_KEY]


def _text(text: str, place: _Place) -> str:
    if not text or is_boolean(text):
        return text
    shown = MASK
    match place.name:
        case "schemas":
            shown = text if is_schema(text) else MASK
        case "path":
            shown = redacted_path(text, {}) if text.startswith("/") else redacted_attribute(text)
        case "filter":
            shown = redacted_filter(text)
        case "attributes" | "excludedattributes" | "sortby":
            shown = redacted_attribute(text)
        case "op" | "method" | "sortorder":
            shown = text if text.lower() in ORDERS else MASK
        case "type" | "resourcetype":
            shown = text if is_word(text) else MASK
        case _ if place.attribute in ID_ATTRIBUTES and is_id(text):
            shown = text
    return shown
