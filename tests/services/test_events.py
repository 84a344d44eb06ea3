"""Whatever happens is told, to each person it touches, as `rules.events` states it (the `world` of tests compares)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from app.ports.dns import TxtAnswer
from app.rules.actor import OPERATOR, SYSTEM
from app.rules.certificates import Certificate
from app.rules.connections import SettingsRead
from app.rules.decisions import Refused
from app.rules.domains import record_value
from app.rules.events import STATEMENTS, EventType
from app.rules.factors import MfaPolicy
from app.rules.following import Published
from app.rules.revisions import RevisionState
from app.rules.roles import GroupSource
from app.rules.setup_links import Scope
from app.services import (
    authentication_policy,
    connections,
    directories,
    directory_tokens,
    domains,
    expiry,
    factors,
    following,
    invitations,
    key_pairs,
    mass_changes,
    members,
    organization_keys,
    organizations,
    recovery,
    revisions,
    role_mappings,
    roles,
    sessions,
    setup_links,
    setup_sessions,
    sign_in,
)
from app.services.connections import acting_of
from app.services.directories import Provider
from app.services.organizations import Edit
from tests.application import World
from tests.saml.forge import SSO_URL
from tests.saml.published import METADATA_URL
from tests.scenes import ADA, GRACE, HOST, Organization, Provisioned, found_organization, provisioned
from tests.services.single_sign_on import connect, identity_of

ALAN = f"alan@{HOST}"


def test_every_event_there_is_comes_about(world: World) -> None:
    scene = provisioned(world)
    _people_come_and_go(scene)
    _many_are_deactivated(scene)
    _people_are_invited(scene)
    _setup_link_is_used(scene.organization)
    _second_factors_are_used(scene.organization)
    _roles_are_changed(scene.organization)
    _single_sign_on_is_required_and_given_up(scene.organization)
    _certificate_is_replaced(scene.organization)
    _ways_back_in_are_used(scene.organization)
    _directory_is_given_up(scene)
    _domains_come_and_go(scene.organization)

    told = scene.organization.events()

    assert {event.type for event in told} == set(EventType)
    for event in told:
        assert STATEMENTS[EventType(event.type)].fault(subject=event.subject, data=event.data) is None


def _people_come_and_go(scene: Provisioned) -> None:
    grace = scene.scim.add_user(GRACE)
    scene.scim.patch(f"/Users/{grace}", {"op": "replace", "path": "displayName", "value": "Grace Hopper"})
    scene.scim.set_active(grace, False)
    scene.scim.set_active(grace, True)
    scene.scim.set_active(scene.ada, False)  # the last administrator: held, until they are active again
    scene.scim.set_active(scene.ada, True)
    with scene.organization.world.transactions.writing(OPERATOR) as unit:
        grace_id = scene.organization.member(GRACE).id
        members.to_edit(unit, scene.organization.id, grace_id, suspended=True).apply()
        members.to_edit(unit, scene.organization.id, grace_id, suspended=False).apply()
    browser = scene.organization.world.browser()
    browser.sign_in(GRACE)
    browser.get("/profile")
    browser.submit("/sign-out")
    browser.sign_in(GRACE)
    with scene.organization.world.transactions.writing(OPERATOR) as unit:
        sessions.end_others(unit, scene.organization.member(GRACE), keep=None, reason="ended_by_administrator")


def _many_are_deactivated(scene: Provisioned) -> None:
    for number in range(6):
        scene.scim.set_active(scene.scim.add_user(f"person{number}@{HOST}"), False)
    with scene.organization.world.transactions.writing(OPERATOR) as unit:
        (alarm,) = mass_changes.open_alarms(unit, scene.organization.id, limit=2)
        mass_changes.dismiss(unit, scene.organization.id, alarm.id)


def _setup_link_is_used(organization: Organization) -> None:
    ada = organization.member(ADA)
    with organization.world.transactions.writing(OPERATOR) as unit:
        made = setup_links.make(unit, organization.id, scope=Scope.SSO, note="Kim", admin=ada)
        assert not isinstance(made, Refused)
        unit.flush()
        assert setup_sessions.open_session(unit, made.url.partition("#")[2])
        setup_links.revoke(unit, organization.id, made.row.id)


def _roles_are_changed(organization: Organization) -> None:
    with organization.world.transactions.writing(OPERATOR) as unit:
        role = roles.to_add(unit, organization.id, slug="editor", name="Editor").apply()
        assert not isinstance(role, Refused)
        unit.flush()
        roles.to_edit(unit, organization.id, role.id, name="Redaktion").apply()
        roles.to_move(unit, organization.id, role.id, up=False).apply()
        role_mappings.to_add(unit, organization.id, source=GroupSource.SIGN_IN, group="writers", role="editor").apply()
        roles.to_delete(unit, organization.id, role.id).apply()
        roles.to_add(unit, organization.id, slug="author", name="Author").apply()
        unit.flush()
        organizations.to_edit(unit, organization.id, Edit(name="Acme Inc.", default_role="author")).apply()


def _single_sign_on_is_required_and_given_up(organization: Organization) -> None:
    scene = connect(organization)
    scene.come_back(identity_of(scene.world, ADA), tester=True)
    assert not isinstance(scene.activate(), Refused)
    scene.come_back(identity_of(scene.world, ADA))
    for name in ("newer", "dropped"):
        ends_soon = {"der": "", "fingerprint": "", "not_after": "2026-11-30T00:00:00Z"}
        idp = {"entity_id": name, "sso_url": SSO_URL, "metadata_url": METADATA_URL, "certificates": [ends_soon]}
        read = SettingsRead({"idp": idp})
        with scene.world.transactions.writing(OPERATOR) as unit:
            ada = acting_of(members.read(unit, organization.id, organization.admin_id))
            connections.to_edit(
                unit, organization.id, scene.connection_id, name=None, settings=read, acting=ada
            ).apply()
        if name == "newer":
            scene.come_back(identity_of(scene.world, ADA), tester=True)
            assert not isinstance(scene.activate(), Refused)
    expiry.tell_administrators(scene.world.transactions, scene.world.program.kinds)
    _metadata_is_followed(scene.world, entity_id="newer")
    with scene.world.transactions.writing(OPERATOR) as unit:
        found = {one.state: one.id for one in revisions.all_of(unit, organization.id, scene.connection_id)}
        for_all = unit, organization.id, scene.connection_id
        assert not isinstance(revisions.to_discard(*for_all, found[RevisionState.WAITING]).apply(), Refused)
        going_back = revisions.to_go_back(*for_all, found[RevisionState.PREVIOUS])
        assert not isinstance(going_back.apply(shown=going_back.plan().hash), Refused)
    with scene.world.transactions.writing(OPERATOR) as unit:
        connections.to_edit(unit, organization.id, scene.connection_id, name="Okta", settings=None, acting=None).apply()
        connections.to_deactivate(unit, organization.id, scene.connection_id).apply()
        connections.to_delete(unit, organization.id, scene.connection_id).apply()


def _metadata_is_followed(world: World, *, entity_id: str) -> None:
    """That of another provider first, then the right one, with another certificate."""
    published = Published(entity_id, SSO_URL, (Certificate("", "another", "2027-11-30T00:00:00Z"),))
    for found in (replace(published, entity_id="somebody else's"), published):
        world.clock.advance(minutes=5)
        following.follow_due(world.transactions, lambda _, found=found: found)  # type: ignore[misc]


def _certificate_is_replaced(organization: Organization) -> None:
    with organization.world.transactions.writing(OPERATOR) as unit:
        for step in (key_pairs.add_second, key_pairs.sign_with_second, key_pairs.retire_first):
            step(unit, organization.id)


def _ways_back_in_are_used(organization: Organization) -> None:
    code = organization.store_recovery_codes()[0]
    with organization.world.transactions.writing(OPERATOR) as unit:
        recovery.recovery_link(unit, email=ADA)
        ada = members.read(unit, organization.id, organization.admin_id)
        assert recovery.spend(unit, organization.id, code=code, by=ada)
        sign_in.open_recovery(unit, ada, flow=None, how="recovery code")
    with organization.world.transactions.writing(OPERATOR) as unit:
        made = organization_keys.add(unit, organization.id, label="Nightly")
        assert not isinstance(made, Refused)
        unit.flush()
        organization_keys.revoke(unit, organization.id, made.row.id)


def _second_factors_are_used(organization: Organization) -> None:
    app = organization.enroll()
    organization.store_recovery_codes()
    world = organization.world
    with world.transactions.writing(OPERATOR) as unit:
        ada = members.read(unit, organization.id, organization.admin_id)
        backup = factors.make_backup_codes(unit, ada)
        assert isinstance(backup, tuple)
        factors.check(unit, ada, backup[0])
        named = authentication_policy.named(unit, ada)
        for mfa in (MfaPolicy.REQUIRED, MfaPolicy.OFF):
            planned = authentication_policy.to_change(unit, organization.id, mfa=mfa, acting=named)
            assert not isinstance(planned.apply(), Refused)
        for _ in range(5):
            factors.check(unit, ada, app.wrong_code())
        facts = factors.of_member(unit, ada.id)
        assert facts is not None
        factors.reset(unit, ada, facts.id)


def _people_are_invited(scene: Provisioned) -> None:
    organization = scene.organization
    world = organization.world
    emails = [f"{name}@guest.test" for name in ("accepts", "revoked", "pushed")]
    with world.transactions.writing(OPERATOR) as unit:
        made = [invitations.invite(unit, organization.id, email=email, role="member") for email in emails]
    world.clock.advance(minutes=1)
    accepts, revoked, pushed = (one.id for one in made if not isinstance(one, Refused))
    with world.transactions.writing(OPERATOR) as unit:
        invitations.send_again(unit, organization.id, accepts)
        invitations.accept(unit, invitations.read(unit, organization.id, accepts).row)
        invitations.revoke(unit, organization.id, revoked)
        # Invited when its host was another's: a directory brings them meanwhile.
        invitations.read(unit, organization.id, pushed).row.email = f"pushed@{HOST}"
    scene.scim.add_user(f"pushed@{HOST}")
    world.clock.advance(minutes=2)
    world.work()


def _directory_is_given_up(scene: Provisioned) -> None:
    organization_id, directory_id = scene.organization.id, scene.directory_id
    with scene.organization.world.transactions.writing(OPERATOR) as unit:
        directories.to_edit(unit, organization_id, directory_id, name="Entra", provider=Provider.ENTRA).apply()
        (token,) = directory_tokens.all_of(unit, organization_id, directory_id)
        directory_tokens.revoke(unit, organization_id, directory_id, token.id)
        assert not isinstance(directories.to_deactivate(unit, organization_id, directory_id).apply(), Refused)
        assert directories.to_delete(unit, organization_id, directory_id).apply() is None
        members.to_remove(unit, organization_id, scene.organization.member(GRACE).id).apply()


def _domains_come_and_go(organization: Organization) -> None:
    transactions = organization.world.transactions
    with transactions.writing(OPERATOR) as unit:
        admin = members.read(unit, organization.id, organization.admin_id)
        found, lost = (
            domains.claim(unit, organization.id, host=host, acting=acting_of(admin))
            for host in ("found.test", "never.test")
        )
        assert not isinstance(found, Refused)
        assert not isinstance(lost, Refused)
        unit.flush()
        proof = TxtAnswer(host=found.host, values=(record_value(found.token),))
        domains.apply_answer(unit, organization.id, found.id, proof)
    organization.world.clock.advance(days=31)
    with transactions.writing(SYSTEM) as unit:
        for domain_id in (found.id, lost.id):
            domains.apply_answer(
                unit, organization.id, domain_id, TxtAnswer(host="", problem="gone", no_such_name=True)
            )
    with transactions.writing(OPERATOR) as unit:
        assert domains.to_remove(unit, organization.id, lost.id).apply() is None


# ------------------------------------------------------------------------------------------------- one for each person


@pytest.fixture
def staffed(world: World) -> Provisioned:
    """Grace and Alan are in a pushed group that makes them editors."""
    scene = provisioned(world)
    users = [scene.scim.add_user(email) for email in (GRACE, ALAN)]
    with world.transactions.writing(OPERATOR) as unit:
        roles.to_add(unit, scene.organization.id, slug="editor", name="Editor").apply()
    scene.organization.map_group(scene.scim.add_group("Editors", *users), "editor")
    scene.organization.events()
    return scene


def test_deleted_group_is_told_for_each_of_its_members(staffed: Provisioned) -> None:
    organization, before = staffed.organization, len(staffed.organization.events())

    assert staffed.scim.request("DELETE", f"/Groups/{_editors(staffed)}").status_code == 204

    assert _told(organization, before) == Counter({("member.role_changed", GRACE): 1, ("member.role_changed", ALAN): 1})
    changed = {"before": "editor", "after": "member", "source": "default"}
    assert [event.data for event in organization.events()[before:]] == [changed, changed]


def test_removed_mapping_is_told_for_each_member_of_its_group(staffed: Provisioned) -> None:
    organization, before = staffed.organization, len(staffed.organization.events())

    with organization.world.transactions.writing(OPERATOR) as unit:
        mapping = next(one for one in role_mappings.all_of(unit, organization.id) if one.role == "editor")
        assert role_mappings.to_remove(unit, organization.id, mapping.id).apply() is None

    people = {("member.role_changed", GRACE): 1, ("member.role_changed", ALAN): 1}
    assert _told(organization, before) == Counter({**people, ("role_mapping.deleted", mapping.id): 1})


def test_deleted_role_is_told_for_each_person_who_had_it(staffed: Provisioned) -> None:
    organization, before = staffed.organization, len(staffed.organization.events())

    with organization.world.transactions.writing(OPERATOR) as unit:
        role = next(one for one in roles.all_of(unit, organization.id) if one.slug == "editor")
        (mapping,) = (one for one in role_mappings.all_of(unit, organization.id) if one.role == "editor")
        assert roles.to_delete(unit, organization.id, role.id).apply() is None

    people = {("member.role_changed", GRACE): 1, ("member.role_changed", ALAN): 1}
    rest = {("role_mapping.deleted", mapping.id): 1, ("role.deleted", role.id): 1}
    assert _told(organization, before) == Counter({**people, **rest})


@pytest.mark.parametrize("deleted", [False, True], ids=["turned-off", "deleted"])
def test_given_up_directory_is_told_for_each_person_whose_role_changes(staffed: Provisioned, deleted: bool) -> None:
    """Whoever is active keeps their role; who came before the directory did, through sign-in groups, gets another."""
    organization = staffed.organization
    _was_in_sign_in_groups(organization, "writers", GRACE, ALAN)
    before = len(organization.events())

    with organization.world.transactions.writing(OPERATOR) as unit:
        give_up = directories.to_delete if deleted else directories.to_deactivate
        assert not isinstance(give_up(unit, organization.id, staffed.directory_id).apply(), Refused)

    people = {("member.role_changed", GRACE): 1, ("member.role_changed", ALAN): 1}
    ends = {("directory.deactivated", staffed.directory_id): 1}
    assert _told(organization, before) == Counter(
        {**people, **ends, **({("directory.deleted", staffed.directory_id): 1} if deleted else {})}
    )


def _was_in_sign_in_groups(organization: Organization, group: str, *emails: str) -> None:
    """As their last sign-in through the provider would have left them; the group is mapped to a role of its own."""
    with organization.world.transactions.writing(OPERATOR) as unit:
        roles.to_add(unit, organization.id, slug="writer", name="Writer").apply()
        unit.flush()
        role_mappings.to_add(unit, organization.id, source=GroupSource.SIGN_IN, group=group, role="writer").apply()
        for email in emails:
            member = members.read(unit, organization.id, organization.member(email).id)
            member.sign_in_groups_state, member.sign_in_groups = "present", [group]


def _editors(scene: Provisioned) -> str:
    with scene.organization.world.transactions.reading() as unit:
        return next(one.group_ref for one in role_mappings.all_of(unit, scene.organization.id) if one.role == "editor")


def _told(organization: Organization, before: int) -> Counter[tuple[str, str]]:
    """What was told since, as type and subject; people by their address."""
    names = {organization.member(email).id: email for email in (ADA, GRACE, ALAN)}
    return Counter((event.type, names.get(event.subject, event.subject)) for event in organization.events()[before:])


def test_session_that_its_member_ends_is_told(world: World) -> None:
    organization = found_organization(world)
    browser = world.browser()
    browser.sign_in(ADA)
    browser.get("/profile")
    before = len(organization.events())

    browser.submit("/sign-out")

    (told,) = organization.events()[before:]
    assert (told.type, told.data) == ("session.ended", {"member": organization.admin_id, "reason": "signed_out"})


def test_change_that_changes_nothing_is_not_told(world: World) -> None:
    organization = found_organization(world)
    before = len(organization.events())

    with world.transactions.writing(OPERATOR) as unit:
        organizations.to_edit(unit, organization.id, Edit(name="Acme")).apply()

    assert organization.events()[before:] == []
