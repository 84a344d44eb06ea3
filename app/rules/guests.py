"""Guests whom the owner of their host takes away: which of them may go."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from app.rules.decisions import Allowed
from app.rules.lockout import World, latest_first, settle

#: Why a membership as a guest has ended, and why one has not that should have.
CLAIMED = "claimed_by_owner_of_host"


def leaving(stored: World, worked_out: World, guests: Collection[str]) -> frozenset[str]:
    """Those of an organization's guests who may go, by id. `stored` and `worked_out` hold its administrators, as they
    stand and without any hold.

    The guard is asked as for a person's removal: nobody from outside takes the last usable administrator, or the one on
    hold. Where several administrators cannot all go, the latest to have signed in stays, as with holds.
    """
    administrators = [person for person in worked_out.people if person.member_id in guests]
    others = frozenset(guests) - {person.member_id for person in administrators}
    gone: frozenset[str] = frozenset()
    for some in (others, *({person.member_id} for person in reversed(latest_first(administrators)))):
        people = tuple(replace(one, removed=one.member_id in gone | some) for one in worked_out.people)
        if isinstance(settle(stored, World(worked_out.access, people), by_person=True).decision, Allowed):
            gone |= some
    return gone
