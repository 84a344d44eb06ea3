"""What the search through small worlds and random lives found in the use cases, and what must be true since."""

from __future__ import annotations

from app.rules.actor import OPERATOR
from app.rules.decisions import Code, Refused
from app.services import connections, directories, domains, members
from tests.application import World
from tests.scenes import GRACE, HOST, Organization, found_organization, provisioned
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
