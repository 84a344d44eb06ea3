"""The guard: a push is held, a person is refused, and a hold ends as soon as it may."""

from __future__ import annotations

from app.rules.actor import OPERATOR
from app.rules.decisions import Code, Refused
from app.rules.roles import GroupSource
from app.services import directories, members, role_mappings
from app.store import audit
from tests.application import World
from tests.scenes import ADA, GRACE, Organization, found_organization, provisioned


def test_push_that_removes_the_last_administrator_from_the_group_is_taken_and_the_role_is_held(world: World) -> None:
    scene = provisioned(world)

    scene.scim.remove_member(scene.admins, scene.ada)

    group = scene.scim.request("GET", f"/Groups/{scene.admins}").json
    ada = scene.organization.member(ADA)
    assert group is not None
    assert group["members"] == []
    assert (ada.role, ada.role_source, ada.held, ada.state) == ("admin", "held", True, "active")
    assert "admin.held" in event_types(scene.organization)


def test_push_that_deactivates_the_last_administrator_ends_their_sessions_and_holds_the_role(world: World) -> None:
    scene = provisioned(world)
    browser = world.browser()
    browser.sign_in(ADA)

    scene.scim.set_active(scene.ada, False)

    ada = scene.organization.member(ADA)
    assert (ada.role, ada.held, ada.state) == ("admin", True, "deactivated")
    assert browser.get("/profile").headers["Location"] == "/sign-in"


def test_push_that_deletes_the_last_administrator_holds_the_role(world: World) -> None:
    scene = provisioned(world)

    assert scene.scim.request("DELETE", f"/Users/{scene.ada}").status_code == 204

    ada = scene.organization.member(ADA)
    assert (ada.role, ada.held, ada.state) == ("admin", True, "deactivated")


def test_every_administrator_is_told_by_mail_when_a_role_is_held(world: World) -> None:
    scene = provisioned(world)
    scene.scim.remove_member(scene.admins, scene.ada)
    world.work()

    assert "tried to remove the last administrator" in world.post.to(ADA)[-1].subject


def test_hold_ends_when_the_directory_makes_the_member_an_administrator_again(world: World) -> None:
    scene = provisioned(world)
    scene.scim.remove_member(scene.admins, scene.ada)

    scene.scim.add_member(scene.admins, scene.ada)

    ada = scene.organization.member(ADA)
    assert (ada.role, ada.role_source, ada.held) == ("admin", "mapped", False)
    assert "admin.released" in event_types(scene.organization)


def test_hold_is_released_and_the_pushed_state_applies_when_another_administrator_becomes_usable(world: World) -> None:
    scene = provisioned(world)
    grace = scene.scim.add_user(GRACE)
    world.browser().sign_in(GRACE)
    scene.scim.set_active(scene.ada, False)

    scene.scim.add_member(scene.admins, grace)

    ada = scene.organization.member(ADA)
    # She is still in the group, and exactly that applies: an administrator, but deactivated.
    assert (ada.role, ada.role_source, ada.held, ada.state) == ("admin", "mapped", False, "deactivated")
    assert scene.organization.member(GRACE).role == "admin"


def test_new_administrator_who_never_signed_in_does_not_release_the_hold_until_they_do(world: World) -> None:
    scene = provisioned(world)
    grace = scene.scim.add_user(GRACE)
    scene.scim.set_active(scene.ada, False)
    scene.scim.add_member(scene.admins, grace)
    assert scene.organization.member(ADA).held

    world.browser().sign_in(GRACE)

    assert not scene.organization.member(ADA).held


def test_one_push_that_takes_both_administrators_holds_only_the_latest_to_have_signed_in(world: World) -> None:
    scene = provisioned(world)
    grace = scene.scim.add_user(GRACE)
    scene.scim.add_member(scene.admins, grace)
    world.clock.advance(minutes=5)
    world.browser().sign_in(GRACE)

    scene.scim.patch(f"/Groups/{scene.admins}", {"op": "replace", "path": "members", "value": []})

    assert (scene.organization.member(ADA).role, scene.organization.member(ADA).held) == ("member", False)
    assert (scene.organization.member(GRACE).role, scene.organization.member(GRACE).held) == ("admin", True)


def test_member_on_hold_may_make_someone_else_an_administrator_and_is_released_with_it(world: World) -> None:
    scene = provisioned(world)
    scene.scim.add_user(GRACE)
    world.browser().sign_in(GRACE)
    scene.scim.remove_member(scene.admins, scene.ada)

    outcome = grant(scene.organization, GRACE, "admin", by=ADA)

    assert not isinstance(outcome, Refused)
    assert (scene.organization.member(ADA).role, scene.organization.member(ADA).held) == ("member", False)


def test_further_pushes_leave_a_hold_as_it_is(world: World) -> None:
    scene = provisioned(world)
    scene.scim.remove_member(scene.admins, scene.ada)

    scene.scim.set_active(scene.ada, False)

    ada = scene.organization.member(ADA)
    assert (ada.role, ada.held, ada.state) == ("admin", True, "deactivated")


def test_demoting_the_last_administrator_by_hand_is_refused_and_names_them(world: World) -> None:
    organization = found_organization(world)

    outcome = grant(organization, ADA, "member", by=ADA)

    assert isinstance(outcome, Refused)
    assert outcome.code is Code.LAST_ADMINISTRATOR
    assert ADA in outcome.sentence
    assert organization.member(ADA).role == "admin"


def test_suspending_the_last_administrator_is_refused_and_their_session_lives(world: World) -> None:
    organization = found_organization(world)
    browser = world.browser()
    browser.sign_in(ADA)

    outcome = suspend(organization, ADA)

    assert isinstance(outcome, Refused)
    assert outcome.code is Code.LAST_ADMINISTRATOR
    assert browser.get("/profile").status_code == 200


