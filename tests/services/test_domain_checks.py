"""Administrators hear of what the checks of a domain find while nobody is looking: once, and with what to do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.ports.dns import TxtAnswer
from app.ports.mail import Mail
from app.rules.actor import OPERATOR, SYSTEM, Actor
from app.rules.decisions import Refused
from app.rules.domains import DomainState, record_value
from app.services import domains, members, worker
from app.services.connections import acting_of
from app.store.organizations import Domain
from tests.application import BASE_URL, World
from tests.scenes import ADA, HOST, Organization, found_organization


class Claimed:
    """Acme, which has claimed its domain and published nothing yet."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.organization: Organization = found_organization(world)
        with world.transactions.writing(OPERATOR) as unit:
            ada = members.read(unit, self.organization.id, self.organization.admin_id)
            claimed = domains.claim(unit, self.organization.id, host=HOST, acting=acting_of(ada))
            assert not isinstance(claimed, Refused)
            self.id, self._record = claimed.id, record_value(claimed.token)
        world.work()
        world.post.mails.clear()

    def publish(self) -> None:
        self.world.dns.records[HOST] = [self._record]

    def unpublish(self) -> None:
        self.world.dns.records[HOST] = []

    def check_by_hand(self, actor: Actor) -> None:
        found = self.world.dns.txt(HOST)
        with self.world.transactions.writing(actor) as unit:
            assert not isinstance(domains.apply_answer(unit, self.organization.id, self.id, found), Refused)

    def pass_hours(self, hours: int) -> None:
        """The worker at its checks, six times or more, and every six hours at least."""
        step = min(6.0, hours / 6)
        for _ in range(round(hours / step)):
            self.world.clock.advance(hours=step)
            worker.check_domains(self.world.transactions)
            self.world.deliver()

    def now(self) -> Domain:
        with self.world.transactions.reading() as unit:
            return domains.read(unit, self.organization.id, self.id)

    def mails(self) -> list[Mail]:
        """What Ada got."""
        self.world.deliver()
        return self.world.post.to(ADA)

    def subjects(self) -> list[str]:
        return [mail.subject for mail in self.mails()]


@pytest.fixture
def claimed(world: World) -> Claimed:
    return Claimed(world)


def test_record_found_by_the_worker_is_told_once_with_what_it_means_and_where(claimed: Claimed) -> None:
    claimed.publish()

    claimed.pass_hours(26)

    (mail,) = claimed.mails()
    assert mail.subject == "acme.test is verified"
    assert "Addresses at acme.test can use single sign-on and come from your directory." in mail.text
    assert f"{BASE_URL}/settings/authentication#{claimed.id}" in mail.text


def test_record_found_by_an_administrator_who_looked_is_not_mailed(claimed: Claimed) -> None:
    claimed.publish()

    claimed.check_by_hand(claimed.organization.acting_as(ADA))
    claimed.pass_hours(13)

    assert claimed.now().state == DomainState.VERIFIED
    assert claimed.mails() == []


def test_domain_that_is_not_verified_in_thirty_days_is_told_once_with_what_to_do(claimed: Claimed) -> None:
    claimed.pass_hours(24 * 30 - 6)
    before = claimed.subjects()
    claimed.pass_hours(24 * 3)

    assert before == []
    assert claimed.now().state == DomainState.FAILED
    (mail,) = claimed.mails()
    assert mail.subject == "acme.test was not verified within 30 days"
    assert "press Check now: that says what was found, and begins another 30 days." in mail.text
    assert f"{BASE_URL}/settings/authentication#{claimed.id}" in mail.text


def test_record_that_vanishes_is_told_once_at_the_second_miss_and_again_when_it_vanishes_again(
    claimed: Claimed,
) -> None:
    claimed.publish()
    claimed.check_by_hand(claimed.organization.acting_as(ADA))

    claimed.unpublish()
    claimed.pass_hours(12)
    missed_once = (claimed.now().missing_since is not None, claimed.subjects())
    claimed.pass_hours(60)
    (mail,) = claimed.mails()
    claimed.publish()
    claimed.pass_hours(12)
    claimed.unpublish()
    claimed.pass_hours(36)

    assert missed_once == (True, [])
    assert mail.subject == "The DNS record of acme.test is gone"
    assert "has not found the DNS record of acme.test since " in mail.text
    assert "Nothing is turned off" in mail.text
    assert f"{BASE_URL}/settings/authentication#{claimed.id}" in mail.text
    assert claimed.subjects() == [mail.subject] * 2


def test_look_up_that_learned_nothing_takes_no_record_for_gone(claimed: Claimed) -> None:
    claimed.publish()
    claimed.check_by_hand(claimed.organization.acting_as(ADA))

    for _ in range(4):
        claimed.world.clock.advance(hours=12)
        with claimed.world.transactions.writing(SYSTEM) as unit:
            nothing = TxtAnswer(host=HOST, problem="no name server answered in time")
            domains.apply_answer(unit, claimed.organization.id, claimed.id, nothing)

    assert claimed.now().missing_since is None
    assert claimed.mails() == []


def test_record_that_was_there_and_did_not_verify_is_given_up_with_the_reason(claimed: Claimed) -> None:
    other = found_organization(claimed.world, "eve@elsewhere.test", "Other")
    with claimed.world.transactions.writing(OPERATOR) as unit:
        eve = members.read(unit, other.id, other.admin_id)
        for host in ("elsewhere.test", HOST):
            theirs = domains.claim(unit, other.id, host=host, acting=acting_of(eve))
            assert not isinstance(theirs, Refused), theirs
            domains.verify_by_operator(unit, other.id, theirs.id)
    claimed.publish()
    claimed.pass_hours(24 * 31)

    (mail,) = claimed.mails()
    assert mail.subject == "acme.test was not verified within 30 days"
    assert "the record is there, but: " in mail.text
    assert "see that the record is published" not in mail.text


def test_record_that_is_missed_only_once_is_not_mailed(claimed: Claimed) -> None:
    claimed.publish()
    claimed.check_by_hand(claimed.organization.acting_as(ADA))
    claimed.unpublish()
    claimed.pass_hours(13)

    claimed.publish()
    claimed.pass_hours(24)

    assert claimed.now().missing_since is None
    assert claimed.mails() == []


def test_looking_by_hand_in_between_neither_doubles_nor_swallows_the_mail(claimed: Claimed) -> None:
    ada = claimed.organization.acting_as(ADA)
    claimed.publish()
    claimed.check_by_hand(ada)
    claimed.unpublish()
    claimed.pass_hours(12)

    for _ in range(4):
        claimed.pass_hours(5)
        claimed.check_by_hand(ada)

    assert claimed.subjects() == ["The DNS record of acme.test is gone"]


def test_two_workers_that_find_the_record_at_once_tell_it_once(claimed: Claimed) -> None:
    claimed.publish()
    found = claimed.world.dns.txt(HOST)

    def apply(_: int) -> None:
        with claimed.world.transactions.writing() as unit:
            domains.apply_answer(unit, claimed.organization.id, claimed.id, found)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(apply, range(2)))

    assert claimed.subjects() == ["acme.test is verified"]
