"""A change before it is made: who would stand how, what they would lose, and a hash that holds the change to it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from app.rules.decisions import Allowed, Code, Decision, Refused
from app.rules.factors import SecondStep
from app.rules.lockout import Access, Standing, WayIn, after_door, door, has_used

_VERSION = "1"
_DIGITS = 12  # of each single loss: nobody gains by finding two that look alike
_MOST_LISTED = 64  # so that a hash fits into a header
_TOO_MANY = "all"


class Loss(StrEnum):
    """What a change takes from somebody."""

    ADMINISTRATION = "administration"
    ROLE = "role"
    SIGN_IN = "sign_in"


@dataclass(frozen=True, slots=True)
class Position:
    """How somebody stands at one moment: their role and state, the door open to them, whether they ever came in through
    it, and what is asked of them behind it.
    """

    standing: Standing
    door: WayIn | None
    is_proven: bool
    then: SecondStep | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a change means for one person. `before` is None for somebody who becomes a member by it."""

    before: Position | None
    after: Position
    losses: frozenset[Loss] = frozenset()

    @property
    def member_id(self) -> str:
        """Whom this is about."""
        return self.after.standing.member_id

    @property
    def email(self) -> str:
        """Their address, as it is after the change; of two people never the same."""
        return self.after.standing.email

    @property
    def is_change(self) -> bool:
        """Whether anything is different for them."""
        return self.before is None or _compared(self.before) != _compared(self.after)

    @property
    def must_prove(self) -> bool:
        """Whether they would have to come in by a door they never used, and did not have to before."""
        before, after = self.before, self.after
        if before is None or after.door is None or after.is_proven:
            return False
        return before.is_proven or before.door is not after.door

    @property
    def must_enroll(self) -> bool:
        """Whether they would have to set up a second factor, and did not have to before."""
        was = self.before.then if self.before is not None else None
        return self.after.then is SecondStep.ENROLL and was is not SecondStep.ENROLL


@dataclass(frozen=True, slots=True)
class Aside:
    """Somebody a change could be expected to be about and is not, and why: a member who is not in the directory, or a
    directory user who does not become a member.
    """

    email: str
    reason: str


@dataclass(frozen=True, slots=True)
class Totals:
    """How many people a plan is about, by what it does to them; one person may count more than once."""

    changed: int = 0
    joining: int = 0
    leaving: int = 0
    role_changed: int = 0
    demoted: int = 0
    losing_administration: int = 0
    new_administrators: int = 0
    promoted: int = 0
    shut_out: int = 0
    let_in: int = 0
    must_prove: int = 0
    must_enroll: int = 0
    readdressed: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """A change worked out from one moment. `people` are those for whom something changes, losses first.

    `decision` is whether it may be made; `hash` stands for what it takes from whom and whom it makes an administrator.
    `asides` are those it leaves out, `groups` the names of the groups by mapping.
    """

    decision: Decision
    people: tuple[Outlook, ...]
    hash: str
    asides: tuple[Aside, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)

    @property
    def takes(self) -> bool:
        """Whether anybody loses anything."""
        return any(outlook.losses for outlook in self.people)

    @property
    def totals(self) -> Totals:
        """The same in numbers."""
        return Totals(
            changed=len(self.people),
            joining=sum(outlook.before is None for outlook in self.people),
            leaving=sum(map(_leaves, self.people)),
            role_changed=sum(map(_changes_role, self.people)),
            demoted=sum(Loss.ROLE in outlook.losses for outlook in self.people),
            losing_administration=sum(Loss.ADMINISTRATION in outlook.losses for outlook in self.people),
            promoted=sum(map(_is_promoted, self.people)),
            new_administrators=sum(map(_becomes_administrator, self.people)),
            shut_out=sum(Loss.SIGN_IN in outlook.losses for outlook in self.people),
            let_in=sum(map(_is_let_in, self.people)),
            must_prove=sum(outlook.must_prove for outlook in self.people),
            must_enroll=sum(outlook.must_enroll for outlook in self.people),
            readdressed=sum(map(_is_readdressed, self.people)),
        )


def position(person: Standing, access: Access) -> Position:
    """How this person stands under these settings."""
    way = door(person, access)
    if way is None:
        return Position(person, None, is_proven=False)
    return Position(person, way, has_used(person, way, access), after_door(person, way, access))


def outlook(before: Position | None, after: Position, *, priorities: Mapping[str, int]) -> Outlook:
    """What the step from one to the other means; `priorities` are those of the roles after the change."""
    return Outlook(before, after, frozenset(_losses(before, after, priorities)) if before else frozenset())


def make_plan(
    decision: Decision,
    outlooks: Iterable[Outlook],
    *,
    about: str,
    asides: Iterable[Aside] = (),
    groups: Mapping[str, str] = MappingProxyType({}),
) -> Plan:
    """The plan of a change. `about` says which change it is: a hash is good for no other."""
    changed = (outlook for outlook in outlooks if outlook.is_change)
    people = tuple(sorted(changed, key=lambda outlook: (_weight(outlook), outlook.email)))
    return Plan(decision, people, hash_of(about, people), tuple(asides), groups)


