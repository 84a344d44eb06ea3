"""A directory and its role mappings as the authentication page shows them; the page of a new token."""

from __future__ import annotations

from dataclasses import dataclass

from app.web.presentation.elements import EMPTY_FORM, Change, Choice, Control, Form, Moment, Notice, Prerequisite


@dataclass(frozen=True, slots=True)
class Token:
    """One directory token that was not revoked. `hint` is the part that may be shown ("scim_…a1b2"); None in
    `last_used` means never. `standing` is works, expires_soon or expired.
    """

    id: str
    label: str
    hint: str
    created: Moment
    revoke: Change
    created_by: str = ""
    last_used: Moment | None = None
    expires: Moment | None = None
    standing: str = "works"


@dataclass(frozen=True, slots=True)
class Directory:
    """One directory. `state` is draft, active or inactive.

    `kind` is the provider's title ("Other (SCIM 2.0)"), `provider` what a sentence calls it ("the identity provider"),
    `guide` its value ("generic"), by which the guide to its settings is chosen.

    Counts are of the mirror: `users` (of them `active_users`), `groups`, and `not_members` (active users who are not
    members, with the reason listed elsewhere). `first_request` None means nothing has arrived yet. `pace` says how
    fast people and groups arrive at present, "" when none do. `errors` counts the refused
    requests of the last hour ("3", "more than 1,000"), "" for none; `trouble` is set while most of the newest ones are
    refused. `warnings` are about tokens. `requests_href` leads to the record.
    """

    id: str
    name: str
    provider: str
    kind: str
    state: str
    base_url: str
    tokens: tuple[Token, ...]
    new_token: Control
    requests_href: str
    prerequisites: tuple[Prerequisite, ...]
    activate: Control
    deactivate: Control
    delete: Control
    guide: str
    first_request: Moment | None = None
    last_request: Moment | None = None
    users: int = 0
    active_users: int = 0
    groups: int = 0
    not_members: int = 0
    pace: str = ""
    errors: str = ""
    trouble: Notice | None = None
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class RoleMapping:
    """One group -> role line. `people` is how many members are in the group; `dangling` when the group was deleted."""

    id: str
    group: str
    role: str
    remove: Control
    people: int = 0
    dangling: bool = False


@dataclass(frozen=True, slots=True)
class RoleMappings:
    """The mapping table and its form (fields `source`, `group`, `role`).

    `source` is directory or sign_in. With `groups` empty and source sign_in, the group is typed instead of chosen.
    """

    source: str
    rows: tuple[RoleMapping, ...]
    groups: tuple[Choice, ...]
    roles: tuple[Choice, ...]
    add: Control
    form: Form = EMPTY_FORM


@dataclass(frozen=True, slots=True)
class DirectoryTokenPage:
    """settings/directory_token.html: a token in clear, in this one answer only.

    `directory_id` leads back to its card, `base_url` is shown beside the token, `expires` None means never. `guide` is
    the provider's value, by which the guide to its settings is chosen.
    """

    directory_id: str
    directory_name: str
    provider: str
    base_url: str
    token: str
    guide: str
    expires: Moment | None = None
