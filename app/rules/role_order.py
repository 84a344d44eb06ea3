"""The order of roles: priorities are distinct, admin is on top, and whoever is in two mapped groups has the higher one.

Everywhere here `priorities` is role -> number, and an order is a sequence of roles, highest first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from app.rules.decisions import Allowed, Code, Decision, Refused
from app.rules.errors import InvalidInputError
from app.rules.roles import ADMIN, ADMIN_ON_TOP, ADMIN_PRIORITY, MEMBER_PRIORITY

_STEP = 10


def in_order(priorities: Mapping[str, int]) -> tuple[str, ...]:
    """The roles, highest first."""
    return tuple(sorted(priorities, key=lambda slug: (-priorities[slug], slug)))


def free_priority(priorities: Mapping[str, int]) -> int:
    """A number nobody has, as high as possible: a new role stands directly below admin, where nobody has it yet."""
    taken = frozenset(priorities.values())
    highest = max((number for slug, number in priorities.items() if slug != ADMIN), default=MEMBER_PRIORITY)
    if highest + _STEP < ADMIN_PRIORITY:
        return highest + _STEP
    return next(number for number in range(ADMIN_PRIORITY - 1, MEMBER_PRIORITY, -1) if number not in taken)


def read_order(slugs: Sequence[str], *, known: Collection[str]) -> tuple[str, ...]:
    """A whole order, which names every role once. Raises InvalidInputError."""
    if sorted(slugs) != sorted(known):
        raise InvalidInputError("Name every role of the organization exactly once, the highest first.", field="slugs")
    return tuple(slugs)


def judge_order(order: Sequence[str]) -> Decision:
    """Admin comes first."""
    return Allowed() if order[0] == ADMIN else ADMIN_ON_TOP


def judge_step(order: Sequence[str], slug: str, *, up: bool) -> Decision:
    """Whether a role may change places with its neighbour: admin with none, and the lowest not further down."""
    if slug == ADMIN or (up and order.index(slug) == 1):
        return ADMIN_ON_TOP
    if not up and order[-1] == slug:
        return Refused(Code.ROLE_LOWEST, "No role stands below this one.")
    return Allowed()


def step(order: Sequence[str], slug: str, *, up: bool) -> tuple[str, ...]:
    """The order in which a role has changed places with its neighbour; ask `judge_step` first."""
    moved, place = list(order), order.index(slug)
    other = place - 1 if up else place + 1
    moved[place], moved[other] = moved[other], moved[place]
    return tuple(moved)


def deal(order: Sequence[str], priorities: Mapping[str, int]) -> dict[str, int]:
    """The same numbers dealt anew in this order, in which admin is first: a number that somebody chose stays in use.

    Where two roles had the same one there is nothing to deal, and all but admin get new ones.
    """
    below = [slug for slug in order if slug != ADMIN]
    numbers = sorted({priorities[slug] for slug in below}, reverse=True)
    if len(numbers) < len(below):
        numbers = [MEMBER_PRIORITY + _STEP * place for place in reversed(range(len(below)))]
    return {ADMIN: ADMIN_PRIORITY, **dict(zip(below, numbers, strict=True))}


@dataclass(frozen=True, slots=True)
class Overtaking:
    """Whom a new order may concern: people whose role is in `losers` and who are in a group mapped to one of
    `winners`.
    """

    winners: frozenset[str]
    losers: frozenset[str]


def overtaking(before: Mapping[str, int], after: Mapping[str, int], *, mapped: Collection[str]) -> Overtaking:
    """What changes between two orders. Only roles that groups are mapped to compete at all."""
    competing = [slug for slug in frozenset(mapped) if slug in before]
    pairs = [
        (winner, loser)
        for winner in competing
        for loser in competing
        if before[winner] <= before[loser] and after[winner] > after[loser]
    ]
    return Overtaking(frozenset(winner for winner, _ in pairs), frozenset(loser for _, loser in pairs))
