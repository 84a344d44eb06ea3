"""Cursors of RFC 9865: sealed by the library, good for one directory, opened also with keys that were rotated out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scim2_models import InvalidCursorException
from scim2_server.cursor import Cursors

#: Seconds a cursor is good for: a client that pauses for a day starts again.
TIMEOUT = 86_400


class DirectoryCursors(Cursors):
    """What seals a position with the first secret, and opens one with any. `scope` is the directory it is good for."""

    def __init__(self, secrets: Sequence[str], scope: str) -> None:
        super().__init__(secrets[0])
        self._older = [Cursors(secret) for secret in secrets[1:]]
        self._scope = scope

    def seal(self, query: str, count: int | None, position: Any) -> str:
        """The cursor of a position."""
        return super().seal(f"{self._scope}/{query}", count, position)

    def open(self, cursor: str, query: str, count: int | None, timeout: int | None) -> Any:
        """The position again. Raises the exceptions of RFC 9865 2.1."""
        query = f"{self._scope}/{query}"
        try:
            return super().open(cursor, query, count, timeout)
        except InvalidCursorException:
            for older in self._older:
                try:
                    return older.open(cursor, query, count, timeout)
                except InvalidCursorException:
                    continue
            raise
