"""Pages: the envelope of every list, cursors that only we understand, and feeds that go on where one left off."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from pydantic import Field

from app.rules.errors import InvalidInputError
from app.web.api.shapes import Answer, AnyId, Maybe, Query

DEFAULT_LIMIT = 50
MAX_LIMIT = 100
_ID = re.compile(r"[a-z]{3,4}_[0-9a-z]{26}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Identified(Protocol):
    """A row with an id."""

    @property
    def id(self) -> str: ...


R = TypeVar("R", bound=Identified)
A = TypeVar("A", bound=Answer)


class Page(Answer, Generic[A]):
    """One page of a list. `next_cursor` is null on the last one."""

    data: list[A]
    next_cursor: str | None


class PageQuery(Query):
    """Which page of a list."""

    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="How many entries at most.")
    cursor: Maybe[str] = Field(None, description="`next_cursor` of the page before.", max_length=200)

    @property
    def after(self) -> str:
        """The id after which this page begins. Raises InvalidInputError for a cursor we did not make."""
        return "" if self.cursor is None else read_cursor(self.cursor)


class FeedQuery(Query):
    """Where a feed goes on."""

    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="How many entries at most.")
    after: Maybe[AnyId] = Field(
        None, description="The id of the last entry seen; left out, the feed begins at the start."
    )


def make_cursor(id_: str) -> str:
    """What stands for an id in `next_cursor`."""
    return base64.urlsafe_b64encode(id_.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> str:
    """The id a cursor stands for. Raises InvalidInputError for one we did not make."""
    try:
        id_ = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError) as error:
        raise _bad_cursor() from error
    if not _ID.fullmatch(id_) or make_cursor(id_) != cursor:
        raise _bad_cursor()
    return id_


def page(query: PageQuery, load: Callable[[str, int], Sequence[R]], show: Callable[[R], A]) -> Page[A]:
    """One page of what `load(after, limit)` reads by id; one row more than asked for tells whether there is another."""
    rows = load(query.after, query.limit + 1)
    shown = rows[: query.limit]
    following = make_cursor(shown[-1].id) if len(rows) > query.limit else None
    return Page[A](data=[show(row) for row in shown], next_cursor=following)


def page_of_all(query: PageQuery, rows: Sequence[R], show: Callable[[R], A]) -> Page[A]:
    """As `page`, for the few rows that are read all at once."""
    ordered = sorted(rows, key=lambda row: row.id)
    return page(query, lambda after, limit: [row for row in ordered if row.id > after][:limit], show)


def feed(query: FeedQuery, load: Callable[[str, int], Sequence[R]], show: Callable[[R], A]) -> Page[A]:
    """As `page`, for feeds: `next_cursor` is the id to send as `after`, null where there is nothing more for now."""
    rows = load(query.after or "", query.limit + 1)
    shown = rows[: query.limit]
    following = shown[-1].id if len(rows) > query.limit else None
    return Page[A](data=[show(row) for row in shown], next_cursor=following)


def _bad_cursor() -> InvalidInputError:
    return InvalidInputError("This is not a cursor of ours.", field="cursor")
