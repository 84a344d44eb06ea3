"""Setup links as administrators see them, and the pages of whoever holds one."""

from __future__ import annotations

from dataclasses import dataclass

from app.rules.connections import ServiceProviderValue
from app.web.presentation.connections import LastTest
from app.web.presentation.elements import EMPTY_FORM, Change, Choice, Control, Fact, Form, Moment, Notice
from app.web.presentation.guides import SetupUnderWay


@dataclass(frozen=True, slots=True)
class SetupLinkRow:
    """One link. `scope` is in words, `state` is open, expired, revoked or orphaned; None in `last_used` means never.
    `email` is where it was mailed, "" where it was copied.
    """

    id: str
    note: str
    email: str
    scope: str
    state: str
    made_by: str
    made: Moment
    expires: Moment
    revoke: Change
    last_used: Moment | None = None


@dataclass(frozen=True, slots=True)
class SetupLinksPage:
    """settings/setup_links.html: the latest links, newest first, and the form of a new one (`scope`, `note`, `email`).
    `has_more` when there are older ones.
    """

    links: tuple[SetupLinkRow, ...]
    add: Control
    scopes: tuple[Choice, ...]
    chosen: str
    has_more: bool = False
    form: Form = EMPTY_FORM


@dataclass(frozen=True, slots=True)
class SetupLinkMadePage:
    """settings/setup_link_made.html: a link in clear, in this one answer only."""

    note: str
    scope: str
    url: str
    expires: Moment


@dataclass(frozen=True, slots=True)
class DoorPage:
    """setup/door.html, before a link is opened. `form` has the field `link`. `go_on` is where a session that the
    browser has already goes on, "" where it has none.
    """

    form: Form = EMPTY_FORM
    go_on: str = ""
    notice: Notice | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds every page of a setup session. `home` is its first page, `until` when the session ends."""

    organization: str
    made_by: str
    home: str
    until: Moment
    notices: tuple[Notice, ...] = ()
    development: str = ""


@dataclass(frozen=True, slots=True)
class SetupConnection:
    """One connection that is not in force. `paste` are the values for the identity provider, `facts` what its settings
    say, `last_test` the latest one through this link.
    """

    id: str
    name: str
    protocol: str
    paste: tuple[ServiceProviderValue, ...]
    facts: tuple[Fact, ...]
    last_test: LastTest | None = None


@dataclass(frozen=True, slots=True)
class SsoPage:
    """setup/sso.html. `is_in_force`: there is an active connection beside these, which is not shown."""

    connections: tuple[SetupConnection, ...]
    setups: tuple[SetupUnderWay, ...]
    is_in_force: bool
    add: Control


@dataclass(frozen=True, slots=True)
class SetupDirectory:
    """One directory that was never activated. `kind` is the provider's title, `provider` what a sentence calls it,
    `guide` its value. `first_request` None means nothing has arrived yet.
    """

    id: str
    name: str
    provider: str
    kind: str
    base_url: str
    guide: str
    new_token: Control
    first_request: Moment | None = None
    last_request: Moment | None = None


@dataclass(frozen=True, slots=True)
class DirectoryPage:
    """setup/directory.html. `has_others`: there are directories beside these, in use now or earlier, which are not
    shown. `form` has the fields `name` and `provider`.
    """

    directories: tuple[SetupDirectory, ...]
    has_others: bool
    add: Control
    providers: tuple[Choice, ...]
    token_lifetimes: tuple[Choice, ...]
    form: Form = EMPTY_FORM
