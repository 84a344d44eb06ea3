"""A page of something that grows at one end, for people: newest first, with where the pages beside it begin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar


class _HasId(Protocol):
    @property
    def id(self) -> Any: ...


T = TypeVar("T", bound=_HasId)


@dataclass(frozen=True, slots=True)
class RecordPage(Generic[T]):
    """Records, newest first, with the ids to ask `before` and `after` for; "" where there is nothing further."""

    records: tuple[T, ...]
    older: str
    newer: str


def page_of(
    older_than: Callable[..., Sequence[T]],
    newer_than: Callable[..., Sequence[T]],
    *,
    before: str,
    after: str,
    limit: int,
) -> RecordPage[T]:
    """The newest page, that before one id, or that after one.

    `older_than` is asked with `before_id` and `limit`, newest first, "" beginning at the newest; `newer_than` with
    `after_id` and `limit`, oldest first.
    """
    if after:
        found = newer_than(after_id=after, limit=limit + 1)
        has_newer, has_older = len(found) > limit, True
        found = found[:limit][::-1]
    else:
        found = older_than(before_id=before, limit=limit + 1)
        has_newer, has_older = bool(before), len(found) > limit
        found = found[:limit]
    return RecordPage(
        records=tuple(found),
        older=found[-1].id if found and has_older else "",
        newer=found[0].id if found and has_newer else "",
    )
