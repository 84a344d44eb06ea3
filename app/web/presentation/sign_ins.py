"""The record of attempts to sign in as a page of its own."""

from __future__ import annotations

from dataclasses import dataclass

from app.web.presentation.activity import Attempt
from app.web.presentation.elements import Choice, Form
from app.web.presentation.scim_requests import View


@dataclass(frozen=True, slots=True)
class SignInsPage:
    """settings/sign_ins.html, newest first; `away` are those who are at the identity provider now.

    `views` are the outcomes to filter by. `form` has the fields `connection`, `person`, `since` and `until`, and sends
    `view` along. `is_filtered` is whether anything is left out; `everything_href` leads to the whole record. `days` is
    how long attempts are kept.
    """

    action: str
    days: int
    attempts: tuple[Attempt, ...]
    away: tuple[Attempt, ...]
    views: tuple[View, ...]
    connections: tuple[Choice, ...]
    view: str
    form: Form
    is_filtered: bool
    everything_href: str
    newer_href: str = ""
    older_href: str = ""
