"""The audit log as a page of its own."""

from __future__ import annotations

from dataclasses import dataclass

from app.web.presentation.activity import AuditRow
from app.web.presentation.elements import Choice, Form, Moment
from app.web.presentation.scim_requests import View


@dataclass(frozen=True, slots=True)
class Sealed:
    """How far the log is sealed: the last position, 0 before there is one, and when it was reached."""

    position: int
    at: Moment | None


@dataclass(frozen=True, slots=True)
class Download:
    """The same entries as a file."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    """settings/audit.html, newest first.

    `views` are the outcomes to filter by, `doors` the ways in. `form` has the fields `person` (who did it), `subject`
    (to whom or what), `actor` (by which door), `area`, `since` and `until`, and sends `outcome` along. `is_filtered` is
    whether anything is left out; `everything_href` leads to the whole log.
    `downloads` hold what fits the filter, on all pages.
    """

    action: str
    entries: tuple[AuditRow, ...]
    sealed: Sealed
    views: tuple[View, ...]
    doors: tuple[Choice, ...]
    areas: tuple[Choice, ...]
    outcome: str
    form: Form
    is_filtered: bool
    everything_href: str
    downloads: tuple[Download, ...]
    newer_href: str = ""
    older_href: str = ""
