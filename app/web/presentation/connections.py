"""A connection as the authentication page shows it; the pages of setting one up and of testing it."""

from __future__ import annotations

from dataclasses import dataclass

from app.rules.connections import ServiceProviderValue, SetupField
from app.web.presentation.differences import DifferenceRow
from app.web.presentation.elements import Choice, Control, Fact, Failure, Form, Moment, Notice, Prerequisite
from app.web.presentation.following import CertificateRow, FollowedMetadata


@dataclass(frozen=True, slots=True)
class LastTest:
    """The acting admin's last test sign-in of the latest revision. `href` leads to its page, "" when it is no longer
    kept.
    """

    at: Moment
    succeeded: bool
    sentence: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class ReadyCount:
    """How many people could sign in with some settings on the first day, and where they stand one by one."""

    ready: int
    people: int
    href: str


@dataclass(frozen=True, slots=True)
class WaitingSettings:
    """The revision that waits to take the place of the one in force."""

    id: str
    number: int
    made: Moment
    made_by: str
    differences: tuple[DifferenceRow, ...]


@dataclass(frozen=True, slots=True)
class PreviousSettings:
    """The revision that was in force before the present one, whether one may go back to it, and what that changes."""

    id: str
    number: int
    go_back: Control
    differences: tuple[DifferenceRow, ...]


@dataclass(frozen=True, slots=True)
class Ending:
    """What ends one day: `label` says what, `ended` in a sentence which of several have ended already, "" for none."""

    label: str
    at: Moment
    ended: str = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection. `state` is draft, validating, active or inactive; `protocol` is the kind's title ("SAML").

    `paste` are the values for the identity provider, in its own words. `facts` are what the revision says (issuer,
    URL, certificate expiry), `warnings` what to know of it. `prerequisites` are those of activation. `number` is
    that of the revision whose `facts` these are, of `revisions` in all, and `readiness_href` leads to how people
    stand with it; `waiting` is the one beside it that is not in force yet. `readiness` is of the one about to be
    put in force. `is_tested` is whether that test lets it be activated. `replaces` is the name of the active
    connection whose place it would take, "" where there is none. `sign_ins` is how many people have come in through
    the revision in force, of `people` active members. `followed` and `certificates` are of the revision whose
    `facts` these are. `endings` count down to what ends one day, `expiry` warns of those that are near or over.
    """

    id: str
    name: str
    protocol: str
    state: str
    paste: tuple[ServiceProviderValue, ...]
    facts: tuple[Fact, ...]
    prerequisites: tuple[Prerequisite, ...]
    test: Control
    activate: Control
    deactivate: Control
    edit: Control
    delete: Control
    number: int
    revisions: int
    readiness_href: str
    replaces: str = ""
    warnings: tuple[Fact, ...] = ()
    readiness: ReadyCount | None = None
    waiting: WaitingSettings | None = None
    previous: PreviousSettings | None = None
    last_test: LastTest | None = None
    is_tested: bool = False
    activated: Moment | None = None
    last_sign_in: Moment | None = None
    sign_ins: int = 0
    people: int = 0
    followed: FollowedMetadata | None = None
    certificates: tuple[CertificateRow, ...] = ()
    endings: tuple[Ending, ...] = ()
    expiry: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class ConnectionFormPage:
    """settings/connection_form.html, in which a connection is edited. `action` is where the form posts, `back` the page
    that lists the connections, under `back_label`. `in_force` when the connection is active, so that the page can say
    that the edit waits for its test. `revision` is the id of the one that the form is filled in with.
    """

    connection_name: str
    protocol: str
    action: str
    back: str
    back_label: str
    fields: tuple[SetupField, ...]
    paste: tuple[ServiceProviderValue, ...]
    form: Form
    in_force: bool
    revision: str


@dataclass(frozen=True, slots=True)
class ReceivedAttribute:
    """One attribute or claim as it came. `used_for` is the profile field it filled, "" when it was not used."""

    name: str
    values: tuple[str, ...]
    used_for: str = ""


@dataclass(frozen=True, slots=True)
class ProfileField:
    """One field of the mapped profile. `sources` are the attributes it came from; `missing` says what to add when there
    is no value.
    """

    label: str
    value: str
    sources: tuple[str, ...] = ()
    missing: str = ""


@dataclass(frozen=True, slots=True)
class ConnectionTestedPage:
    """settings/connection_tested.html. A test creates nobody and changes no session.

    With `failure` set, the rest but `received` is left empty. `groups_state` is present, empty or unknown; `role` is
    the title of the role that would follow, `role_reason` why. `still_admin` is whether the tester would still be
    admin; `missing` are sentences on what stops activation, `advice` on what
    looks otherwise than meant. `test_again` is the button for another one; `reference` is
    set with `failure`.
    """

    connection_id: str
    connection_name: str
    protocol: str
    at: Moment
    by: str
    test_again: Control
    failure: Failure | None = None
    received: tuple[ReceivedAttribute, ...] = ()
    profile: tuple[ProfileField, ...] = ()
    groups_state: str = "unknown"
    groups: tuple[str, ...] = ()
    role: str = ""
    role_reason: str = ""
    still_admin: bool = False
    missing: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    reference: str = ""


@dataclass(frozen=True, slots=True)
class TermRow:
    """A time in which a revision was in force; `until` is None for the present one, `proof` says in words who could get
    in as an administrator when it began.
    """

    since: Moment
    until: Moment | None
    by: str
    proof: str


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """One revision. `differences` are those to the revision it is compared with; `proven_by` counts people."""

    id: str
    number: int
    state: str
    made: Moment
    made_by: str
    terms: tuple[TermRow, ...]
    proven_by: int
    last_proven: Moment | None
    facts: tuple[Fact, ...]
    differences: tuple[DifferenceRow, ...]


@dataclass(frozen=True, slots=True)
class RevisionsPage:
    """settings/revisions.html, the newest revision first. `compared_with` is the number of the one that the others are
    compared with, `in_force` whether it is in force. `go_back` is about the previous one; `earlier_href` leads to those
    before the last one shown.
    """

    connection_id: str
    connection_name: str
    revisions: tuple[RevisionRow, ...]
    compared_with: int
    in_force: bool
    go_back: Control
    earlier_href: str = ""


@dataclass(frozen=True, slots=True)
class ReadyRow:
    """One person. `way_in` is where they would come in, in words, `reason` why they are ready or are not. `is_expected`
    of those who are: they should be able to, and have not shown it.
    """

    name: str
    email: str
    href: str
    ready: bool
    is_expected: bool
    way_in: str
    reason: str
    fix: str


@dataclass(frozen=True, slots=True)
class View:
    """One of several lists of the same page."""

    label: str
    href: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class ReadinessPage:
    """settings/readiness.html, of the revision `number`. `settings` are the revisions it can be asked of, `views` all,
    ready, not ready, and one for each reason that keeps somebody out. `hidden` are the fields that a search keeps.
    """

    connection_id: str
    connection_name: str
    number: int
    in_force: bool
    is_tested: bool
    people: int
    ready: int
    settings: tuple[View, ...]
    views: tuple[View, ...]
    rows: tuple[ReadyRow, ...]
    form: Form
    hidden: tuple[Choice, ...]
    action: str
    everything_href: str
    is_filtered: bool
    first_href: str = ""
    next_href: str = ""
