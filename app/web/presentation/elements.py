"""What pages are made of: moments, controls and what they change, forms, notices; the shell around every page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time. `at` is aware UTC, for the title; `relative` is what people read ("3 minutes ago", "in 6
    hours").
    """

    at: datetime
    relative: str


@dataclass(frozen=True, slots=True)
class Control:
    """Whether a button may be pressed. When not: `reason` is one sentence, `fix_label` and `fix_href` where to change
    that.
    """

    allowed: bool
    reason: str = ""
    fix_label: str = ""
    fix_href: str = ""


ALLOWED = Control(allowed=True)


@dataclass(frozen=True, slots=True)
class Change:
    """A control with consequences: `effects` are whole sentences with counts ("Ends 3 sessions."), shown before it is
    confirmed.
    """

    control: Control
    effects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """One line of a checklist: `label` is the condition, `detail` how it stands now, `fix_*` where to meet it."""

    label: str
    met: bool
    detail: str = ""
    fix_label: str = ""
    fix_href: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """What was typed and what is wrong with it, both by field name. Errors are whole sentences."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


EMPTY_FORM = Form()


@dataclass(frozen=True, slots=True)
class Notice:
    """A message on top of the page. `tone` is success, info, warning or error (error is announced at once).

    `link_label` and `link_href` lead to more, such as the audit entry of the change.
    """

    tone: str
    text: str
    detail: str = ""
    link_label: str = ""
    link_href: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something was not accepted. `name` is stable; `expected`, `received` and `fix` are for the administrator."""

    name: str
    sentence: str
    expected: str = ""
    received: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One labelled value. `is_code` shows it in monospace with a copy button."""

    label: str
    value: str
    is_code: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a list: `value` is sent, `label` is read, `hint` is a sentence where there is room for one."""

    value: str
    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Shell:
    """What surrounds every page of someone who is signed in.

    `organization`, `name`, `email` and `member_id` are the signed-in member's. `is_admin` shows the settings links.
    `recovery_until` is when a recovery session ends, None for an ordinary one. `notices` stand above the page, first
    one first.
    `development` is one sentence when the server runs with development conveniences.
    """

    organization: str
    name: str
    email: str
    member_id: str
    is_admin: bool
    recovery_until: Moment | None = None
    notices: tuple[Notice, ...] = ()
    development: str = ""
