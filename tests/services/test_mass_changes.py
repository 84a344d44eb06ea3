"""A directory that takes much from many in a short time raises one alarm, and is not held up by it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from sqlalchemy import func, select

from app.rules.actor import OPERATOR
from app.rules.errors import NotFoundError
from app.services import mass_changes, roles
from app.services.rows import MassChange, PersonRow
from app.store.mass_changes import MassChange as Row
from app.store.mass_changes import MassChangePerson
from tests.application import World
from tests.scenes import ADA, HOST, Organization, Provisioned, found_organization, provisioned

DETECTED = "directory.mass_change_detected"


@dataclass
class Crowd:
    """Ada and others, all managed by the directory; `users` are the SCIM ids of the others."""

    scene: Provisioned
    users: Sequence[str]

    @property
    def world(self) -> World:
        return self.scene.organization.world

    @property
    def organization(self) -> Organization:
        return self.scene.organization

    def deactivate(self, *numbers: int) -> None:
        """One request for each."""
        for number in numbers:
            assert self.scene.scim.set_active(self.users[number], False).status_code == 200

    def alarms(self) -> Sequence[MassChange]:
        with self.world.transactions.reading() as unit:
            return mass_changes.page(unit, self.organization.id, after="", limit=100)

    def people(self) -> Sequence[PersonRow]:
        """Whom the only alarm is about."""
        (alarm,) = self.alarms()
        with self.world.transactions.reading() as unit:
            return mass_changes.people(unit, self.organization.id, alarm.id, limit=100)

    def dismiss(self) -> None:
        with self.world.transactions.writing(OPERATOR) as unit:
            mass_changes.dismiss(unit, self.organization.id, self.alarms()[-1].id)

    def mails(self, address: str = ADA) -> list[str]:
        """Subjects of the alarms that this address got."""
        self.world.work()
        return [mail.subject for mail in self.world.post.to(address) if "deactivated or demoted" in mail.subject]


def crowd(world: World, managed: int) -> Crowd:
    scene = provisioned(world)
    return Crowd(scene, [scene.scim.add_user(f"person{number}@{HOST}") for number in range(managed - 1)])


def stored(world: World) -> tuple[int, int]:
    """How many bursts and people are stored."""
    with world.transactions.reading() as unit:
        bursts = unit.session.scalar(select(func.count()).select_from(Row))
        people = unit.session.scalar(select(func.count()).select_from(MassChangePerson))
        return bursts or 0, people or 0


def test_six_of_twenty_deactivated_one_by_one_raise_exactly_one_alarm(world: World) -> None:
    twenty = crowd(world, 20)

    twenty.deactivate(*range(5))
    before = twenty.alarms()
    twenty.deactivate(5)

    assert before == []
    (alarm,) = twenty.alarms()
    assert (alarm.people, alarm.managed, alarm.directory_id) == (6, 20, twenty.scene.directory_id)
    assert {person.email for person in twenty.people()} == {f"person{number}@{HOST}" for number in range(6)}
    assert {person.loss for person in twenty.people()} == {"deactivated"}
    (told,) = [event for event in twenty.organization.events() if event.type == DETECTED]
    assert told.subject == twenty.scene.directory_id
    assert told.data == {"alarm": alarm.id, "people": 6, "managed": 20}
    assert twenty.mails() == ["Okta has deactivated or demoted 6 people"]


def test_what_follows_in_the_same_burst_extends_the_list_in_silence(world: World) -> None:
    twenty = crowd(world, 20)
    twenty.deactivate(*range(6))

    world.clock.advance(minutes=9)
    twenty.deactivate(6)
    world.clock.advance(minutes=9)
    twenty.deactivate(7)

    assert len(twenty.alarms()) == 1
    assert len(twenty.people()) == 8
    assert len(twenty.mails()) == 1
    assert [event.type for event in twenty.organization.events()].count(DETECTED) == 1


def test_burst_has_ended_when_nobody_lost_anything_for_ten_minutes(world: World) -> None:
    twenty = crowd(world, 20)
    twenty.deactivate(*range(6))

    world.clock.advance(minutes=10)
    twenty.deactivate(*range(6, 12))

    assert [(alarm.people, alarm.managed) for alarm in twenty.alarms()] == [(6, 20), (6, 14)]
    assert len(twenty.mails()) == 2


@pytest.mark.parametrize(("managed", "gone"), [(20, 5), (40, 6), (30, 6)])
def test_five_people_or_a_fifth_of_them_are_no_alarm(world: World, managed: int, gone: int) -> None:
    people = crowd(world, managed)

    people.deactivate(*range(gone))

    assert people.alarms() == []
    assert people.mails() == []


def test_six_in_eleven_minutes_are_no_alarm(world: World) -> None:
    twenty = crowd(world, 20)

    for number in range(6):
        twenty.deactivate(number)
        world.clock.advance(minutes=2.2)

    assert twenty.alarms() == []


def test_six_in_ten_minutes_are_one_though_others_went_before(world: World) -> None:
    twenty = crowd(world, 20)

    for number in range(8):
        twenty.deactivate(number)
        world.clock.advance(minutes=2.2 if number < 3 else 1)

    assert [alarm.people for alarm in twenty.alarms()] == [6]
    assert len(twenty.people()) == 8


def test_person_who_goes_and_comes_back_counts_once(world: World) -> None:
    twenty = crowd(world, 20)

    for _ in range(3):
        twenty.deactivate(0, 1)
        for user in twenty.users[:2]:
            twenty.scene.scim.set_active(user, True)

    assert twenty.alarms() == []
    assert stored(world) == (1, 2)


def test_group_that_is_deleted_demotes_everybody_in_it_at_once(world: World) -> None:
    twenty = crowd(world, 20)
    with world.transactions.writing(OPERATOR) as unit:
        roles.to_add(unit, twenty.organization.id, slug="editor", name="Editor").apply()
    editors = twenty.scene.scim.add_group("Editors", *twenty.users[:7])
    twenty.organization.map_group(editors, "editor")

    assert twenty.scene.scim.request("DELETE", f"/Groups/{editors}").status_code == 204

    (alarm,) = twenty.alarms()
    assert (alarm.people, alarm.managed) == (7, 20)
    assert {(person.loss, person.role_before, person.role_after) for person in twenty.people()} == {
        ("demoted", "editor", "member")
    }


def test_deleted_users_count_as_deactivated(world: World) -> None:
    twenty = crowd(world, 20)

    for user in twenty.users[:6]:
        assert twenty.scene.scim.request("DELETE", f"/Users/{user}").status_code == 204

    assert [(alarm.people, alarm.managed) for alarm in twenty.alarms()] == [(6, 20)]


def test_everybody_is_deactivated_all_the_same(world: World) -> None:
    """It delays nothing and refuses nothing; the last administrator is held, and told."""
    ten = crowd(world, 10)

    ten.deactivate(*range(9))
    assert ten.scene.scim.set_active(ten.scene.ada, False).status_code == 200

    assert {ten.organization.member(f"person{number}@{HOST}").state for number in range(9)} == {"deactivated"}
    assert ten.organization.member(ADA).state == "deactivated"
    assert len(ten.people()) == 10
    assert len(ten.mails()) == 1


def test_administrators_who_are_gone_are_not_told(world: World) -> None:
    ten = crowd(world, 10)
    ten.scene.scim.add_member(ten.scene.admins, ten.users[0])
    ten.scene.scim.add_member(ten.scene.admins, ten.users[8])

    ten.deactivate(*range(6))

    assert ten.mails(f"person0@{HOST}") == []
    assert len(ten.mails(ADA)) == len(ten.mails(f"person8@{HOST}")) == 1


def test_dismissed_alarm_is_audited_and_what_follows_counts_anew(world: World) -> None:
    twenty = crowd(world, 20)
    twenty.deactivate(*range(6))

    twenty.dismiss()
    twenty.dismiss()
    twenty.deactivate(*range(6, 11))
    before = len(twenty.alarms())
    twenty.deactivate(11)

    assert before == 1
    assert [(alarm.people, alarm.managed, alarm.dismissed_by) for alarm in twenty.alarms()] == [
        (6, 20, "operator"),
        (6, 14, None),
    ]
    types = [event.type for event in twenty.organization.events()]
    assert types.count("directory.mass_change_dismissed") == 1


def test_alarm_of_another_organization_is_not_found(world: World) -> None:
    twenty = crowd(world, 20)
    twenty.deactivate(*range(6))
    other = found_organization(world, "eve@other.test", "Other")

    with world.transactions.writing(OPERATOR) as unit:
        for use in (mass_changes.read, mass_changes.dismiss):
            with pytest.raises(NotFoundError):
                use(unit, other.id, twenty.alarms()[0].id)


def test_two_pushes_that_reach_the_threshold_at_once_raise_one_alarm(world: World) -> None:
    twenty = crowd(world, 20)
    twenty.deactivate(*range(5))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(twenty.deactivate, range(5, 9)))

    assert len(twenty.alarms()) == 1
    assert len(twenty.people()) == 9
    assert len(twenty.mails()) == 1


def test_what_is_past_its_days_is_forgotten(world: World) -> None:
    twenty = crowd(world, 20)
    twenty.deactivate(*range(6))
    world.clock.advance(minutes=30)
    twenty.deactivate(6)
    assert stored(world) == (2, 7)

    world.clock.advance(days=2)
    world.work()
    assert stored(world) == (1, 6)

    twenty.dismiss()
    world.clock.advance(days=91)
    world.work()
    assert stored(world) == (0, 0)


def test_push_in_which_nobody_loses_anything_asks_nothing(world: World, caplog: pytest.LogCaptureFixture) -> None:
    twenty = crowd(world, 20)

    with caplog.at_level(logging.DEBUG, "doorward.sql"):
        twenty.scene.scim.add_user(f"new@{HOST}")
        twenty.scene.scim.add_member(twenty.scene.admins, twenty.users[0])
        before = caplog.text
        twenty.deactivate(1)

    assert "members" in before
    assert "mass_change" not in before
    assert "mass_change" in caplog.text


def test_second_wave_is_told_of_although_leavers_came_all_the_time_in_between(world: World) -> None:
    """Nobody dismissed the first alarm, and somebody left every nine minutes."""
    everybody = crowd(world, 60)
    everybody.deactivate(*range(13))
    for leaver in range(13, 23):
        world.clock.advance(minutes=9)
        everybody.deactivate(leaver)
    assert len(everybody.mails()) == 1

    world.clock.advance(minutes=9)
    everybody.deactivate(*range(23, 45))

    assert len(everybody.mails()) == 2
