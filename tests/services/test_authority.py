"""What the search through small worlds and random lives found in the use cases, and what must be true since."""

from __future__ import annotations

from dataclasses import dataclass

from app.rules.actor import OPERATOR
from app.rules.decisions import Code, Refused
from app.rules.lockout import Guests
from app.services import connections, directories, domains, explanation, members, organizations, recovery
from app.services.organizations import Edit
from tests.application import World
from tests.scenes import ADA, GRACE, HOST, Organization, ScimClient, found_organization, provisioned
from tests.services.single_sign_on import connect, identity_of
from tests.services.test_members import change_address

GUEST = "ada@elsewhere.test"


def test_grant_kept_from_a_directory_lapses_when_the_same_directory_decides_again(world: World) -> None:
    scene = provisioned(world)
    grace = scene.scim.add_user(GRACE)
    scene.scim.add_member(scene.admins, grace)
    turn_off(scene.organization, scene.directory_id)
    scene.organization.activate_directory(scene.directory_id)

    scene.scim.remove_member(scene.admins, grace)

    member = scene.organization.member(GRACE)
    assert (member.role, member.role_source, member.granted_role) == ("member", "default", None)


def test_member_deleted_in_the_directory_while_it_was_off_is_deactivated_when_it_is_turned_on(world: World) -> None:
    scene = provisioned(world)
    grace = scene.scim.add_user(GRACE)
    turn_off(scene.organization, scene.directory_id)
    assert scene.scim.request("DELETE", f"/Users/{grace}").status_code == 204
    assert scene.organization.member(GRACE).state == "active"

    scene.organization.activate_directory(scene.directory_id)

    assert scene.organization.member(GRACE).state == "deactivated"


def test_domain_is_not_vouched_for_where_the_directory_deactivates_the_last_administrator_at_it(world: World) -> None:
    """A person's change is refused; a push would have been held."""
    organization = found_organization(world, GUEST)
    organization.verify_domain("elsewhere.test")
    organization.verify_domain("acme.test")
    organization.store_recovery_codes()
    with world.transactions.writing(OPERATOR) as unit:
        old = next(one for one in domains.all_of(unit, organization.id) if one.host == "elsewhere.test")
        assert domains.to_remove(unit, organization.id, old.id).apply() is None
    directory_id, scim = organization.add_directory()
    grace = scim.add_user(GRACE)
    organization.map_group(scim.add_group("Admins", grace))
    organization.activate_directory(directory_id)
    scim.add_user(GUEST, active=False)
    with world.transactions.writing(OPERATOR) as unit:
        admin = members.read(unit, organization.id, organization.admin_id)
        domain = domains.claim(unit, organization.id, host="elsewhere.test", acting=connections.acting_of(admin))
        assert not isinstance(domain, Refused)
        unit.session.flush()
        outcome = domains.verify_by_operator(unit, organization.id, domain.id)

    assert isinstance(outcome, Refused)
    assert outcome.code is Code.LAST_ADMINISTRATOR
    assert not organization.member(GUEST).held
    assert organization.verified_hosts() == {"acme.test"}


def turn_off(organization: Organization, directory_id: str) -> None:
    with organization.world.transactions.writing(OPERATOR) as unit:
        assert not isinstance(directories.to_deactivate(unit, organization.id, directory_id).apply(), Refused)


def test_address_that_waited_for_a_hold_applies_when_a_person_ends_the_hold(world: World) -> None:
    scene = provisioned(world)
    scene.scim.add_user(GRACE)
    world.browser().sign_in(GRACE)
    scene.scim.remove_member(scene.admins, scene.ada)
    change_address(scene, scene.ada, f"lovelace@{HOST}")
    with world.transactions.writing(OPERATOR) as unit:
        members.to_edit(unit, scene.organization.id, scene.organization.member(GRACE).id, role="admin").apply()

    assert scene.organization.member(f"lovelace@{HOST}").role == "member"


def test_address_that_waited_for_a_hold_applies_when_a_sign_in_ends_the_hold(world: World) -> None:
    scene = provisioned(world)
    grace = scene.scim.add_user(GRACE)
    scene.scim.add_member(scene.admins, grace)
    scene.scim.remove_member(scene.admins, scene.ada)
    change_address(scene, scene.ada, f"lovelace@{HOST}")

    world.browser().sign_in(GRACE)

    assert scene.organization.member(f"lovelace@{HOST}").role == "member"


@dataclass
class Guest:
    """Single sign-on is required, and Ada, the only usable administrator, comes in as a guest."""

    organization: Organization
    directory_id: str
    scim: ScimClient
    ada: str


def guest_administrator(world: World) -> Guest:
    """Her host was given up; Bea, at the one that is left, turned single sign-on on and was then suspended."""
    organization = found_organization(world)
    organization.verify_domain()
    organization.verify_domain("beta.test")
    organization.store_recovery_codes()
    directory_id, scim = organization.add_directory()
    ada, bea = scim.add_user(ADA), scim.add_user("bea@beta.test")
    organization.map_group(scim.add_group("Admins", ada, bea))
    organization.activate_directory(directory_id)
    world.browser().sign_in("bea@beta.test")
    turn_off(organization, directory_id)
    bea_id = organization.member("bea@beta.test").id
    with world.transactions.writing(OPERATOR) as unit:
        old = next(one for one in domains.all_of(unit, organization.id) if one.host == HOST)
        assert domains.to_remove(unit, organization.id, old.id).apply() is None
        organizations.to_edit(unit, organization.id, Edit(guests=Guests.EMAIL_CODE)).apply()
    sso = connect(Organization(world, organization.id, bea_id))
    sso.come_back(identity_of(world, "bea@beta.test"), tester=True)
    assert not isinstance(sso.activate(), Refused)
    with world.transactions.writing(OPERATOR) as unit:
        assert not isinstance(members.to_edit(unit, organization.id, bea_id, suspended=True).apply(), Refused)
        recovery.confirm(unit, organization.id, by=members.read(unit, organization.id, organization.admin_id))
    assert usable(organization) == [ADA]
    return Guest(organization, directory_id, scim, ada)


def rename(scim: ScimClient, user: str, email: str) -> None:
    scim.patch(
        f"/Users/{user}",
        {"op": "replace", "path": "emails[primary eq true].value", "value": email},
        {"op": "replace", "path": "userName", "value": email},
    )


def usable(organization: Organization) -> list[str]:
    with organization.world.transactions.reading() as unit:
        return [person.email for person, _ in explanation.lockout_proof(unit, organization.id).usable]


def test_address_of_an_administrator_who_comes_in_as_a_guest_waits_instead_of_closing_their_door(world: World) -> None:
    scene = guest_administrator(world)
    rename(scene.scim, scene.ada, "ada@beta.test")

    scene.organization.activate_directory(scene.directory_id)

    assert usable(scene.organization) == [ADA]
    with world.transactions.reading() as unit:
        found = directories.users(unit, scene.organization.id, scene.directory_id, after="", limit=9)
        assert {user.reason for user in found if user.id == scene.ada} == {"waits_for_proof"}


def test_push_that_renames_an_administrator_who_comes_in_as_a_guest_leaves_them_their_door(world: World) -> None:
    scene = guest_administrator(world)
    scene.organization.activate_directory(scene.directory_id)

    rename(scene.scim, scene.ada, "ada@beta.test")

    assert usable(scene.organization) == [ADA]
