"""Members and domains changed by hand, and what the directory makes of people."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from app.rules.actor import OPERATOR, Actor, ActorKind
from app.rules.decisions import Code, Refused
from app.services import answers, connections, directories, domains, members, recovery, sign_in
from app.services.plans import Planned
from app.services.steps import AskCode, SignedIn, TurnedAway
from app.store import listings
from app.store.audit import ENTRIES
from tests.application import World
from tests.scenes import ADA, GRACE, Organization, Provisioned, found_organization, provisioned
from tests.services.test_sign_in import by_code


def code_of(outcome: object) -> Code | None:
    return outcome.code if isinstance(outcome, Refused) else None


def test_role_that_follows_from_a_group_is_not_changed_by_hand(world: World) -> None:
    scene = provisioned(world)
    with world.transactions.writing(OPERATOR) as unit:
        outcome = members.to_edit(unit, scene.organization.id, scene.organization.admin_id, role="member").apply()

    assert code_of(outcome) is Code.ROLE_DECIDED_BY_GROUP


def test_member_the_directory_manages_is_not_removed_by_hand_but_may_be_suspended(world: World) -> None:
    scene = provisioned(world)
    scene.scim.add_user(GRACE)
    grace = scene.organization.member(GRACE).id
    with world.transactions.writing(OPERATOR) as unit:
        outcome = members.to_remove(unit, scene.organization.id, grace).apply()
    assert code_of(outcome) is Code.MEMBER_DIRECTORY_MANAGED

    with world.transactions.writing(OPERATOR) as unit:
        assert code_of(members.to_edit(unit, scene.organization.id, grace, suspended=True).apply()) is None
    scene.scim.patch(f"/Users/{user_id(scene, GRACE)}", {"op": "replace", "path": "active", "value": True})
    assert scene.organization.member(GRACE).suspended


def test_pushed_user_at_a_verified_host_becomes_a_member_and_others_stay_in_the_mirror_with_a_reason(
    world: World,
) -> None:
    scene = provisioned(world)
    scene.scim.add_user(GRACE)
    scene.scim.add_user("guest@elsewhere.test")
    scene.scim.add_user("asleep@acme.test", active=False)

    assert scene.organization.member(GRACE).state == "active"
    assert reasons(scene) == {"guest@elsewhere.test": "unverified_host", "asleep@acme.test": "inactive"}


def test_verifying_a_domain_admits_the_users_who_were_waiting_for_it(world: World) -> None:
    scene = provisioned(world)
    scene.scim.add_user("guest@elsewhere.test")

    scene.organization.verify_domain("elsewhere.test")

    assert scene.organization.member("guest@elsewhere.test").state == "active"
    assert reasons(scene) == {}


def test_address_of_another_organization_stays_in_the_mirror(world: World) -> None:
    scene = provisioned(world)
    found_organization(world, "grace@acme.test", "Other")
    scene.scim.add_user(GRACE)

    assert reasons(scene) == {GRACE: "address_in_use"}


def test_nothing_pushed_into_a_directory_that_is_not_active_has_effects(world: World) -> None:
    organization = found_organization(world)
    organization.verify_domain()
    _, scim = organization.add_directory()
    scim.add_user(ADA, active=False)
    scim.add_user(GRACE)

    assert organization.member(ADA).state == "active"
    with world.transactions.reading() as unit:
        assert len(members.page(unit, organization.id, after="", limit=10)) == 1


def test_deleted_user_who_is_pushed_again_gets_their_member_back_without_earlier_grants(world: World) -> None:
    scene = provisioned(world)
    first = scene.scim.add_user(GRACE, external_id="00u-grace")
    member_id = scene.organization.member(GRACE).id
    with world.transactions.writing(OPERATOR) as unit:
        members.to_edit(unit, scene.organization.id, member_id, role="admin").apply()
    scene.scim.request("DELETE", f"/Users/{first}")
    assert scene.organization.member(GRACE).state == "deactivated"

    second = scene.scim.add_user("hopper@acme.test", external_id="00u-grace")

    back = scene.organization.member("hopper@acme.test")
    assert second != first
    assert (back.id, back.state, back.role) == (member_id, "active", "member")


def test_address_follows_the_directory_to_a_verified_host_only(world: World) -> None:
    scene = provisioned(world)
    grace = scene.scim.add_user(GRACE)
    member_id = scene.organization.member(GRACE).id

    change_address(scene, grace, "hopper@acme.test")
    assert scene.organization.member("hopper@acme.test").id == member_id

    change_address(scene, grace, "grace@elsewhere.test")
    assert scene.organization.member("hopper@acme.test").id == member_id
    assert reasons(scene) == {"grace@elsewhere.test": "unverified_host"}


def test_turning_the_directory_off_keeps_people_and_their_roles_as_grants(world: World) -> None:
    scene = provisioned(world)
    grace = scene.scim.add_user(GRACE)
    scene.scim.add_member(scene.admins, grace)
    with world.transactions.writing(OPERATOR) as unit:
        assert code_of(directories.to_deactivate(unit, scene.organization.id, scene.directory_id).apply()) is None

    member = scene.organization.member(GRACE)
    assert (member.state, member.role, member.role_source, member.granted_origin) == (
        "active",
        "admin",
        "granted",
        "directory",
    )


def test_only_an_operator_verifies_a_domain_without_its_record(world: World) -> None:
    organization = found_organization(world)
    domain_id = claim(organization, "acme.test")
    with world.transactions.writing(organization.acting_as(ADA)) as unit:
        outcome = domains.verify_by_operator(unit, organization.id, domain_id)

    assert code_of(outcome) is Code.DOMAIN_MANUAL_FORBIDDEN


def test_host_another_organization_has_verified_is_refused(world: World) -> None:
    found_organization(world).verify_domain("acme.test")
    other = found_organization(world, "boss@other.test", "Other")
    other.verify_domain("other.test")
    domain_id = claim(other, "acme.test")
    with world.transactions.writing(OPERATOR) as unit:
        outcome = domains.verify_by_operator(unit, other.id, domain_id)

    assert code_of(outcome) is Code.DOMAIN_VERIFIED_ELSEWHERE


def test_worker_verifies_a_domain_once_its_record_is_there(world: World) -> None:
    organization = found_organization(world)
    domain_id = claim(organization, "acme.test")
    world.clock.advance(minutes=2)
    world.work()
    assert organization.verified_hosts() == frozenset()

    with world.transactions.reading() as unit:
        token = domains.read(unit, organization.id, domain_id).token
    world.dns.records["acme.test"] = ["v=spf1 -all", f"doorward-domain-verification={token}"]
    world.clock.advance(minutes=5)
    world.work()

    assert organization.verified_hosts() == {"acme.test"}


def test_start_link_used_in_two_browsers_at_once_founds_one_organization(world: World) -> None:
    with world.transactions.writing(OPERATOR) as unit:
        token = recovery.make_link(unit, kind="start")
    steps = []
    for name in ("first", "second"):
        with world.transactions.writing() as unit:
            link = recovery.find_link(unit, kind="start", token=token)
            assert link is not None
            step = sign_in.begin_start(
                unit, link, browser=name, organization=name, name="", address=f"{name}@acme.test"
            )
            assert isinstance(step, AskCode)
            steps.append(step)
    world.work()
    outcomes = []
    for name, step in zip(("first", "second"), steps, strict=True):
        with world.transactions.writing() as unit:
            code = world.post.code_for(f"{name}@acme.test")
            outcomes.append(answers.enter_code(unit, step.flow_id, browser=name, code=code))

    assert isinstance(outcomes[0], SignedIn)
    assert isinstance(outcomes[1], TurnedAway)
    assert outcomes[1].refused.code is Code.LINK_SPENT


def test_recovery_session_may_turn_the_directory_off_during_the_hold(world: World) -> None:
    scene = provisioned(world)
    scene.scim.set_active(scene.ada, False)
    actor = Actor(ActorKind.RECOVERY, id=scene.organization.admin_id)
    with world.transactions.writing(actor) as unit:
        outcome = directories.to_deactivate(unit, scene.organization.id, scene.directory_id).apply()

    assert code_of(outcome) is None


@pytest.mark.parametrize("gone", [directories.to_deactivate, directories.to_delete], ids=["turned-off", "deleted"])
def test_member_whom_a_directory_deactivated_is_made_active_once_it_decides_no_more(
    world: World, gone: Callable[..., Planned[object]]
) -> None:
    scene = provisioned(world)
    grace = scene.scim.add_user(GRACE)
    grant(scene, GRACE, "admin")
    scene.scim.set_active(grace, False)
    with world.transactions.writing(OPERATOR) as unit:
        assert code_of(gone(unit, scene.organization.id, scene.directory_id).apply()) is None

    outcome = make_active(scene, GRACE)

    member = scene.organization.member(GRACE)
    assert code_of(outcome) is None
    assert (member.state, member.role, member.granted_role) == ("active", "member", None)
    told = [event.type for event in scene.organization.events() if event.subject == member.id]
    assert told[-2:] == ["member.activated", "member.role_changed"]
    assert "member.activated" in audited(scene, member.id)
    assert isinstance(by_code(world, GRACE), SignedIn)


@pytest.mark.parametrize("is_deleted", [False, True], ids=["inactive", "deleted"])
def test_member_whom_the_active_directory_lists_as_inactive_is_not_made_active_by_hand(
    world: World, is_deleted: bool
) -> None:
    scene = provisioned(world)
    grace = scene.scim.add_user(GRACE)
    scene.scim.request("DELETE", f"/Users/{grace}") if is_deleted else scene.scim.set_active(grace, False)

    assert code_of(make_active(scene, GRACE, role="admin")) is Code.MEMBER_DIRECTORY_MANAGED
    assert scene.organization.member(GRACE).state == "deactivated"


def test_member_made_active_as_an_administrator_ends_the_hold_of_another(world: World) -> None:
    scene = both_deactivated(world)

    assert code_of(make_active(scene, GRACE, role="admin")) is None

    ada, grace = scene.organization.member(ADA), scene.organization.member(GRACE)
    assert (grace.state, grace.role, grace.role_source) == ("active", "admin", "granted")
    assert (ada.held, ada.state, ada.role) == (False, "deactivated", "member")
    assert "admin.released" in [event.type for event in scene.organization.events()]


def test_member_on_hold_who_is_made_active_comes_in_as_usual_and_stays_on_hold(world: World) -> None:
    scene = both_deactivated(world)

    assert code_of(make_active(scene, ADA)) is None

    ada = scene.organization.member(ADA)
    assert (ada.held, ada.state, ada.role_source) == (True, "active", "held")
    assert isinstance(by_code(world, ADA), SignedIn)


def test_making_an_active_member_active_changes_nothing(world: World) -> None:
    scene = provisioned(world)
    scene.scim.add_user(GRACE)
    grant(scene, GRACE, "admin")

    assert code_of(make_active(scene, GRACE)) is None

    assert scene.organization.member(GRACE).role == "admin"
    assert "member.activated" not in audited(scene, scene.organization.member(GRACE).id)


def both_deactivated(world: World) -> Provisioned:
    """Grace, who has signed in, was deactivated, then Ada, who is on hold; then the directory was turned off."""
    scene = provisioned(world)
    grace = scene.scim.add_user(GRACE)
    world.browser().sign_in(GRACE)
    scene.scim.set_active(grace, False)
    scene.scim.set_active(scene.ada, False)
    with world.transactions.writing(OPERATOR) as unit:
        assert code_of(directories.to_deactivate(unit, scene.organization.id, scene.directory_id).apply()) is None
    assert scene.organization.member(ADA).held
    return scene


def make_active(scene: Provisioned, email: str, *, role: str | None = None) -> object:
    member_id = scene.organization.member(email).id
    with scene.organization.world.transactions.writing(OPERATOR) as unit:
        return members.to_edit(unit, scene.organization.id, member_id, role=role, activate=True).apply()


def grant(scene: Provisioned, email: str, role: str) -> None:
    member_id = scene.organization.member(email).id
    with scene.organization.world.transactions.writing(OPERATOR) as unit:
        assert code_of(members.to_edit(unit, scene.organization.id, member_id, role=role).apply()) is None


def audited(scene: Provisioned, subject: str) -> list[str]:
    """The actions of the audit log that are about this member."""
    with scene.organization.world.transactions.reading() as unit:
        query = select(ENTRIES.c.action).where(ENTRIES.c.subject == subject).order_by(ENTRIES.c.id)
        return list(unit.connection.scalars(query))


def claim(organization: Organization, host: str) -> str:
    with organization.world.transactions.writing(OPERATOR) as unit:
        admin = members.read(unit, organization.id, organization.admin_id)
        domain = domains.claim(unit, organization.id, host=host, acting=connections.acting_of(admin))
        assert not isinstance(domain, Refused), domain
        return domain.id


def change_address(scene: Provisioned, scim_id: str, address: str) -> None:
    value = [{"value": address, "primary": True}]
    scene.scim.patch(f"/Users/{scim_id}", {"op": "replace", "path": "emails", "value": value})


def user_id(scene: Provisioned, email: str) -> str:
    answer = scene.scim.request("GET", f'/Users?filter=userName eq "{email}"').json
    assert answer is not None
    return str(answer["Resources"][0]["id"])


def reasons(scene: Provisioned) -> dict[str | None, str | None]:
    with scene.organization.world.transactions.reading() as unit:
        users = listings.users_page(unit.session, scene.directory_id, after="", limit=100)
        return {user.email: user.reason for user in users if user.reason is not None}
