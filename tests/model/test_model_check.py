"""Every small world within a few steps keeps every promise; a rule that is broken on purpose is found out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from app.rules import lockout
from app.rules.decisions import Refused
from app.rules.lockout import OWN_HOLD, Settlement, World, settle
from app.rules.roles import EffectiveRole, RoleSource
from tests.model.beginnings import beginnings
from tests.model.search import search
from tests.model.world import Person, canonical
from tests.model.world import World as SmallWorld

Settle = Callable[..., Settlement]


def test_every_world_within_three_steps_keeps_every_promise() -> None:
    found = search(beginnings(people=3), depth=3)

    assert found.counterexample is None, str(found.counterexample)
    assert found.states > 10_000


def holds_nobody(before: World, after: World, **asked: object) -> Settlement:
    outcome = settle(before, after, **asked)  # type: ignore[arg-type]  # settle's own names
    return outcome if isinstance(outcome.decision, Refused) else replace(outcome, people=after.people)


def refuses_nobody(before: World, after: World, **_: object) -> Settlement:
    return settle(before, after, by_person=False)


def refuses_pushes(before: World, after: World, **_: object) -> Settlement:
    return settle(before, after, by_person=True)


def never_releases(before: World, after: World, **asked: object) -> Settlement:
    outcome = settle(before, after, **asked)  # type: ignore[arg-type]  # settle's own names
    held = {person.member_id for person in before.people if person.held}
    people = tuple(
        replace(person, held=True, role=EffectiveRole("admin", RoleSource.HELD)) if person.member_id in held else person
        for person in outcome.people
    )
    return replace(outcome, people=people)


def writes_what_it_refuses(before: World, after: World, **asked: object) -> Settlement:
    outcome = settle(before, after, **asked)  # type: ignore[arg-type]  # settle's own names
    return replace(outcome, people=after.people) if isinstance(outcome.decision, Refused) else outcome


def lets_holds_be_lifted(before: World, after: World, *, by_person: bool, **_: object) -> Settlement:
    return settle(before, after, by_person=by_person)


def refuses_whoever_is_on_hold(before: World, after: World, **asked: object) -> Settlement:
    held = {person.member_id for person in before.people if person.held}
    return Settlement(OWN_HOLD, before.people) if asked.get("acting") in held else settle(before, after, **asked)  # type: ignore[arg-type]  # settle's own names


@pytest.mark.parametrize(
    ("broken", "promise", "way"),
    [
        (holds_nobody, "recovery is for nobody", ("the directory deactivates Ada",)),
        (refuses_nobody, "put somebody on hold", ("the operator gives Ada the role member",)),
        (refuses_pushes, "was refused", ("the directory deactivates Ada",)),
        (never_releases, "stays on hold", ("the operator gives Ada the role admin",)),
        (writes_what_it_refuses, "changed something", ("the operator suspends Ada",)),
        (lets_holds_be_lifted, "lifted their own hold", ("Ada gives Ada the role admin",)),
        (
            refuses_whoever_is_on_hold,
            "leaves a usable administrator",
            ("the directory creates Grace, active", "Grace signs in by email code", "Ada gives Grace the role admin"),
        ),
    ],
)
def test_rule_that_is_broken_is_found_out_by_the_shortest_way(
    broken: Settle, promise: str, way: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lockout, "settle", broken)

    counterexample = search(beginnings(people=3), depth=3).counterexample

    assert counterexample is not None
    assert promise in counterexample.promise
    assert counterexample.sentences == way


def test_counterexample_reads_as_a_story_in_which_everybody_keeps_their_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockout, "settle", holds_nobody)
    founded = {name: world for name, world in beginnings(people=2).items() if "domain is verified" in name}

    counterexample = search(founded, depth=4).counterexample

    assert str(counterexample).splitlines() == [
        "Nobody is a usable administrator, and recovery is for nobody.",
        "0. Ada's domain is verified, and she has stored recovery codes.",
        "1. the operator maps Admins to editor",
        "2. Ada tests the connection, which says nothing of groups",
        "3. the operator requires single sign-on as Ada tested it",
        "4. Ada signs in through the provider, which sends Admins",
    ]


def test_worlds_that_differ_in_names_only_are_one() -> None:
    first, second = Person(membership=1, groups=0b01), Person(membership=1, sent=0b10)
    world = SmallWorld((first, second, Person()), mapped=("admin", ""), alive=0b01)
    renamed = SmallWorld(
        (Person(), second._replace(sent=0b01), first._replace(groups=0b10)), mapped=("", "admin"), alive=0b10
    )

    assert canonical(world) == canonical(renamed)
    assert canonical(world) != canonical(world._replace(alive=0b10))
