"""The record of SCIM requests: what is kept of each one, what counts as refused or as a write, and how it is
filtered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

#: The first status that says no. A 404 counts: it is how a wrong base URL shows.
FIRST_REFUSED_STATUS = 400
WRITING_METHODS = ("POST", "PUT", "PATCH", "DELETE")
METHODS = ("GET", *WRITING_METHODS)
#: A search by POST reads, whatever its method says (RFC 7644 3.4.3).
SEARCH_PATH = "/.search"
MOST_UNKNOWN_MEMBERS = 100
ERRORS_WITHIN = timedelta(hours=1)
#: How far back the pace of a synchronisation is measured.
PACE_WITHIN = timedelta(minutes=2)
#: How many of the newest requests show whether pushing goes wrong, and how many it takes at least.
NEWEST = 50
_FEWEST = 10
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)


class Outcome(StrEnum):
    """Which requests to show, by what came of them."""

    ALL = "all"
    REFUSED = "refused"
    DEVIATIONS = "deviations"
    UNKNOWN_MEMBERS = "unknown_members"
    WRITES = "writes"


@dataclass(frozen=True, slots=True)
class ScimRequestRecord:
    """One request of an identity provider, as an administrator may read it.

    `path` is below the base URL and, like `body`, holds no personal data: whoever makes the record sees to that.
    `changes` says what was changed, never to which value except `active`: for a user `created`, `deleted`, `attributes`
    (names) and `active`; for a group `created`, `deleted`, `renamed`, `added` and `removed` (counts). `deviations` are
    codes of shapes outside the RFCs that were understood anyway. `unknown_members` holds the first hundred member ids
    that nobody has, `unknown_members_total` counts them all. `token_id` is None when no token of the directory came
    with it.
    """

    id: str
    directory_id: str
    token_id: str | None
    at: datetime
    method: str
    path: str
    status: int
    duration_us: int
    resource: str | None = None
    resource_id: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    detail: str | None = None
    deviations: tuple[str, ...] = ()
    unknown_members: tuple[str, ...] = ()
    unknown_members_total: int = 0
    body: str | None = None

    @property
    def is_refused(self) -> bool:
        """Whether the answer was an error."""
        return self.status >= FIRST_REFUSED_STATUS

    @property
    def is_write(self) -> bool:
        """Whether it could have changed something."""
        return self.method in WRITING_METHODS and SEARCH_PATH not in self.path


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """Which records to show; the conditions add up."""

    outcome: Outcome = Outcome.ALL
    method: str | None = None
    resource_id: str | None = None


EVERYTHING = RequestFilter()


@dataclass(frozen=True, slots=True)
class Trouble:
    """Most of the newest requests were refused: `refused` of `newest`, most often because of `reason`, or "" for none
    given.
    """

    refused: int
    newest: int
    reason: str


def trouble(newest: Sequence[tuple[int, str | None]]) -> Trouble | None:
    """Whether pushing goes wrong, by status and detail of the newest requests; a few say nothing yet."""
    reasons = [detail or "" for status, detail in newest if status >= FIRST_REFUSED_STATUS]
    if len(newest) < _FEWEST or 2 * len(reasons) <= len(newest):
        return None
    ((reason, _),) = Counter(reasons).most_common(1)
    return Trouble(len(reasons), len(newest), reason)


@dataclass(frozen=True, slots=True)
class Pace:
    """What the newest requests of a directory tell: those that created something, since `began_at`.

    `is_cut` is whether more came in that time than were looked at: they come fast then.
    """

    users_created: int = 0
    groups_created: int = 0
    began_at: datetime | None = None
    last_at: datetime | None = None
    is_cut: bool = False

    def users_per_minute(self, now: datetime) -> int:
        """Users created a minute, rounded."""
        return self._per_minute(self.users_created, now)

    def groups_per_minute(self, now: datetime) -> int:
        """Groups created a minute, rounded."""
        return self._per_minute(self.groups_created, now)

    def _per_minute(self, number: int, now: datetime) -> int:
        """Over the time since the first of them, and over a minute at least, unless there is no end of them: one user
        in a second is not 60 a minute, a thousand are.
        """
        if self.began_at is None:
            return 0
        shortest = _SECOND if self.is_cut else _MINUTE
        return round(number / (max(shortest, now - self.began_at) / _MINUTE))
