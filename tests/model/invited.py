"""Whom an invitation brings into a small world, and as what."""

from __future__ import annotations

from app.rules.decisions import Refused
from app.rules.invitations import judge_invitation, role_given
from tests.model import world as model
from tests.model.world import ABSENT, HOSTS, NAMES, NO_ROLE, PRESENT, PRIORITIES, REMOVED, Person, World


def refusal(world: World, who: int) -> Refused | None:
    """Why this person can neither be invited nor accept what they were invited to, if so."""
    person = world.people[who]
    decision = judge_invitation(
        f"{NAMES[who].lower()}@{HOSTS[person.host]}",
        access=model.access_of(world),
        has_directory=world.directory_on,
        is_member=person.membership == PRESENT,
        is_listed=world.directory_on and person.listed != ABSENT,
    )
    return decision if isinstance(decision, Refused) else None


def accepted(world: World, who: int) -> Person:
    """The member they are then; whoever was removed is somebody else now, of whom nothing counts."""
    person = world.people[who]
    given = role_given(person.invited, known=frozenset(PRIORITIES), default=world.default, inviter_is_admin=True)
    was = Person(host=person.host, listed=person.listed, listed_host=person.listed_host, groups=person.groups)
    fresh = was if person.membership == REMOVED else person
    return fresh._replace(membership=PRESENT, granted=given or NO_ROLE, invited=NO_ROLE)
