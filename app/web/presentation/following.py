"""Followed metadata and certificates of a connection, as its card shows them."""

from __future__ import annotations

from dataclasses import dataclass

from app.web.presentation.differences import DifferenceRow
from app.web.presentation.elements import Control, Moment


@dataclass(frozen=True, slots=True)
class FollowedMetadata:
    """The metadata at `url`. `next_read` is None while the connection is not active; `failure` says why it cannot be
    followed `failing_since`. `differences` are what a person may take over; where `has_moved`, the sign-on URL
    among them.
    """

    url: str
    last_read: Moment | None
    next_read: Moment | None
    failing_since: Moment | None
    failure: str
    differences: tuple[DifferenceRow, ...]
    has_moved: bool
    take_over: Control


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """One certificate that sign-ins are verified with; `source` says in words where it comes from."""

    fingerprint: str
    ends: Moment
    has_ended: bool
    source: str
    first_used: Moment | None
    last_used: Moment | None
    safe_to_drop: bool
