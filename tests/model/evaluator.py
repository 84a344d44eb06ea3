"""Roles, states, holds and refusals worked out from what the product promises in words, by no code of the product.

What a person or directory said is taken from a small world; nothing else of it is believed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: (the role that counts, where it comes from)
Role = tuple[str, str]
_RANK = {"admin": 2, "editor": 1, "member": 0}


@dataclass(frozen=True)
class Outcome:
    """Who stands how, by place: active, and on hold; or that it was refused."""

    refused: bool
    active: dict[int, bool]
    held: frozenset[int]


def members(world: Any) -> list[int]:
    return [who for who, person in enumerate(world.people) if person.membership == 1]


def role(world: Any, who: int) -> Role:
    """The highest role mapped from their groups, else the granted one, else the default."""
    person = world.people[who]
    counting = person.groups & world.alive if world.directory_on and person.linked else 0
    if not world.directory_on:
        counting = max(person.sent, 0)
    mapped = [slug for group, slug in enumerate(world.mapped) if slug and counting >> group & 1]
    if mapped:
        return max(mapped, key=_RANK.__getitem__), "mapped"
    return (person.granted, "granted") if person.granted else (world.default, "default")


def active(world: Any, who: int) -> bool:
    """Listed active or inactive by an active directory; whoever it does not know stays as they are."""
    person = world.people[who]
    if not (world.directory_on and (person.linked or person.buried)):
        return bool(person.active)
    return bool(person.linked and person.listed == 1)


def way_in(world: Any, who: int, *, is_active: bool) -> str | None:
    person = world.people[who]
    if not is_active or person.suspended:
        return None
    if not world.sso_on:
        return "email_code" if person.signed_in else None
    if world.verified >> person.host & 1:
        return "single_sign_on" if person.proven else None
    return "email_code" if world.guests_allowed else None


def judge(known: Any, facts: Any, *, by_person: bool, acting: int | None) -> Outcome:
    """What becomes of a change that would leave `facts`, everybody's holds aside."""
    was = {who: bool(known.people[who].active) for who in members(known)}
    becomes = {who: active(facts, who) for who in members(facts)}
    admins_before = {who for who in was if known.people[who].held or role(known, who)[0] == "admin"}
    admins = {who for who in becomes if role(facts, who)[0] == "admin"}
    held = {who for who in was if known.people[who].held}
    usable_before = {who for who in admins_before - held if way_in(known, who, is_active=was[who])}
    usable = {who for who in admins if way_in(facts, who, is_active=becomes[who])}
    there_before = {who for who in admins_before if was[who] and not known.people[who].suspended}
    there = {who for who in admins if becomes[who] and not facts.people[who].suspended}
    refused = Outcome(True, was, frozenset(held))
    if acting in held and acting in there:
        return refused
    if usable:
        return Outcome(False, becomes, frozenset())
    kept = held - there
    if by_person:
        lost = {who for who in held if _cannot_return(known, facts, who, was.get(who, False), becomes.get(who))}
        last_words = lost == held if held else bool(there_before) and not there
        return refused if usable_before or last_words else Outcome(False, becomes, frozenset(kept))
    last = usable_before or (set() if there or held else there_before)
    latest = max(last, key=lambda who: known.people[who].signed_in, default=None)
    if latest is not None and not held and latest not in there:
        kept = {latest}
    return Outcome(False, becomes, frozenset(kept))


def _cannot_return(known: Any, facts: Any, who: int, was_active: bool, is_active: bool | None) -> bool:
    """Whether somebody on hold would be gone, suspended, or without the way in they have."""
    if is_active is None or facts.people[who].suspended:
        return True
    before, after = way_in(known, who, is_active=was_active), way_in(facts, who, is_active=is_active)
    return before is not None and after is None
