"""Whose hold somebody may not lift: a person's own; with a key of the organization nobody's, since it may be in the
hands of the one on hold; nor while anybody is with a setup link, for the same reason.
"""

from __future__ import annotations

from dataclasses import replace

from app.rules.actor import Actor, ActorKind
from app.rules.decisions import Code, Refused
from app.rules.lockout import OWN_HOLD, Settlement, World

NO_KEY = Refused(
    Code.OWN_HOLD,
    "You are here for a while only, on hold or by recovery; a key would stay.",
    fix="Have another administrator make it.",
)
NO_LINK = Refused(
    Code.OWN_HOLD,
    "You are here for a while only, on hold or by recovery; a setup link would stay.",
    fix="Have another administrator make it.",
)
_NOT_MEANWHILE = Refused(
    Code.OWN_HOLD,
    "Tokens are not made through a setup link at the moment.",
    fix="Ask whoever sent you the link to make one.",
)
HELD_BY_DIRECTORY = Refused(
    Code.OWN_HOLD,
    "An administrator is on hold because of the directory, and a key of the organization cannot overrule it.",
    fix="Make another member an administrator, or have the directory make the one on hold one again.",
)


def stands_for(actor: Actor, before: World) -> str | None:
    """The member whose hold this actor may not lift: themselves, or for a key whoever is on hold."""
    if actor.kind is ActorKind.API_KEY:
        return next((person.member_id for person in before.people if person.held), None)
    return actor.id


def refusal_for(actor: Actor) -> Refused:
    """What whoever would lift a hold that is not theirs to lift is told."""
    if actor.kind is ActorKind.SETUP_LINK:
        return _NOT_MEANWHILE
    return HELD_BY_DIRECTORY if actor.kind is ActorKind.API_KEY else OWN_HOLD


def told_to(actor: Actor, settlement: Settlement) -> Settlement:
    """The same, where a hold would have been lifted in the words that are for this actor."""
    return replace(settlement, decision=refusal_for(actor)) if settlement.decision is OWN_HOLD else settlement
