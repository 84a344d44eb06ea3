"""The API keys of an organization, and the page of a new one."""

from __future__ import annotations

from dataclasses import dataclass

from app.web.presentation.elements import EMPTY_FORM, Change, Choice, Control, Form, Moment


@dataclass(frozen=True, slots=True)
class Key:
    """One key that was not revoked. `hint` is the part that may be shown; None in `last_used` means never, in `expires`
    too. `standing` is works, expires_soon or expired.
    """

    id: str
    label: str
    hint: str
    created: Moment
    created_by: str
    revoke: Change
    last_used: Moment | None = None
    expires: Moment | None = None
    standing: str = "works"


@dataclass(frozen=True, slots=True)
class KeysPage:
    """settings/keys.html: the keys, oldest first, and the form of a new one (`label`, `expires_in` in days, "" for
    never). `api_url` is where the API is.
    """

    keys: tuple[Key, ...]
    add: Control
    lifetimes: tuple[Choice, ...]
    api_url: str
    form: Form = EMPTY_FORM


@dataclass(frozen=True, slots=True)
class KeyMadePage:
    """settings/key_made.html: a key in clear, in this one answer only. `organization_url` is what it opens."""

    name: str
    token: str
    organization_url: str
    expires: Moment | None = None
