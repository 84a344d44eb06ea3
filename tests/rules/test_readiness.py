"""Readiness: by which way in each kind of person comes, why they are ready or are not, and what would make them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.rules.lockout import Guests, WayIn
from app.rules.readiness import EVERYBODY, Filter, Reason, Setting, Traits, every_trait, number_of, readiness

STRANGER = Traits(is_member=True, at_verified_host=True, proven=False, seen=False, listed=False)
ALONE = Setting(Guests.REFUSE, has_directory=False, in_force=False)
WITH_DIRECTORY = replace(ALONE, has_directory=True)
WITH_GUESTS = replace(ALONE, guests=Guests.EMAIL_CODE)
SSO, CODE = WayIn.SINGLE_SIGN_ON, WayIn.EMAIL_CODE


@pytest.mark.parametrize(
    ("person", "setting", "ready", "way_in", "reason"),
    [
        (replace(STRANGER, proven=True), ALONE, True, SSO, Reason.PROVEN),
        (replace(STRANGER, seen=True), ALONE, True, SSO, Reason.SEEN),
        (replace(STRANGER, listed=True), WITH_DIRECTORY, True, SSO, Reason.LISTED),
        (replace(STRANGER, proven=True, listed=True), WITH_DIRECTORY, True, SSO, Reason.PROVEN),
        (STRANGER, ALONE, False, SSO, Reason.NEVER_SEEN),
        (STRANGER, WITH_DIRECTORY, False, SSO, Reason.NOT_IN_DIRECTORY),
        (replace(STRANGER, is_member=False), ALONE, False, SSO, Reason.INVITED),
        (replace(STRANGER, at_verified_host=False), ALONE, False, None, Reason.OTHER_DOMAIN),
        (replace(STRANGER, at_verified_host=False, proven=True), ALONE, False, None, Reason.OTHER_DOMAIN),
        (replace(STRANGER, at_verified_host=False), WITH_GUESTS, True, CODE, Reason.GUEST),
        (replace(STRANGER, at_verified_host=False, is_member=False), WITH_GUESTS, False, CODE, Reason.INVITED),
        (replace(STRANGER, at_verified_host=False, is_member=False), ALONE, False, None, Reason.OTHER_DOMAIN),
    ],
)
def test_each_person_is_ready_or_not_for_one_reason(
    person: Traits, setting: Setting, ready: bool, way_in: WayIn | None, reason: Reason
) -> None:
    found = readiness(person, setting)

    assert (found.ready, found.way_in, found.reason) == (ready, way_in, reason)


def test_whoever_is_not_ready_is_told_one_thing_to_do_and_nobody_else_is() -> None:
    for person in every_trait():
        for setting in (ALONE, WITH_DIRECTORY, WITH_GUESTS, replace(ALONE, in_force=True)):
            found = readiness(person, setting)
            assert bool(found.fix) is not found.ready, person


def test_what_to_do_depends_on_whether_signing_in_is_possible_already() -> None:
    before, after = readiness(STRANGER, ALONE), readiness(STRANGER, replace(ALONE, in_force=True))

    assert before.fix.startswith("Assign the application")
    assert after.fix.startswith("Have them sign in once")


def test_invited_person_of_a_directory_has_to_come_from_there() -> None:
    invited = replace(STRANGER, is_member=False)

    assert readiness(invited, ALONE).fix == "Have them accept the invitation."
    assert "directory" in readiness(invited, WITH_DIRECTORY).fix


def test_every_kind_of_person_has_a_number_of_its_own() -> None:
    numbers = [number_of(person) for person in every_trait()]

    assert sorted(numbers) == list(range(32))
    assert number_of(Traits(True, False, False, False, False)) == 1
    assert number_of(Traits(False, False, False, False, True)) == 16


def test_filter_takes_by_readiness_and_by_reason() -> None:
    ready, not_ready = readiness(replace(STRANGER, proven=True), ALONE), readiness(STRANGER, ALONE)

    def taken(wanted: Filter) -> list[bool]:
        return [wanted.takes(ready), wanted.takes(not_ready)]

    assert taken(EVERYBODY) == [True, True]
    assert taken(Filter(ready=True)) == [True, False]
    assert taken(Filter(ready=False)) == [False, True]
    assert taken(Filter(reason=Reason.NEVER_SEEN)) == [False, True]
    assert taken(Filter(ready=True, reason=Reason.NEVER_SEEN)) == [False, False]
