"""When a directory takes so much from so many people in so short a time that administrators must hear of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from app.rules.lockout import Standing
from app.rules.members import MemberState

#: People count together who lost something within this time; a burst ends when nobody has for as long.
WITHIN = timedelta(minutes=10)
MORE_PEOPLE_THAN = 5
#: More than one in so many of those whom the directory manages.
ONE_IN = 5


class Loss(StrEnum):
    DEACTIVATED = "deactivated"
    DEMOTED = "demoted"


@dataclass(frozen=True, slots=True)
class Lost:
    """What one person lost: their way in, or a role for one of lower priority (both by slug)."""

    member_id: str
    loss: Loss
    role_before: str
    role_after: str


def losses(before: Iterable[Standing], after: Iterable[Standing], *, priorities: Mapping[str, int]) -> tuple[Lost, ...]:
    """Who of these people lost something: who was out already does not, and a role on hold was kept."""
    was = {person.member_id: person for person in before}
    found = ((person, _loss(was[person.member_id], person, priorities)) for person in after)
    return tuple(
        Lost(person.member_id, loss, was[person.member_id].role.role, person.role.role)
        for person, loss in found
        if loss is not None
    )


def _loss(before: Standing, after: Standing, priorities: Mapping[str, int]) -> Loss | None:
    if before.state is not MemberState.ACTIVE:
        return None
    if after.state is not MemberState.ACTIVE:
        return Loss.DEACTIVATED
    if before.role.role == after.role.role:
        return None
    return Loss.DEMOTED if priorities.get(after.role.role, 0) < priorities.get(before.role.role, 0) else None


def may_be_mass_change(people: int) -> bool:
    """Whether so many people within the time are enough to ask how many are managed."""
    return people > MORE_PEOPLE_THAN


def is_mass_change(people: int, *, managed: int) -> bool:
    """Whether administrators are told: more than five people, and more than a fifth of those who were managed."""
    return may_be_mass_change(people) and people * ONE_IN > managed
