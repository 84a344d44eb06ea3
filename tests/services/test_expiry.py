"""Administrators hear in time of certificates and client secrets that end: each mark once, whatever the worker does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy import delete, func, select, update

from app.rules.actor import OPERATOR
from app.rules.connections import ConnectionKind, SettingsRead
from app.rules.decisions import Refused
from app.rules.expiry import Expiring
from app.services import audit, connections, expiry, key_pairs, worker
from app.services.expiry import Outlook
from app.store.connections import Connection
from app.store.expiry_notices import ExpiryNotice
from app.store.key_pairs import KeyPairRow
from oidc.settings import ClaimNames, OidcSettings
from tests.application import World
from tests.scenes import ADA, GRACE, found_organization
from tests.services.single_sign_on import SingleSignOn, connect, connected, identity_of, required

TOLD = "connection.expiry_warned"


def certificates(world: World, *days: float) -> SettingsRead:
    """SAML settings with a signing certificate that ends in so many days, for each."""
    ends = [f"{world.clock.now() + timedelta(days=left):%Y-%m-%dT%H:%M:%SZ}" for left in days]
    found = [{"der": "", "fingerprint": f"{number}", "not_after": end} for number, end in enumerate(ends)]
    return SettingsRead({"idp": {"entity_id": "https://idp.test", "certificates": found}})


def secret(ends: date | None, issuer: str = "https://idp.test") -> SettingsRead:
    """OIDC settings whose client secret ends on that day."""
    settings = OidcSettings(issuer, "client", ("openid",), ClaimNames(), client_secret_expires_at=ends)
    return SettingsRead(settings.as_json(), {"client_secret": "s3cret"})


def look(world: World) -> None:
    """What the worker does once an hour."""
    expiry.tell_administrators(world.transactions, world.program.kinds)


def told(scene: SingleSignOn) -> list[tuple[str, int]]:
    """What was told, and at which mark, by the events, when somebody has just looked."""
    look(scene.world)
    scene.world.work()
    events = [event for event in scene.organization.events() if event.type == TOLD]
    assert {event.subject for event in events} <= {scene.connection_id}
    return [(event.data["what"], event.data["days"]) for event in events]


def mails(scene: SingleSignOn, address: str = ADA) -> list[str]:
    """Subjects of the mails about it, when somebody has just looked."""
    look(scene.world)
    scene.world.work()
    return [mail.subject for mail in scene.world.post.to(address) if mail.subject.startswith("Provider: ")]


def outlook(scene: SingleSignOn) -> Outlook:
    with scene.world.transactions.reading() as unit:
        connection = connections.read(unit, scene.organization.id, scene.connection_id)
        return expiry.outlook(unit, connection, scene.world.program.kinds[connection.protocol])


def day(world: World, days: int) -> date:
    return (world.clock.now() + timedelta(days=days)).date()


def marks(scene: SingleSignOn) -> list[int]:
    return [mark for _, mark in told(scene)]


def test_every_mark_is_told_once_by_mail_event_and_audit_and_each_day_after_the_end(world: World) -> None:
    scene = required(world, read=certificates(world, 100))

    for _ in range(103 * 4):
        world.clock.advance(hours=6)
        look(world)
        worker.send_mail(world.transactions)

    expected = [90, 60, 30, 7, 1, 0, -1, -2, -3]
    assert told(scene) == [("signing_certificate", mark) for mark in expected]
    subjects = mails(scene)
    assert len(subjects) == len(expected)
    assert subjects[0] == "Provider: the signing certificate of the identity provider ends on 2027-03-03, in 90 days"
    assert subjects[-1] == "Provider: the signing certificate of the identity provider ended on 2027-03-03, 3 days ago"
    with world.transactions.reading() as unit:
        entries = [
            entry for entry in audit.feed(unit, scene.organization.id, after="", limit=200) if entry.action == TOLD
        ]
    assert [entry.after["days"] for entry in entries] == expected
    assert entries[0].after["at"] == "2027-03-03T12:00:00Z"
    assert {entry.actor_kind for entry in entries} == {"system"}


def test_worker_looks_once_an_hour(world: World) -> None:
    scene = required(world, read=certificates(world, 90.02))
    world.clock.advance(hours=2)

    world.work()

    assert [event.data["days"] for event in scene.organization.events() if event.type == TOLD] == [90]


def test_worker_that_was_away_tells_the_latest_mark_and_not_those_before(world: World) -> None:
    scene = required(world, read=certificates(world, 100))
    assert marks(scene) == []

    world.clock.advance(hours=24 * 94)

    assert marks(scene) == [7]
    world.clock.advance(hours=24 * 20)
    assert marks(scene) == [7, -14]
    assert len(mails(scene)) == 2


def test_last_good_one_of_several_counts_and_one_that_has_ended_beside_it_is_no_alarm(world: World) -> None:
    scene = required(world, read=certificates(world, 3, 20, 400))

    world.clock.advance(hours=24 * 10)

    assert marks(scene) == []
    (signing, own) = outlook(scene).deadlines
    assert (signing.what, signing.count, signing.ended) == (Expiring.SIGNING_CERTIFICATE, 3, 1)
    assert own.what is Expiring.OWN_CERTIFICATE


def test_all_that_end_are_told_of_by_the_last_of_them(world: World) -> None:
    scene = required(world, read=certificates(world, 3, 20))

    assert marks(scene) == [30]
    assert mails(scene) == [
        "Provider: the last of 2 signing certificates of the identity provider ends on 2026-12-13, in 20 days"
    ]


def test_two_workers_at_once_tell_it_once(world: World) -> None:
    scene = required(world, read=certificates(world, 20))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(look, [world] * 4))

    assert marks(scene) == [30]
    assert len(mails(scene)) == 1


def test_new_certificate_is_told_of_anew_and_only_once_it_is_in_force(world: World) -> None:
    scene = required(world, read=certificates(world, 20))
    assert marks(scene) == [30]

    scene.edit(certificates(world, 50))
    assert marks(scene) == [30]
    scene.come_back(identity_of(world, ADA), tester=True)
    assert not isinstance(scene.activate(), Refused)

    assert marks(scene) == [30, 60]
    world.clock.advance(hours=24 * 19.5)
    assert marks(scene) == [30, 60]
    world.clock.advance(hours=24)
    assert marks(scene) == [30, 60, 30]


def test_nobody_is_mailed_about_a_connection_that_nobody_depends_on(world: World) -> None:
    scene = connect(connected(world).organization, read=certificates(world, -3))

    assert marks(scene) == []
    assert mails(scene) == []
    (warning,) = outlook(scene).warnings
    assert "ended on 2026-11-20, 3 days ago" in warning.sentence


def test_connection_that_was_turned_off_is_quiet_and_goes_on_where_it_was(world: World) -> None:
    scene = required(world, read=certificates(world, 20))
    assert marks(scene) == [30]
    with world.transactions.writing(OPERATOR) as unit:
        connections.to_deactivate(unit, scene.organization.id, scene.connection_id).apply()

    world.clock.advance(hours=24 * 14)
    assert marks(scene) == [30]

    scene.come_back(identity_of(world, ADA), tester=True)
    assert not isinstance(scene.activate(), Refused)
    assert marks(scene) == [30, 7]


def test_connection_that_is_turned_off_before_it_is_told_of_is_quiet(world: World) -> None:
    scene = required(world, read=certificates(world, 20))

    class Meanwhile(dict[str, ConnectionKind]):
        """Somebody turns the connection off right after the worker looked at it without writing."""

        def __missing__(self, protocol: str) -> ConnectionKind:
            with world.transactions.writing(OPERATOR) as unit:
                connections.to_deactivate(unit, scene.organization.id, scene.connection_id).apply()
            self[protocol] = world.program.kinds[protocol]
            return self[protocol]

    expiry.tell_administrators(world.transactions, Meanwhile())

    assert marks(scene) == []


def test_what_was_told_goes_with_its_connection(world: World) -> None:
    scene = required(world, read=certificates(world, 20))
    assert marks(scene) == [30]

    with world.transactions.writing(OPERATOR) as unit:
        unit.session.execute(delete(Connection))

    with world.transactions.reading() as unit:
        assert unit.session.scalar(select(func.count()).select_from(ExpiryNotice)) == 0


def test_mail_goes_to_administrators_and_says_what_happens_and_what_to_do(world: World) -> None:
    scene = required(world, protocol="oidc", read=secret(day(world, 7), "https://login.microsoftonline.com/x/v2.0"))
    scene.come_back(identity_of(world, GRACE))
    assert mails(scene) == ["Provider: the client secret ends on 2026-11-30, in 7 days"]

    assert mails(scene, GRACE) == []
    (mail,) = [mail for mail in world.post.to(ADA) if "client secret" in mail.subject]
    assert "nobody can sign in through this connection" in mail.text
    assert "In Entra: App registrations > your app > Certificates & secrets" in mail.text
    assert f"https://id.doorward.test/settings/authentication#{scene.connection_id}" in mail.text
    assert "s3cret" not in mail.text


def test_client_secret_without_a_day_is_not_watched(world: World) -> None:
    scene = required(world, protocol="oidc", read=secret(None))

    assert outlook(scene) == Outlook((), ())


def test_certificate_with_which_the_organization_signs_is_watched_until_another_one_signs(world: World) -> None:
    scene = required(world)
    with world.transactions.writing() as unit:
        unit.session.execute(update(KeyPairRow).values(expires_at=unit.now + timedelta(days=60)))

    assert told(scene) == [("own_certificate", 60)]
    assert "organization certificate new" in world.post.to(ADA)[-1].text

    with world.transactions.writing(OPERATOR) as unit:
        key_pairs.add_second(unit, scene.organization.id)
    world.clock.advance(hours=24 * 31)
    assert marks(scene) == [60, 30]

    with world.transactions.writing(OPERATOR) as unit:
        key_pairs.sign_with_second(unit, scene.organization.id)
    world.clock.advance(hours=24 * 28.5)
    assert marks(scene) == [60, 30]


def test_connection_that_cannot_be_looked_at_keeps_the_others_from_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    broken = connect(found_organization(world, "x@other.test", "Other"), "other.test")
    scene = required(world, read=certificates(world, 20))
    with world.transactions.writing() as unit:
        is_broken = Connection.id == broken.connection_id
        unit.session.execute(update(Connection).where(is_broken).values(state="active", protocol="wsfed"))

    assert broken.connection_id < scene.connection_id
    assert marks(scene) == [30]
    assert "the watch over what ends failed" in caplog.text
