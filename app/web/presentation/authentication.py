"""The authentication page, with its domains, administrators, holds and recovery codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.web.presentation.alarms import MassChange
from app.web.presentation.connections import Connection
from app.web.presentation.directories import Directory, RoleMappings
from app.web.presentation.elements import EMPTY_FORM, Change, Choice, Control, Fact, Form, Moment, Notice
from app.web.presentation.guides import SetupUnderWay


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """What to put into DNS. `host` is the whole name, `value` the whole text; `ttl` is a hint for people."""

    host: str
    value: str
    type: str = "TXT"
    ttl: str = "300 seconds, or your provider's default"


@dataclass(frozen=True, slots=True)
class DomainCheck:
    """What the last look-up found. `sentence` says it; `values` are the TXT values seen at the host, none of them
    secret.

    `matched` is whether the record was there. `servers` are the name servers of the zone with what each said, without
    its full stop.
    """

    at: Moment
    matched: bool
    sentence: str
    values: tuple[str, ...] = ()
    servers: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Domain:
    """One domain. `state` is pending, verified or failed.

    `verified` is when it was, `verified_how` by what ("DNS record", "the operator"). `next_check` is the next automatic
    look-up, `gives_up` when a pending one fails. `missing_since` is set while a verified domain's record is gone.
    `people` is how many members have an address there. `vouch_command` is what the operator runs to verify it without
    the record, "" once it is verified. `console` is where its DNS is managed, as far as its name servers tell.
    """

    id: str
    host: str
    state: str
    record: DnsRecord
    check: Control
    remove: Control
    verified: Moment | None = None
    verified_how: str = ""
    last_check: DomainCheck | None = None
    next_check: Moment | None = None
    gives_up: Moment | None = None
    missing_since: Moment | None = None
    people: int = 0
    vouch_command: str = ""
    console: Choice | None = None


@dataclass(frozen=True, slots=True)
class RecoveryCodes:
    """The box of recovery codes. `left` of `total` codes are unused; `confirmed` is when an admin, `confirmed_by`,
    stored them.

    `confirm` takes the confirmation for a set that was made but not confirmed; it is shown only while `confirmed` is
    None. `gone` is the address of the admin who confirmed them and is not there any more. `used` is when somebody last
    came in by recovery and `used_with` with what, `drilled` when a code last proved good. `form` is that of a
    drill (`code`).
    """

    total: int
    left: int
    make: Change
    confirm: Control
    made: Moment | None = None
    confirmed: Moment | None = None
    confirmed_by: str = ""
    gone: str = ""
    used: Moment | None = None
    used_by: str = ""
    used_with: str = ""
    drilled: Moment | None = None
    drilled_by: str = ""
    form: Form = EMPTY_FORM


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """Whether a second factor is required. `turn` is the control that turns it on, or off where it `is_required`.

    `enrolled` and `without` count active members; `some_without` are addresses of the latter, as far as a page holds
    them. `applies_to` says in a sentence whom the requirement is for now.
    """

    is_required: bool
    turn: Control
    enrolled: int
    without: int
    applies_to: str
    some_without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Admission:
    """Whom single sign-on leaves to be decided: whether guests use emailed codes, and whether a first sign-in makes a
    member. `directory_decides` is while an active directory does about the latter; `newcomers` cannot be changed then.
    """

    guests_allowed: bool
    newcomers_join: bool
    directory_decides: bool
    newcomers: Control


@dataclass(frozen=True, slots=True)
class Administrator:
    """Someone whose effective role is admin. `why` and `way_in` are sentences, without a full stop.

    `source` is granted, mapped, default or held. `usable` is whether they count for the guard; if not, `missing` says
    what they lack. `proven` is when they last showed that the way in works.
    """

    member_id: str
    name: str
    email: str
    source: str
    why: str
    way_in: str
    usable: bool
    proven: Moment | None = None
    missing: str = ""
    is_you: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """Someone kept as admin against a push. `happened` is a sentence without its full stop (`since` follows it),
    `meaning` a whole one.

    `against` says against what. `repairs` are ways to settle it, the smallest first; `ends` says when the hold
    ends. `since` is when the push came. `member_id` leads to their row.
    """

    member_id: str
    name: str
    email: str
    since: Moment
    happened: str
    meaning: str
    repairs: tuple[str, ...]
    ends: str
    against: str


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the way to single sign-on: what there is to do, how it stands, and where it is done."""

    label: str
    detail: str
    href: str
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class AuthenticationPage:
    """settings/authentication.html, the page of the mission.

    `way_in_now` is one sentence on how people sign in at present, `way` what leads to single sign-on, () once it is
    required and in a recovery session. `sign_in_mappings` is None while a directory is
    active, because groups of a sign-in do not count then; `directory_mappings` is None while there is no directory.
    `admission` is None in a recovery session, which cannot change it.
    Forms: `sessions_form` (`session_idle_minutes`, `session_hours`; None in a recovery session, with what
    they come to in `session_lengths`), `domain_form`
    (`host`), `directory_form` (`name`, `provider`). `providers` are the directory's choices,
    `token_lifetimes` those of a new token (the field `expires_in`, in days; "" for never).
    `active_members` counts everyone who is active, administrators too. `alarms` are the newest; `older_alarms` is how
    many come up once those are dismissed. `expiry` warns of what ends in the active connection.
    """

    way_in_now: str
    domains: tuple[Domain, ...]
    add_domain: Control
    connections: tuple[Connection, ...]
    setups: tuple[SetupUnderWay, ...]
    add_connection: Control
    directories: tuple[Directory, ...]
    add_directory: Control
    providers: tuple[Choice, ...]
    token_lifetimes: tuple[Choice, ...]
    recovery_codes: RecoveryCodes
    second_factor: SecondFactor
    administrators: tuple[Administrator, ...]
    way: tuple[Stage, ...] = ()
    active_members: int = 0
    holds: tuple[Hold, ...] = ()
    alarms: tuple[MassChange, ...] = ()
    older_alarms: int = 0
    expiry: tuple[Notice, ...] = ()
    directory_mappings: RoleMappings | None = None
    sign_in_mappings: RoleMappings | None = None
    admission: Admission | None = None
    sessions_form: Form | None = None
    session_lengths: Mapping[str, str] = field(default_factory=dict)
    domain_form: Form = EMPTY_FORM
    directory_form: Form = EMPTY_FORM


@dataclass(frozen=True, slots=True)
class RecoveryCodesPage:
    """start_done.html, recovered.html and settings/recovery_codes.html: codes in clear, in this one answer only.

    `codes` are shown as they stand. `made` is when. `action` takes the confirmation (field `stored`). `replaced` is how
    many unused codes of an older set stopped working (0: there was none). `form` has the field `stored`.
    """

    organization: str
    codes: tuple[str, ...]
    made: Moment
    action: str = "/settings/recovery-codes/confirm"
    replaced: int = 0
    form: Form = EMPTY_FORM
