"""Followed metadata over the real routes and the real worker, with real signatures: a provider changes its keys, its
address and its mind.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.ports.http import HttpAnswer, HttpFailedError
from app.rules.actor import OPERATOR
from app.rules.decisions import Refused
from app.rules.expiry import Expiring
from app.rules.following import Published
from app.services import connection_settings, connections, expiry, following
from app.store import following as following_rows
from app.store.audit import AuditEntry
from app.store.events import EVENTS
from app.store.following import CertificateUse, FollowedMetadata
from tests.application import BASE_URL, World
from tests.saml.forge import MORE, Signing, nobody_asked
from tests.saml.published import METADATA_URL, key, metadata
from tests.scenes import ADA
from tests.web.api.caller import Api
from tests.web.settings.scenes import Desk, answer_about, answer_to, desk, flat, issued_at, post_answer

OLD, NEXT, ATTACKER = Signing(), Signing(key="next"), Signing(key="attacker")
BY_URL = {"idp.metadata_url": METADATA_URL, "idp.entity_id": "", "idp.sso_url": "", "idp.certificates": ""}
MOVED = "https://idp.test/moved"


@dataclass
class Publisher:
    """An Http port with one provider at its other end, which publishes metadata and counts who reads it."""

    document: bytes = b""
    status: int = 200
    failure: str = ""
    reads: int = 0
    meanwhile: Callable[[], None] = field(default=lambda: None)

    def publish(self, *names: str, **changes: Any) -> None:
        """The certificates of these pairs, and whatever else is different from before."""
        self.document, self.status, self.failure = metadata(keys="".join(map(key, names)), **changes).encode(), 200, ""

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        assert url.startswith(METADATA_URL)
        self.reads += 1
        self.meanwhile()
        if self.failure:
            raise HttpFailedError(self.failure)
        return HttpAnswer(self.status, {}, self.document)

    def post_form(self, url: str, fields: Mapping[str, str], *, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        raise AssertionError("nothing is posted to a provider of metadata")


@dataclass
class Followed:
    """An organization that requires single sign-on with a provider whose metadata it follows."""

    ada: Desk
    provider: Publisher
    connection_id: str

    @property
    def world(self) -> World:
        return self.ada.world

    def sign_in(self, signing: Signing, email: str = ADA) -> bool:
        """Whether somebody gets in whom the provider vouches for with this key."""
        return self.ada.lets_in(self.connection_id, email, signing)

    def sends_to(self) -> str:
        """Where the browser is sent to sign in."""
        left = self.world.browser().client.get(f"/saml/{self.connection_id}/login", base_url=BASE_URL)
        return left.headers["Location"].partition("?")[0]

    def read_now(self) -> None:
        """Its turn comes, and the worker takes it."""
        self.world.clock.advance(hours=25)
        self.world.work()

    def told(self) -> list[tuple[str, Mapping[str, Any]]]:
        """What was told of its metadata, in that order."""
        with self.world.transactions.reading() as unit:
            rows = unit.connection.execute(select(EVENTS.c.type, EVENTS.c.data).order_by(EVENTS.c.id)).all()
        return [(row.type.removeprefix("connection."), row.data) for row in rows if ".metadata_" in row.type]

    def audited(self) -> list[AuditEntry]:
        with self.world.transactions.reading() as unit:
            query = (
                select(AuditEntry).where(AuditEntry.action.startswith("connection.metadata_")).order_by(AuditEntry.id)
            )
            return list(unit.session.scalars(query))

    def row(self) -> FollowedMetadata:
        """What is stored of the metadata of the first revision."""
        with self.world.transactions.reading() as unit:
            return unit.session.scalars(select(FollowedMetadata).order_by(FollowedMetadata.revision_id)).all()[0]

    def edit(self, **changes: str) -> None:
        path = f"/settings/connections/{self.connection_id}/edit"
        answer = self.ada.browser.submit(path, name="Acme Okta", **(BY_URL | changes))
        assert "connection-saved" in answer.headers["Location"], answer.text

    def take_over(self) -> str:
        """Press the button."""
        answer = self.ada.browser.submit(f"/settings/connections/{self.connection_id}/take-over")
        return answer.headers.get("Location", flat(answer.text))

    def put_in_force(self, signing: Signing) -> None:
        """Test what waits, then activate it."""
        self.sign_in_at_the_desk(signing)
        self.ada.test_sign_in(self.connection_id, signing=signing)
        answer = self.ada.browser.submit_as_planned(f"/settings/connections/{self.connection_id}/activate")
        assert "revision-applied" in answer.headers["Location"], flat(answer.text)

    def sign_in_at_the_desk(self, signing: Signing) -> None:
        """Ada signs in again where she administers, as she has to after a day."""
        browser = self.ada.browser
        left = browser.client.get(f"/saml/{self.connection_id}/login", base_url=BASE_URL)
        assert answer_to(left.headers["Location"], browser, self.connection_id, ADA, signing).status_code == 303
        browser.get("/settings/authentication")


@pytest.fixture
def followed(world: World) -> Followed:
    """Single sign-on is required, with one certificate, and the worker has read the metadata once."""
    provider = Publisher()
    world.switchboard.end = provider
    ada = desk(world)
    provider.publish("idp")
    scene = Followed(ada, provider, ada.require_single_sign_on(**BY_URL))
    world.clock.advance(minutes=1)  # the worker has just looked what is due
    world.work()
    assert provider.reads == 2  # when it was set up, and when it came into force
    provider.reads = 0
    return scene


def fingerprint(followed: Followed, place: int) -> str:
    """That of the certificate at this place of the metadata as it was last read."""
    return str(followed.row().certificates[place]["fingerprint"])


def test_key_that_was_just_published_lets_people_in_at_once(followed: Followed) -> None:
    followed.provider.publish("idp", "next")
    followed.world.clock.advance(minutes=2)

    assert followed.sign_in(NEXT)

    assert followed.provider.reads == 1
    assert followed.told() == [("metadata_changed", {"appeared": [fingerprint(followed, 1)], "vanished": []})]
    assert followed.sign_in(NEXT)
    assert followed.sign_in(OLD)
    assert followed.provider.reads == 1


def test_provider_goes_over_to_another_kind_of_key(followed: Followed) -> None:
    followed.provider.publish("idp", "ec")
    followed.world.clock.advance(minutes=2)

    assert followed.sign_in(Signing(key="ec", method=f"{MORE}ecdsa-sha256"))
    assert followed.sign_in(OLD)


def test_certificate_that_appears_is_trusted_from_the_next_reading_on(followed: Followed) -> None:
    followed.provider.publish("idp", "next")

    followed.read_now()

    assert followed.provider.reads == 1
    assert followed.sign_in(NEXT)
    assert followed.provider.reads == 1
    (entry,) = followed.audited()
    assert (entry.actor_kind, entry.actor_label, entry.subject) == ("system", "system", followed.connection_id)
    assert [len(side["certificates"]) for side in (entry.before, entry.after)] == [1, 2]


def test_reading_that_says_the_same_is_not_told(followed: Followed) -> None:
    followed.read_now()
    assert followed.provider.reads == 1
    assert followed.told() == []


def test_certificate_that_is_gone_from_the_metadata_is_trusted_until_it_is_taken_over(followed: Followed) -> None:
    followed.provider.publish("next")
    followed.read_now()
    followed.sign_in_at_the_desk(OLD)

    page = flat(followed.ada.page())

    assert "The metadata no longer names a certificate of these settings Still trusted" in page
    assert "in the settings, no longer in the metadata" in page
    assert "connection-saved" in followed.take_over()


def test_key_gone_and_sign_on_url_moved_wait_until_they_are_taken_over_tested_and_put_in_force(
    followed: Followed,
) -> None:
    followed.provider.publish("next", location=MOVED)
    followed.read_now()
    assert followed.sign_in(OLD)
    assert followed.sign_in(NEXT)
    assert followed.sends_to() != MOVED
    followed.sign_in_at_the_desk(NEXT)
    assert "The metadata names another sign-on URL" in followed.ada.page()
    assert MOVED in followed.ada.page()

    assert "connection-saved" in followed.take_over()

    page = flat(followed.ada.page())
    assert "Revision 2 waits for its test" in page
    assert "The settings that wait say what the metadata says." in page
    assert followed.sends_to() != MOVED
    assert followed.sign_in(OLD)
    followed.put_in_force(NEXT)
    assert followed.sends_to() == MOVED
    assert followed.sign_in(NEXT)
    assert not followed.sign_in(OLD)
    assert "The metadata names another sign-on URL" not in followed.ada.page()


def test_nothing_is_taken_over_where_the_metadata_says_nothing_else_or_that_waits_already(followed: Followed) -> None:
    assert "The metadata says nothing that is not in force already." in followed.take_over()
    followed.provider.publish("next")
    followed.read_now()
    followed.sign_in_at_the_desk(NEXT)
    assert "connection-saved" in followed.take_over()
    assert "The settings that wait say what the metadata says." in followed.take_over()


def test_taking_over_does_not_drop_an_edit_that_waits(followed: Followed) -> None:
    followed.ada.page()
    followed.edit(**{"attributes.first_name": "nickname"})
    followed.provider.publish("next")
    followed.read_now()
    followed.sign_in_at_the_desk(NEXT)

    assert "Other settings wait, which taking over would drop." in followed.take_over()

    assert "nickname" in flat(followed.ada.page())
    with followed.world.transactions.reading() as unit:
        waiting = connections.read(unit, followed.ada.organization.id, followed.connection_id).latest_revision
    discard = f"/settings/connections/{followed.connection_id}/revisions/{waiting}/discard"
    assert followed.ada.browser.submit_as_planned(discard).status_code == 303
    followed.ada.page()
    assert "connection-saved" in followed.take_over()
    followed.provider.publish("next", location=MOVED)
    followed.read_now()
    followed.sign_in_at_the_desk(NEXT)
    assert "connection-saved" in followed.take_over()  # what waits came of the metadata as well


def test_followed_certificate_that_is_withdrawn_is_no_longer_trusted(followed: Followed) -> None:
    followed.provider.publish("idp", "next")
    followed.read_now()
    gone = fingerprint(followed, 1)
    followed.provider.publish("idp")

    followed.read_now()

    assert not followed.sign_in(NEXT)
    assert followed.told()[-1] == ("metadata_changed", {"appeared": [], "vanished": [gone]})


FAULTS: dict[str, Callable[[Publisher], None]] = {
    "another identity provider: its entityID is https://evil.test": lambda it: it.publish(
        "attacker", entity_id="https://evil.test"
    ),
    "The metadata is not XML": lambda it: setattr(it, "document", b"<EntityDescriptor"),
    "it took longer than 5 seconds": lambda it: setattr(it, "failure", "it took longer than 5 seconds."),
    "the metadata was valid until 2026-11-24": lambda it: it.publish(
        "attacker", until=' validUntil="2026-11-24T00:00:00Z"'
    ),
}


@pytest.mark.parametrize("sentence", FAULTS)
def test_metadata_that_cannot_be_followed_changes_nothing_and_is_told_once_until_it_can(
    followed: Followed, sentence: str
) -> None:
    FAULTS[sentence](followed.provider)

    followed.read_now()

    assert followed.sign_in(OLD)
    assert not followed.sign_in(ATTACKER)
    ((told, data),) = followed.told()
    assert (told, sentence in data["reason"]) == ("metadata_failed", True)
    followed.sign_in_at_the_desk(OLD)
    assert sentence in flat(followed.ada.page())
    assert "What it said before stays in force." in flat(followed.ada.page())
    followed.world.clock.advance(minutes=30)
    followed.world.work()
    assert len(followed.told()) == 1
    assert followed.row().failures == 2
    followed.provider.publish("idp")
    followed.read_now()
    assert [told for told, _ in followed.told()] == ["metadata_failed", "metadata_recovered"]
    assert followed.row().failures == 0
    followed.sign_in_at_the_desk(OLD)
    assert "What it said before" not in followed.ada.page()


def test_metadata_is_tried_again_sooner_after_a_failure_and_ever_later(followed: Followed) -> None:
    followed.provider.status = 503
    followed.read_now()
    waits = []
    for _ in range(3):
        next_at = followed.row().next_read_at
        assert next_at is not None
        waits.append((next_at - followed.world.clock.now()).total_seconds())
        followed.world.clock.time = next_at
        followed.world.work()
    assert waits == [300, 600, 1200]


def test_forged_answers_have_the_metadata_read_once_a_minute(followed: Followed) -> None:
    followed.world.clock.advance(minutes=2)
    assert not any(followed.sign_in(ATTACKER) for _ in range(4))
    assert followed.provider.reads == 1
    followed.world.clock.advance(seconds=61)
    assert not followed.sign_in(ATTACKER)
    assert followed.provider.reads == 2
    assert followed.told() == []


def test_whoever_meets_an_unknown_key_between_two_readings_is_told_to_come_again_in_a_minute(
    followed: Followed,
) -> None:
    followed.world.clock.advance(minutes=2)
    assert not followed.sign_in(ATTACKER)
    browser = followed.world.browser()
    left = browser.client.get(f"/saml/{followed.connection_id}/login", base_url=BASE_URL)

    refused = answer_to(left.headers["Location"], browser, followed.connection_id, ADA, ATTACKER)

    assert "If it has just changed its certificate, sign in again in a minute." in flat(refused.text)
    assert followed.provider.reads == 1


def test_forged_answer_without_a_sign_in_under_way_has_nothing_read(followed: Followed) -> None:
    followed.world.clock.advance(minutes=2)
    browser, elsewhere = followed.world.browser(), followed.world.browser()
    left = browser.client.get(f"/saml/{followed.connection_id}/login", base_url=BASE_URL)
    elsewhere.get("/sign-in")
    answer = answer_to(left.headers["Location"], elsewhere, followed.connection_id, ADA, ATTACKER)
    assert answer.status_code == 403
    assert followed.provider.reads == 0


def test_answer_that_nobody_asked_for_has_nothing_read_and_its_key_is_on_record(followed: Followed) -> None:
    followed.ada.page()
    followed.edit(allow_idp_initiated="yes")
    followed.put_in_force(OLD)
    followed.world.work()
    followed.world.clock.advance(days=2)
    reads, shift = followed.provider.reads, issued_at(followed.world.clock.now())
    forged, genuine = (
        answer_about(followed.connection_id, ADA, nobody_asked, shift, signing=signing) for signing in (ATTACKER, OLD)
    )

    assert post_answer(followed.world.browser(), followed.connection_id, forged).status_code == 403
    assert post_answer(followed.world.browser(), followed.connection_id, genuine).status_code == 303

    assert followed.provider.reads == reads
    assert [row.last_used_at for row in uses(followed).values()] == [followed.world.clock.now()]


def test_answer_refused_for_another_reason_has_nothing_read(followed: Followed) -> None:
    followed.world.clock.advance(minutes=2)
    assert not followed.sign_in(OLD, "mallory@elsewhere.test")
    assert followed.provider.reads == 0


def test_failure_met_by_a_forged_answer_does_not_put_the_schedule_off(followed: Followed) -> None:
    before = followed.row().next_read_at
    followed.world.clock.advance(minutes=2)
    followed.provider.status = 503
    assert not followed.sign_in(ATTACKER)
    assert followed.row().next_read_at == before
    assert [told for told, _ in followed.told()] == ["metadata_failed"]


def test_whoever_comes_while_another_one_reads_gains_by_what_was_read(followed: Followed) -> None:
    followed.provider.publish("idp", "next")
    followed.world.clock.advance(minutes=2)
    revision, read = followed_revision(followed), followed.world.program.read_metadata

    first, second = (following.follow_up(followed.world.transactions, revision, read) for _ in range(2))

    assert first == second
    assert first is not None
    assert followed.provider.reads == 1


def test_turn_to_read_is_taken_by_one(followed: Followed) -> None:
    revision_id, now = followed.row().revision_id, followed.world.clock.now() + timedelta(minutes=2)
    with followed.world.transactions.writing() as unit:
        turns = [
            following_rows.take_turn(unit.session, revision_id, before=at - timedelta(minutes=1), now=at)
            for at in (now, now + timedelta(seconds=59), now + timedelta(seconds=60))
        ]
    assert turns == [True, False, True]


def test_two_answers_at_once_have_it_read_once(followed: Followed) -> None:
    followed.provider.publish("idp", "next")
    followed.world.clock.advance(minutes=2)
    let_in, start = list[bool](), threading.Barrier(2)

    def come() -> None:
        start.wait()
        let_in.append(followed.sign_in(NEXT))

    people = [threading.Thread(target=come) for _ in range(2)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert followed.provider.reads == 1
    assert any(let_in)


def followed_revision(followed: Followed) -> Any:
    with followed.world.transactions.reading() as unit:
        connection = connections.read(unit, followed.ada.organization.id, followed.connection_id)
        return connection_settings.load_revision(unit, connection, connection.latest_revision)


def test_what_other_settings_follow_does_not_count_and_counts_again_with_them(followed: Followed) -> None:
    followed.provider.publish("idp", "next")
    followed.read_now()
    followed.sign_in_at_the_desk(OLD)
    followed.provider.publish("idp")
    followed.edit(**{"idp.metadata_url": f"{METADATA_URL}?other"})
    followed.put_in_force(OLD)

    assert not followed.sign_in(NEXT)
    assert followed.row().next_read_at is None

    followed.ada.page()
    revision_id = followed.row().revision_id
    answer = followed.ada.browser.submit(
        f"/settings/connections/{followed.connection_id}/revisions/{revision_id}/restore"
    )
    assert "revision-restored" in answer.headers["Location"], flat(answer.text)
    assert followed.sign_in(NEXT)
    followed.world.clock.advance(minutes=1)
    followed.world.work()
    assert not followed.sign_in(NEXT)  # read again, where it does not stand any more


def test_settings_without_a_metadata_url_follow_nothing(followed: Followed) -> None:
    followed.provider.publish("idp", "next")
    followed.read_now()
    followed.sign_in_at_the_desk(OLD)
    followed.edit(**{"idp.metadata_url": "", "idp.metadata_xml": metadata()})
    followed.put_in_force(OLD)
    reads = followed.provider.reads

    assert not followed.sign_in(NEXT)
    followed.read_now()

    assert followed.provider.reads == reads


def test_connection_that_is_turned_off_is_not_followed(followed: Followed) -> None:
    followed.ada.page()
    answer = followed.ada.browser.submit_as_planned(f"/settings/connections/{followed.connection_id}/deactivate")
    assert answer.status_code == 303, answer.text
    followed.read_now()
    assert followed.provider.reads == 0
    assert followed.row().next_read_at is None


def test_settings_that_wait_are_tested_with_a_key_that_was_just_published(followed: Followed) -> None:
    followed.ada.page()
    followed.edit(**{"attributes.first_name": "nickname"})
    followed.provider.publish("idp", "next")
    followed.world.clock.advance(minutes=2)

    followed.ada.test_sign_in(followed.connection_id, signing=NEXT)

    assert "Revision 2 waits for you" in flat(followed.ada.page())
    assert followed.provider.reads == 2  # once for the edit, once for the unknown key
    assert followed.told() == []  # nothing that is in force has changed
    assert len(followed.audited()) == 1


def test_two_workers_at_once_read_it_once(followed: Followed) -> None:
    followed.world.clock.advance(hours=25)
    program = followed.world.program
    workers = [
        threading.Thread(target=following.follow_due, args=(program.transactions, program.read_metadata))
        for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert followed.provider.reads == 1


def test_reading_that_fails_in_an_unforeseen_way_is_a_failure_like_others(followed: Followed) -> None:
    def broken(_url: str) -> Published:
        raise RuntimeError("a bug")

    followed.world.clock.advance(hours=25)
    following.follow_due(followed.world.transactions, broken)

    assert followed.sign_in(OLD)
    ((told, data),) = followed.told()
    assert (told, data["reason"]) == ("metadata_failed", "It could not be read; the server's log says why.")


def test_connection_deleted_while_its_metadata_is_read_stops_nothing(followed: Followed) -> None:
    def delete() -> None:
        with followed.world.transactions.writing(OPERATOR) as unit:
            organization_id = followed.ada.organization.id
            planned = connections.to_deactivate(unit, organization_id, followed.connection_id)
            assert not isinstance(planned.apply(), Refused)
            assert not isinstance(connections.to_delete(unit, organization_id, followed.connection_id).apply(), Refused)

    followed.provider.publish("idp", "next")
    followed.provider.meanwhile = delete
    followed.read_now()
    assert followed.provider.reads == 1
    assert followed.told() == []


def test_later_reading_is_not_undone_by_an_earlier_one_that_was_slow(followed: Followed) -> None:
    slow = followed.provider.document

    def overtaken(_url: str) -> Published:
        followed.provider.publish("idp", "next")
        followed.world.clock.advance(minutes=2)
        assert followed.sign_in(NEXT)
        followed.provider.document = slow
        return followed.world.program.read_metadata(METADATA_URL)

    followed.world.clock.advance(hours=25)
    following.follow_due(followed.world.transactions, overtaken)

    assert followed.sign_in(NEXT)


def test_later_reading_counts_though_an_earlier_one_was_settled_while_it_was_under_way(followed: Followed) -> None:
    """An unknown key has it read, then its turn comes; in between the provider withdraws a certificate."""
    followed.provider.publish("idp", "next")
    followed.world.clock.advance(hours=25)
    is_under_way, may_end = threading.Event(), threading.Event()

    def later(url: str) -> Published:
        is_under_way.set()
        assert may_end.wait(10)
        return followed.world.program.read_metadata(url)

    worker = threading.Thread(target=following.follow_due, args=(followed.world.transactions, later))

    def meanwhile() -> None:
        followed.provider.meanwhile = lambda: None
        followed.world.clock.advance(seconds=1)
        worker.start()
        assert is_under_way.wait(10)
        followed.world.clock.advance(seconds=1)

    followed.provider.meanwhile = meanwhile
    assert followed.sign_in(NEXT)
    followed.provider.publish("idp")
    may_end.set()
    worker.join()

    assert not followed.sign_in(NEXT)


def uses(followed: Followed) -> dict[str, CertificateUse]:
    with followed.world.transactions.reading() as unit:
        return {row.fingerprint: row for row in unit.session.scalars(select(CertificateUse))}


def test_use_of_a_certificate_is_on_record_to_the_day(followed: Followed) -> None:
    followed.provider.publish("idp", "next")
    followed.read_now()
    old, new = fingerprint(followed, 0), fingerprint(followed, 1)
    first = uses(followed)[old].first_used_at
    assert list(uses(followed)) == [old]

    assert followed.sign_in(NEXT)
    begun = followed.world.clock.now()
    followed.world.clock.advance(hours=23)
    assert followed.sign_in(NEXT)
    assert uses(followed)[new].last_used_at == begun
    followed.world.clock.advance(hours=2)
    assert followed.sign_in(NEXT)

    assert (uses(followed)[new].first_used_at, uses(followed)[new].last_used_at) == (begun, followed.world.clock.now())
    assert uses(followed)[old].last_used_at == first
    assert not followed.sign_in(ATTACKER)
    assert len(uses(followed)) == 2


def test_certificate_that_the_provider_left_is_safe_to_drop_after_14_days(followed: Followed) -> None:
    followed.provider.publish("idp", "next")
    followed.read_now()
    assert followed.sign_in(NEXT)
    followed.sign_in_at_the_desk(NEXT)
    assert "Safe to drop" not in followed.ada.page()

    followed.world.clock.advance(days=15)
    followed.world.work()
    followed.sign_in_at_the_desk(NEXT)

    page = flat(followed.ada.page())
    assert page.count("Safe to drop: not used for 14 days") == 1
    assert "followed from the metadata" in page


def test_api_tells_how_metadata_is_followed_and_takes_over_what_it_says(followed: Followed) -> None:
    api, scene = Api(followed.world), f"/organizations/{followed.ada.organization.id}/connections"
    one = f"{scene}/{followed.connection_id}"
    quiet = api.get(one)
    assert quiet["following"] == {
        "url": METADATA_URL,
        "last_read_at": "2026-11-23T12:01:00Z",
        "next_read_at": "2026-11-23T16:01:00Z",
        "failing_since": None,
        "failure": None,
        "difference": None,
    }
    assert [(row["source"], row["safe_to_drop"]) for row in quiet["certificates"]] == [("settings", False)]
    assert quiet["certificates"][0]["last_used_at"] == "2026-11-23T12:00:00Z"
    assert api.refused("POST", f"{one}/take-over", {})["code"] == "nothing_to_take_over"

    followed.provider.publish("next", location=MOVED)
    followed.read_now()

    told = api.get(one)
    old = quiet["certificates"][0]["fingerprint"]
    assert told["following"]["difference"] == {"vanished": [old], "sso_url": MOVED}
    assert [row["source"] for row in told["certificates"]] == ["settings", "metadata"]
    assert told["certificates"][1]["first_used_at"] is None
    assert api.plan("POST", f"{one}/take-over", {})["allowed"] is True
    taken = api.post(f"{one}/take-over")
    assert taken["latest_revision"] != taken["revision_in_force"] == told["revision_in_force"]
    assert taken["idp"]["idp"]["sso_url"] == MOVED
    assert taken["following"]["url"] == METADATA_URL
    followed.provider.status = 503
    followed.read_now()
    failing = api.get(one)["following"]
    assert failing["failure"] == "The metadata could not be fetched: the server answered 503."
    assert failing["difference"] == told["following"]["difference"]


def test_api_tells_that_a_connection_follows_nothing_before_it_is_active(followed: Followed) -> None:
    api, scene = Api(followed.world), f"/organizations/{followed.ada.organization.id}/connections"
    by_url = api.post(scene, saml_body(followed, {"metadata_url": METADATA_URL}))
    by_xml = api.post(scene, saml_body(followed, {"metadata_xml": metadata()}))
    assert by_url["following"]["next_read_at"] is None
    assert by_xml["following"] is None
    assert len(by_xml["certificates"]) == 1
    problem = api.refused("POST", f"{scene}/{by_url['id']}/take-over", {})
    assert problem["code"] == "nothing_to_take_over"


def saml_body(followed: Followed, idp: dict[str, str]) -> dict[str, Any]:
    return {"protocol": "saml", "name": "Other", "idp": idp, "on_behalf_of": followed.ada.organization.admin_id}


def test_certificate_that_was_followed_counts_among_those_that_end(followed: Followed) -> None:
    followed.provider.publish("idp", "next")
    followed.read_now()

    with followed.world.transactions.reading() as unit:
        connection = connections.read(unit, followed.ada.organization.id, followed.connection_id)
        outlook = expiry.outlook(unit, connection, followed.world.program.kinds["saml"])

    assert [deadline.count for deadline in outlook.deadlines if deadline.what is Expiring.SIGNING_CERTIFICATE] == [2]


def test_certificate_that_the_metadata_no_longer_names_delays_no_warning(followed: Followed) -> None:
    followed.provider.publish("ending")
    followed.read_now()
    followed.sign_in_at_the_desk(Signing(key="ending"))

    page = flat(followed.ada.page())

    assert "the signing certificate of the identity provider ends on" in page
    assert "Signing certificate, the last of" not in page
