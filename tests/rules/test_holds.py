"""Whose hold somebody may not lift, and what they are told."""

from __future__ import annotations

from dataclasses import replace

from app.rules.actor import OPERATOR, Actor, ActorKind
from app.rules.decisions import Allowed
from app.rules.holds import HELD_BY_DIRECTORY, refusal_for, stands_for, told_to
from app.rules.lockout import OWN_HOLD, Access, Guests, Settlement, Standing, World
from app.rules.members import MemberState
from app.rules.roles import ADMIN, EffectiveRole, RoleSource

KEY = Actor(ActorKind.API_KEY, id="key_x", label="Nightly")
ADA = Actor(ActorKind.MEMBER, id="ada")
ON_HOLD = Standing(
    member_id="ada",
    email="ada@acme.test",
    state=MemberState.ACTIVE,
    suspended=False,
    role=EffectiveRole(ADMIN, RoleSource.HELD),
    held=True,
    has_signed_in=True,
    last_signed_in_at=None,
)
ACCESS = Access(frozenset(), None, Guests.REFUSE)
HELD, FREE = World(ACCESS, (ON_HOLD,)), World(ACCESS, (replace(ON_HOLD, held=False),))


def test_key_stands_for_whoever_is_on_hold_and_a_person_for_themselves() -> None:
    assert (stands_for(KEY, HELD), stands_for(KEY, FREE)) == ("ada", None)
    assert (stands_for(ADA, HELD), stands_for(OPERATOR, HELD)) == ("ada", None)


def test_refusal_is_told_in_words_for_whoever_acts() -> None:
    refused = Settlement(OWN_HOLD, ())

    assert told_to(KEY, refused).decision == refusal_for(KEY) == HELD_BY_DIRECTORY
    assert told_to(ADA, refused).decision == refusal_for(ADA) == OWN_HOLD


def test_what_is_no_refusal_of_a_hold_is_told_as_it_is() -> None:
    allowed = Settlement(Allowed(), ())

    assert told_to(KEY, allowed) is allowed
