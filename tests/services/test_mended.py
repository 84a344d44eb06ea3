"""Ways in that were once open: each was found by attacking the product, and stays shut."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.ports.mail import Mail, SmtpPost
from app.rules.actor import OPERATOR, Actor, ActorKind
from app.rules.decisions import Code, Refused
from app.rules.domains import normalize_host
from app.rules.errors import InvalidInputError
from app.rules.lockout import Guests
from app.rules.roles import GroupSource
from app.services import (
    answers,
    directories,
    directory_tokens,
    domains,
    members,
    organizations,
    role_mappings,
    sessions,
    sign_in,
    steps,
    worker,
)
from app.services.flows import Purpose
from app.services.organizations import Edit
from app.services.steps import AskCode, SignedIn, TurnedAway
from app.store import connections as connection_rows
from app.store import jobs, sign_ins
from app.store.connections import FetchedDocument
from tests.application import World
from tests.scenes import ADA, GRACE, HOST, found_organization, provisioned
from tests.servers.smtp import SmtpServer
from tests.services.single_sign_on import connected, identity_of, required
from tests.services.test_members import change_address, claim, code_of
from tests.services.test_sign_in import add_member, by_code, recover


def test_mail_that_cannot_be_made_is_dropped_and_the_others_are_sent(world: World) -> None:
    found_organization(world)
    with world.transactions.writing() as unit:
        unit.session.add(
            jobs.OutgoingMail(
                id="mail_broken",
                sealed="?",
                created_at=unit.now,
                next_try_at=unit.now,
                expires_at=unit.now + timedelta(days=1),
            )
        )
        sign_in.begin(unit, address=ADA, browser="b")
    world.post.mails.clear()
    world.work()

    assert len(world.post.to(ADA)) == 1
    assert not worker.send_mail(world.transactions)


def test_mail_past_its_time_is_not_sent(world: World) -> None:
    found_organization(world)
    with world.transactions.writing() as unit:
        sign_in.begin(unit, address=ADA, browser="b")
    world.post.mails.clear()
    world.clock.advance(minutes=11)
    world.work()

    assert world.post.mails == []


@pytest.mark.parametrize(
    "address", ["=?utf-8?q?mallory=40evil.test=2c?=x@acme.test", "==?utf-8?q??=@x.test", "a..b@x.test"]
)
def test_encoded_word_is_not_an_address(world: World, address: str) -> None:
    with world.transactions.writing() as unit, pytest.raises(InvalidInputError):
        sign_in.begin(unit, address=address, browser="b")


def test_mail_goes_to_the_address_it_was_written_for_and_to_nobody_else(smtp_server: SmtpServer) -> None:
    address = "o'hara+x@acme.test"
    SmtpPost(smtp_server.url, sender="doorward@acme.test").send(Mail(to=address, subject="Hello", text="there"))

    delivery = smtp_server.wait_for(address)
    assert delivery.recipients == (address,)
    assert delivery.message["To"] == address


def test_what_was_read_before_the_wait_for_the_lock_is_read_again_after_it(world: World, database_url: str) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite waits before the first read; nothing can change in between")
    scene = provisioned(world)
    scene.scim.add_user(GRACE)
    world.browser().sign_in(GRACE)
    scene.scim.remove_member(scene.admins, scene.ada)
    grace = scene.organization.member(GRACE).id
    with world.transactions.writing(OPERATOR) as slow:
        members.read(slow, scene.organization.id, grace)
        with world.transactions.writing(OPERATOR) as quick:
            members.to_edit(quick, scene.organization.id, grace, suspended=True).apply()
        members.to_edit(slow, scene.organization.id, grace, role="admin").apply()

    assert scene.organization.member(GRACE).suspended
    assert scene.organization.member(ADA).held


def test_deactivated_administrator_with_an_old_code_does_not_recover(world: World) -> None:
    scene = provisioned(world)
    codes = scene.organization.store_recovery_codes()
    grace = scene.scim.add_user(GRACE)
    scene.scim.add_member(scene.admins, grace)
    world.browser().sign_in(GRACE)
    scene.scim.set_active(scene.ada, False)

    step = recover(world, ADA, codes[0])

    assert isinstance(step, TurnedAway)
    assert step.refused.code is Code.RECOVERY_CODE_WRONG


def test_recovery_session_ends_when_the_hold_is_released(world: World) -> None:
    scene = provisioned(world)
    codes = scene.organization.store_recovery_codes()
    grace = scene.scim.add_user(GRACE)
    world.browser().sign_in(GRACE)
    scene.scim.set_active(scene.ada, False)
    step = recover(world, ADA, codes[0])
    assert isinstance(step, SignedIn)
    scene.scim.add_member(scene.admins, grace)

    with world.transactions.reading() as unit:
        assert sessions.recognise(unit, step.token) is None


@pytest.mark.parametrize("kind", [ActorKind.MEMBER, ActorKind.RECOVERY])
def test_member_on_hold_cannot_make_a_token_to_push_themselves_back(world: World, kind: ActorKind) -> None:
    scene = provisioned(world)
    scene.scim.remove_member(scene.admins, scene.ada)
    with world.transactions.writing(Actor(kind, id=scene.organization.admin_id)) as unit:
        outcome = directory_tokens.add(unit, scene.organization.id, scene.directory_id)

    assert code_of(outcome) is Code.OWN_HOLD


def test_member_on_hold_cannot_lift_the_hold_by_a_mapping_that_takes_others_along(world: World) -> None:
    scene = provisioned(world)
    grace = scene.scim.add_user(GRACE)
    world.browser().sign_in(GRACE)
    everyone = scene.scim.add_group("Everyone", scene.ada, grace)
    scene.scim.remove_member(scene.admins, scene.ada)
    with world.transactions.writing(scene.organization.acting_as(ADA)) as unit:
        outcome = role_mappings.to_add(
            unit, scene.organization.id, source=GroupSource.DIRECTORY, group=everyone, role="admin"
        ).apply()

    assert code_of(outcome) is Code.OWN_HOLD


def test_test_sign_in_with_another_identifier_than_the_linked_one_proves_nothing(world: World) -> None:
    scene = required(world)
    scene.come_back(identity_of(world, ADA))
    step = scene.come_back(identity_of(world, ADA, subject="another"), tester=True)

    assert isinstance(step, steps.Tested)
    with world.transactions.reading() as unit:
        flow = unit.session.get(sign_ins.SignInFlow, step.flow_id)
        assert flow is not None
        assert (flow.outcome["ok"], flow.outcome["name"]) == (False, "subject_changed")


def test_test_through_the_settings_in_force_releases_a_hold(world: World) -> None:
    scene = required(world)
    add_member(scene.organization, GRACE, role="admin")
    ada = scene.organization.admin_id
    with world.transactions.writing() as unit:
        row = members.read(unit, scene.organization.id, ada)
        row.held, row.role_source, row.granted_role = True, "held", None
    with world.transactions.writing() as unit:
        grace = members.read(unit, scene.organization.id, scene.organization.member(GRACE).id)
        step = sign_in.begin_through(unit, scene.connection_id, browser="g", tester=grace)
    with world.transactions.writing() as unit:
        handle = step.flow.handle  # type: ignore[union-attr]  # it goes to the provider
        arrival = answers.claim_arrival(unit, scene.connection_id, protocol="saml", handle=handle, browser="g")
    scene.arrive(arrival, identity_of(world, GRACE), browser="g")  # type: ignore[arg-type]  # and comes back

    assert not scene.organization.member(ADA).held


def test_failed_sign_ins_do_not_use_up_the_mail_for_recovery(world: World) -> None:
    connected(world)
    with world.transactions.writing() as unit:
        for _ in range(7):
            sign_in.begin(unit, address=ADA, browser="b")
        step = sign_in.begin(unit, address=ADA, browser="b", purpose=Purpose.RECOVER)
    world.post.mails.clear()
    world.work()

    assert isinstance(step, AskCode)
    assert any("recovering" in mail.subject for mail in world.post.to(ADA))


def test_host_that_belongs_to_somebody_else_does_not_keep_other_domains_from_their_checks(world: World) -> None:
    found_organization(world).verify_domain(HOST)
    other = found_organization(world, "boss@other.test", "Other")
    own = claim(other, "other.test")
    taken = claim(other, HOST)
    with world.transactions.reading() as unit:
        world.dns.records[HOST] = [f"doorward-domain-verification={domains.read(unit, other.id, taken).token}"]
        world.dns.records["other.test"] = [f"doorward-domain-verification={domains.read(unit, other.id, own).token}"]
    world.clock.advance(minutes=2)
    world.work()

    with world.transactions.reading() as unit:
        refused = domains.read(unit, other.id, taken)
        assert refused.state == "pending"
        assert refused.next_check_at is not None
        assert refused.next_check_at > unit.now
    assert other.verified_hosts() == {"other.test"}


def test_guests_are_signed_out_when_guests_are_refused(world: World) -> None:
    scene = required(world)
    add_member(scene.organization, "guest@elsewhere.test")
    edit(scene.organization.id, world, Guests.EMAIL_CODE)
    step = by_code(world, "guest@elsewhere.test")
    assert isinstance(step, SignedIn)

    edit(scene.organization.id, world, Guests.REFUSE)

    with world.transactions.reading() as unit:
        assert sessions.recognise(unit, step.token) is None


def test_directory_turned_on_again_brings_back_who_was_removed_in_between(world: World) -> None:
    scene = provisioned(world)
    scene.scim.add_user(GRACE)
    grace = scene.organization.member(GRACE).id
    with world.transactions.writing(OPERATOR) as unit:
        directories.to_deactivate(unit, scene.organization.id, scene.directory_id).apply()
        unit.session.flush()
        assert not isinstance(members.to_remove(unit, scene.organization.id, grace).apply(), Refused)

    scene.organization.activate_directory(scene.directory_id)

    assert (scene.organization.member(GRACE).id, scene.organization.member(GRACE).state) == (grace, "active")


def test_address_pushed_during_a_hold_applies_when_the_hold_ends(world: World) -> None:
    scene = provisioned(world)
    scene.scim.remove_member(scene.admins, scene.ada)
    change_address(scene, scene.ada, f"lovelace@{HOST}")
    assert scene.organization.member(ADA).held

    scene.scim.add_member(scene.admins, scene.ada)

    assert not scene.organization.member(f"lovelace@{HOST}").held


def test_key_that_no_directory_can_have_is_not_found(world: World) -> None:
    client = world.program.app.test_client()
    answer = client.get("/scim/x%00y/v2/Users", headers={"Authorization": "Bearer scim_x"})

    assert answer.status_code == 404
    assert answer.mimetype == "application/scim+json"


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".test", "evil.test"])
def test_host_header_is_not_looked_at(world: World, host: str) -> None:
    answer = world.program.app.test_client().get("/sign-in", headers={"Host": host})

    assert answer.status_code == 200
    assert host not in answer.text


def edit(organization_id: str, world: World, guests: Guests) -> None:
    with world.transactions.writing(OPERATOR) as unit:
        outcome = organizations.to_edit(unit, organization_id, Edit(guests=guests)).apply()
        assert not isinstance(outcome, Refused)


def test_whoever_acts_is_asked_for_again_once_the_lock_is_theirs(world: World) -> None:
    organization = found_organization(world)
    asked: list[str] = []
    with world.transactions.writing(OPERATOR) as unit:
        unit.recheck = lambda opened: asked.append(opened.actor.label)
        unit.lock(organization.id)
        unit.lock(organization.id)

    assert asked == ["operator"]


def test_host_of_a_million_characters_is_refused_before_anything_is_done_with_it() -> None:
    with pytest.raises(InvalidInputError):
        normalize_host("\ufdfa" * 1_000_000)


def test_documents_that_nobody_signs_in_by_any_more_are_deleted(world: World) -> None:
    with world.transactions.writing() as unit:
        connection_rows.remember_document(unit.session, "keys https://old.test", "{}", unit.now)
    world.clock.advance(hours=25)
    with world.transactions.writing() as unit:
        connection_rows.remember_document(unit.session, "keys https://new.test", "{}", unit.now)

    world.work()

    with world.transactions.reading() as unit:
        assert list(unit.session.scalars(select(FetchedDocument.key))) == ["keys https://new.test"]
