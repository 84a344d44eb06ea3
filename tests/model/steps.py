"""A step of a small world: what was asked for through which door, and what the guard makes of it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from app.rules import lockout
from app.rules.decisions import Refused
from app.rules.members import MemberState
from tests.model import world as model
from tests.model.world import PRESENT, World


class Door(StrEnum):
    REQUEST = "request"
    PUSH = "push"
    SIGN_IN = "sign_in"


class Actor(NamedTuple):
    """Who asks: the operator, or the person on hold, as a member or in a recovery session.

    An administrator who is not on hold gets what an operator gets, or less, so that they open no world of their own.
    """

    name: str
    who: int | None = None
    may_lift_holds: bool = True


class Step(NamedTuple):
    """Something that happened: through which door, in a sentence, the world it leaves, whether it was refused, and
    which person on hold asked for it.
    """

    door: Door
    sentence: str
    after: World
    refused: Refused | None = None
    asked_by: int | None = None


def decide(before: World, facts: World, *, by_person: bool, acting: int | None = None) -> tuple[World, Refused | None]:
    """Ask the guard about a change, and write what it says, also where it refuses: then nothing may differ."""
    old, new = model.settings_of(before), model.settings_of(facts)
    was, becomes, whose = [], [], []
    for who, (earlier, person) in enumerate(zip(before.people, facts.people, strict=True)):
        if PRESENT in (earlier.membership, person.membership):
            is_new = earlier.membership != PRESENT
            was.append(model.newcomer(who, person, old.default) if is_new else model.stored(who, earlier, old))
            becomes.append(model.worked_out(who, person, new))
            whose.append(who)
    settlement = lockout.settle(
        lockout.World(model.access_of(before), tuple(was)),
        lockout.World(model.access_of(facts), tuple(becomes)),
        by_person=by_person,
        acting=None if acting is None else model.member_id(acting),
    )
    refused = settlement.decision if isinstance(settlement.decision, Refused) else None
    people = list(before.people if refused else facts.people)
    for who, standing in zip(whose, settlement.people, strict=True):
        active = standing.state is MemberState.ACTIVE
        if (people[who].held, people[who].active) != (standing.held, active):
            people[who] = people[who]._replace(held=standing.held, active=active)
    return (before if refused else facts)._replace(people=tuple(people)), refused
