"""A step of a small world: what was asked for through which door, and what the guard makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from app.rules import lockout
from app.rules.actor import OPERATOR, ActorKind
from app.rules.actor import Actor as RulesActor
from app.rules.decisions import Refused
from app.rules.lockout import Standing
from app.rules.members import MemberState
from tests.model import world as model
from tests.model.following import following
from tests.model.world import PRESENT, REVISION, Person, World

#: The revision that takes over in a swap.
_NEXT = "rev_next"


class Door(StrEnum):
    REQUEST = "request"
    PUSH = "push"
    SIGN_IN = "sign_in"


#: What happens, and to whom or what, for whoever does the same to the real application: ("suspend", 0).
Action = tuple[str | int, ...]


class Actor(NamedTuple):
    """Who asks: the operator, or the person on hold, as a member or in a recovery session.

    An administrator who is not on hold gets what an operator gets, or less, so that they open no world of their own.
    """

    name: str
    who: int | None = None
    may_lift_holds: bool = True

    @property
    def recovers(self) -> bool:
        """Whether they ask in a recovery session."""
        return self.who is not None and self.may_lift_holds

    @property
    def as_rules_see(self) -> RulesActor:
        """The same as a value of the rules."""
        if self.who is None:
            return OPERATOR
        return RulesActor(ActorKind.RECOVERY if self.may_lift_holds else ActorKind.MEMBER)


class Step(NamedTuple):
    """Something that happened: through which door, in a sentence, as an action, and the world it leaves.

    `facts` is the world as the change alone would leave it, `known` the one before, as the guard saw both; without
    facts the guard was not asked. `actor` is who asked, where a person or program did.
    """

    door: Door
    sentence: str
    action: Action
    after: World
    refused: Refused | None = None
    actor: Actor | None = None
    known: World | None = None
    facts: World | None = None


def taken(door: Door, sentence: str, action: Action, known: World, facts: World) -> Step:
    """What is pushed or happens at a sign-in, with what the guard makes of it."""
    after, refused = decide(known, facts, by_person=False)
    return Step(door, sentence, action, after, refused, known=known, facts=facts)


def decide(before: World, facts: World, *, by_person: bool, acting: int | None = None) -> tuple[World, Refused | None]:
    """Ask the guard about a change, and write what it says, also where it refuses: then nothing may differ."""
    old, new = model.settings_of(before), model.settings_of(facts)
    was, becomes, whose = [], [], []
    access = model.access_of(facts)
    is_swap = before.sso_on and facts.sso_on and before.newer and not facts.newer
    next_revision = _NEXT if is_swap else REVISION
    if is_swap:
        access = replace(access, sso_revision=next_revision)
    for who, (earlier, person) in enumerate(zip(before.people, facts.people, strict=True)):
        if PRESENT in (earlier.membership, person.membership):
            is_new = earlier.membership != PRESENT
            was.append(model.newcomer(who, person, old.default) if is_new else model.stored(who, earlier, old))
            becomes.append(_with_both_proofs(earlier, person, model.worked_out(who, person, new), of=next_revision))
            whose.append(who)
    known = [who for who in whose if before.people[who].membership == PRESENT]
    settlement = lockout.settle(
        lockout.World(model.access_of(before), tuple(was)),
        lockout.World(access, tuple(becomes)),
        by_person=by_person,
        acting=None if acting is None else model.member_id(acting),
    )
    refused = settlement.decision if isinstance(settlement.decision, Refused) else None
    if refused is not None:
        return _written(
            before, {who: one for who, one in zip(whose, settlement.people, strict=True) if who in known}
        ), refused
    after = _written(facts, dict(zip(whose, settlement.people, strict=True)))
    released = [who for who in known if before.people[who].held and not after.people[who].held]
    # An address that waited for the hold to end follows now.
    return (following(after, released) if released and after.directory_on else after), None


def _with_both_proofs(earlier: Person, person: Person, standing: Standing, *, of: str) -> Standing:
    """The guard also sees who has come in through what was in force; of whoever comes back nothing earlier counts."""
    proofs = {of} if person.proven else set()
    if earlier.proven and earlier.membership == PRESENT:
        proofs.add(REVISION)
    return standing if proofs == standing.proofs else replace(standing, proofs=frozenset(proofs))


def _written(world: World, people: Mapping[int, Standing]) -> World:
    written = list(world.people)
    for who, standing in people.items():
        active = standing.state is MemberState.ACTIVE
        if (written[who].held, written[who].active) != (standing.held, active):
            written[who] = written[who]._replace(held=standing.held, active=active)
    return world._replace(people=tuple(written))