def test_removing_the_last_administrator_is_refused(world: World) -> None:
    organization = found_organization(world)
    with world.transactions.writing(OPERATOR) as unit:
        outcome = members.to_remove(unit, organization.id, organization.admin_id).apply()

    assert isinstance(outcome, Refused)
    assert outcome.code is Code.LAST_ADMINISTRATOR


def test_removing_the_mapping_that_makes_the_last_administrator_is_refused(world: World) -> None:
    scene = provisioned(world)
    with world.transactions.reading() as unit:
        mapping = role_mappings.all_of(unit, scene.organization.id)[0].id
    with world.transactions.writing(OPERATOR) as unit:
        outcome = role_mappings.to_remove(unit, scene.organization.id, mapping).apply()

    assert isinstance(outcome, Refused)
    assert outcome.code is Code.LAST_ADMINISTRATOR
    with world.transactions.reading() as unit:
        assert [row.id for row in role_mappings.all_of(unit, scene.organization.id)] == [mapping]


def test_suspending_the_administrator_on_hold_is_refused_while_nobody_else_can_sign_in(world: World) -> None:
    scene = provisioned(world)
    scene.scim.remove_member(scene.admins, scene.ada)

    outcome = suspend(scene.organization, ADA)

    assert isinstance(outcome, Refused)
    assert outcome.code is Code.LAST_HELD_ADMINISTRATOR


def test_turning_the_directory_off_is_refused_to_an_administrator_on_hold(world: World) -> None:
    scene = provisioned(world)
    scene.scim.remove_member(scene.admins, scene.ada)
    with world.transactions.writing(scene.organization.acting_as(ADA)) as unit:
        outcome = directories.to_deactivate(unit, scene.organization.id, scene.directory_id).apply()

    assert isinstance(outcome, Refused)
    assert outcome.code is Code.DIRECTORY_HOLDS_ADMIN


def test_operator_may_turn_the_directory_off_during_a_hold_and_the_administrator_stays_one(world: World) -> None:
    scene = provisioned(world)
    scene.scim.remove_member(scene.admins, scene.ada)
    with world.transactions.writing(OPERATOR) as unit:
        outcome = directories.to_deactivate(unit, scene.organization.id, scene.directory_id).apply()

    ada = scene.organization.member(ADA)
    assert not isinstance(outcome, Refused)
    assert (ada.role, ada.role_source, ada.held) == ("admin", "granted", False)


def test_refusal_is_written_to_the_audit_log_and_nothing_else_is(world: World) -> None:
    organization = found_organization(world)
    before = organization.member(ADA)

    grant(organization, ADA, "member", by=ADA)

    with world.transactions.reading() as unit:
        entry = audit.after(unit.session, organization.id, after_id="", limit=1000)[-1]
    assert (entry.outcome, entry.action, entry.actor_label) == ("refused", "member.role_changed", ADA)
    assert organization.member(ADA).granted_role == before.granted_role


def test_administrator_who_never_signed_in_is_not_lost_to_a_push_either(world: World) -> None:
    """At least one person always holds the role, even before anybody has proven a way in."""
    scene = provisioned(world)
    with world.transactions.writing(OPERATOR) as unit:
        row = members.read(unit, scene.organization.id, scene.organization.admin_id)
        row.first_signed_in_at = row.last_signed_in_at = None

    scene.scim.remove_member(scene.admins, scene.ada)

    assert scene.organization.member(ADA).held


def grant(organization: Organization, email: str, role: str, *, by: str) -> object:
    member_id = organization.member(email).id
    with organization.world.transactions.writing(organization.acting_as(by)) as unit:
        return members.to_edit(unit, organization.id, member_id, role=role).apply()


def suspend(organization: Organization, email: str) -> object:
    member_id = organization.member(email).id
    with organization.world.transactions.writing(OPERATOR) as unit:
        return members.to_edit(unit, organization.id, member_id, suspended=True).apply()


def event_types(organization: Organization) -> list[str]:
    return [event.type for event in organization.events()]


def test_member_on_hold_cannot_lift_their_own_hold_by_a_grant(world: World) -> None:
    scene = provisioned(world)
    scene.scim.remove_member(scene.admins, scene.ada)

    outcome = grant(scene.organization, ADA, "admin", by=ADA)

    assert isinstance(outcome, Refused)
    assert outcome.code is Code.OWN_HOLD
    assert scene.organization.member(ADA).held


def test_member_on_hold_cannot_lift_their_own_hold_by_a_mapping(world: World) -> None:
    scene = provisioned(world)
    scene.scim.remove_member(scene.admins, scene.ada)
    other = scene.scim.add_group("Other", scene.ada)
    with world.transactions.writing(scene.organization.acting_as(ADA)) as unit:
        outcome = role_mappings.to_add(
            unit, scene.organization.id, source=GroupSource.DIRECTORY, group=other, role="admin"
        ).apply()

    assert isinstance(outcome, Refused)
    assert outcome.code is Code.OWN_HOLD


def test_operator_may_make_the_member_on_hold_an_administrator_again(world: World) -> None:
    scene = provisioned(world)
    scene.scim.remove_member(scene.admins, scene.ada)
    with world.transactions.writing(OPERATOR) as unit:
        members.to_edit(unit, scene.organization.id, scene.organization.admin_id, role="admin").apply()

    ada = scene.organization.member(ADA)
    assert (ada.role, ada.role_source, ada.held) == ("admin", "granted", False)