def judge_shown(shown: str | None, now: str, *, required: bool) -> Decision:
    """Whether the change, whose plan has the hash `now`, may be made by somebody who was shown the plan with the other;
    None: who was shown none.
    """
    if shown is None:
        return PLAN_REQUIRED if required else Allowed()
    return Allowed() if holds_to(shown, now) else PLAN_OUTDATED


PLAN_REQUIRED = Refused(
    Code.PLAN_REQUIRED,
    "This change is made only by somebody who has seen what it does.",
    fix="Ask for its dry run first (?dry_run=true), and send the hash of that as If-Match.",
)
PLAN_OUTDATED = Refused(
    Code.PLAN_OUTDATED,
    "Since you looked, this has come to do more than you were shown. Nothing was changed.",
    fix="Look at what it would do now, then decide again.",
)


def holds_to(shown: str, now: str) -> bool:
    """Whether a plan takes nothing, and makes nobody an administrator, that was not in the one that was shown; by hash.

    Whatever else has changed since does not matter, and neither does it when less is taken. Where more people lose
    something than a hash can list, it is exactly the same losses that are asked for.
    """
    known, current = shown.split("-"), now.split("-")
    return known[:2] == current[:2] and set(current[2:]) <= set(known[2:])


def hash_of(about: str, people: Iterable[Outlook]) -> str:
    """The hash of the plan for these people; whoever nothing changes for adds nothing to it.

    `1-<change>-<loss>-<loss>...`, or `1-<change>-all-<all losses>` where there are too many to list.
    """
    losses = sorted(loss for outlook in people for loss in _spelled(outlook))
    pieces = sorted(map(_hashed, losses))
    if len(pieces) > _MOST_LISTED:
        pieces = [_TOO_MANY, hashlib.sha256(" ".join(losses).encode()).hexdigest()]
    return "-".join((_VERSION, _hashed(about), *pieces))


def _spelled(outlook: Outlook) -> Iterable[str]:
    """Each thing that is taken from one person, by itself: who loses one of two after all loses no more than shown. And
    that somebody becomes an administrator: they could take everything from everybody.
    """
    if _becomes_administrator(outlook):
        yield f"{outlook.email} becomes an administrator"
    for loss in outlook.losses:
        yield f"{outlook.member_id} {loss} {_step(outlook) if loss is Loss.ROLE else ''}"


def _becomes_administrator(outlook: Outlook) -> bool:
    was = outlook.before is not None and outlook.before.standing.holds_admin
    return outlook.after.standing.holds_admin and not was


def _is_promoted(outlook: Outlook) -> bool:
    """Whether they get a higher role, short of becoming an administrator."""
    return _changes_role(outlook) and Loss.ROLE not in outlook.losses and not _becomes_administrator(outlook)


def _step(outlook: Outlook) -> str:
    """From which role to which."""
    return ">".join(side.standing.role.role for side in (outlook.before, outlook.after) if side is not None)


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def _losses(before: Position, after: Position, priorities: Mapping[str, int]) -> Iterable[Loss]:
    was, becomes = before.standing.role.role, after.standing.role.role
    if before.standing.holds_admin and not after.standing.holds_admin:
        yield Loss.ADMINISTRATION
    if _rank(was, priorities) > _rank(becomes, priorities):
        yield Loss.ROLE
    if before.door is not None and after.door is None:
        yield Loss.SIGN_IN


def _rank(role: str, priorities: Mapping[str, int]) -> float:
    """A role that is deleted counts as taken from whoever had it, whatever they get instead."""
    return priorities.get(role, float("inf"))


def _compared(position: Position) -> tuple[object, ...]:
    person = position.standing
    return (
        person.email,
        person.role.role,
        person.role.source,
        person.state,
        person.suspended,
        person.removed,
        person.held,
        position.door,
        position.is_proven,
        position.then,
    )


def _weight(outlook: Outlook) -> int:
    """What people look for first: who loses what, then who is new, then the others."""
    order = (
        Loss.ADMINISTRATION in outlook.losses,
        Loss.SIGN_IN in outlook.losses,
        Loss.ROLE in outlook.losses,
        outlook.must_prove,
        outlook.must_enroll,
        outlook.before is None,
    )
    return next((place for place, applies in enumerate(order) if applies), len(order))


def _leaves(outlook: Outlook) -> bool:
    return outlook.before is not None and outlook.before.standing.is_present and not outlook.after.standing.is_present


def _changes_role(outlook: Outlook) -> bool:
    return outlook.before is not None and outlook.before.standing.role.role != outlook.after.standing.role.role


def _is_readdressed(outlook: Outlook) -> bool:
    return outlook.before is not None and outlook.before.standing.email != outlook.after.standing.email


def _is_let_in(outlook: Outlook) -> bool:
    return outlook.before is not None and outlook.before.door is None and outlook.after.door is not None
