"""JSON objects from the other side, read so that nobody else can read them differently and nothing odd gets through."""

from __future__ import annotations

import json
from typing import Any


def read_object(text: str | bytes) -> dict[str, Any]:
    """Parse one JSON object. Raises ValueError for all else: repeated names, NaN, bottomless nesting, bad UTF-8."""
    try:
        value = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("the JSON is not an object")
    return value


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one JSON object")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
