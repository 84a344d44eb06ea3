"""Invitations: whom they may be for, how they are accepted, and what they are worth by then."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from app.rules.actor import OPERATOR, Actor, ActorKind
from app.rules.decisions import Code, Refused
from app.rules.errors import InvalidInputError, NotFoundError, TooManyError
from app.rules.identity import UNKNOWN_GROUPS, ReceivedGroups
from app.rules.ids import Prefix
from app.rules.invitations import InvitationState
from app.rules.roles import GroupSource
from app.services import (
    answers,
    connections,
    directories,
    invitations,
    members,
    organization_keys,
    organizations,
    role_mappings,
    roles,
    sign_in,
    steps,
)
from app.services.steps import AskCode, GoToProvider, NextStep, SignedIn, TurnedAway
from app.store.invitations import Invitation
from app.store.sign_ins import SignInFlow
from tests.application import World
from tests.scenes import ADA, GRACE, Organization, found_organization, provisioned
from tests.services.single_sign_on import SingleSignOn, identity_of, required
from tests.services.test_sign_in import add_member, by_code, set_columns

BOB = "bob@guest.test"


def invite(
    organization: Organization, email: str = BOB, role: str = "member", *, by: Actor | None = None
) -> Invitation | Refused:
    with organization.world.transactions.writing(by or organization.acting_as(ADA)) as unit:
        return invitations.invite(unit, organization.id, email=email, role=role)


def invited(organization: Organization, email: str = BOB, role: str = "member") -> Invitation:
    made = invite(organization, email, role)
    assert not isinstance(made, Refused), made
    return made


def token_for(world: World, email: str = BOB) -> str:
    """The token of the link in the newest mail to this address."""
    world.work()
    return str(re.findall(r"/invitations/([\w-]+)", world.post.to(email)[-1].text)[0])


def follow(world: World, token: str, browser: str = "b") -> NextStep:
    """Follow the link and type the code."""
    with world.transactions.writing() as unit:
        found = invitations.by_token(unit, token)
        assert found is not None
        step = sign_in.begin_invited(unit, found.row, browser=browser)
    assert isinstance(step, AskCode)
    world.work()
    with world.transactions.writing() as unit:
        return answers.enter_code(unit, step.flow_id, browser=browser, code=world.post.code_for(found.row.email))


def state(organization: Organization, invitation: Invitation) -> InvitationState:
    with organization.world.transactions.reading() as unit:
        return invitations.read(unit, organization.id, invitation.id).state


def code(outcome: object) -> Code | None:
    refused = outcome.refused if isinstance(outcome, TurnedAway) else outcome
    return refused.code if isinstance(refused, Refused) else None


def test_invitation_is_accepted_by_the_code_mailed_to_its_address(world: World) -> None:
    organization = found_organization(world)
    with world.transactions.writing(OPERATOR) as unit:
        roles.to_add(unit, organization.id, slug="editor", name="Editor", priority=50).apply()
    invitation = invited(organization, role="editor")

    step = follow(world, token_for(world))

    assert isinstance(step, SignedIn)
    bob = organization.member(BOB)
    assert (bob.state, bob.role, bob.role_source, bob.granted_origin) == ("active", "editor", "granted", "member")
    assert state(organization, invitation) is InvitationState.ACCEPTED
    told = [(event.type, event.data) for event in organization.events()]
    assert ("member.created", {"invitation": invitation.id}) in told
    assert ("invitation.accepted", {"member": bob.id, "role": "editor"}) in told


def test_invited_person_may_as_well_just_sign_in(world: World) -> None:
    organization = found_organization(world)
    invited(organization)

    assert isinstance(by_code(world, BOB), SignedIn)

    assert organization.member(BOB).role == "member"


def test_looking_at_the_link_accepts_nothing_and_neither_does_a_wrong_code(world: World) -> None:
    organization = found_organization(world)
    invitation = invited(organization)
    token = token_for(world)
    with world.transactions.writing() as unit:
        found = invitations.by_token(unit, token)
        assert found is not None
        step = sign_in.begin_invited(unit, found.row, browser="b")
        assert isinstance(step, AskCode)
        answers.enter_code(unit, step.flow_id, browser="b", code="000000")

    assert state(organization, invitation) is InvitationState.PENDING


def test_link_works_for_seven_days_and_the_address_alone_no_longer_either(world: World) -> None:
    organization = found_organization(world)
    invitation = invited(organization)
    world.clock.advance(days=7)

    assert state(organization, invitation) is InvitationState.EXPIRED
    assert code(by_code(world, BOB)) is Code.NOT_A_MEMBER


def test_sending_again_makes_the_old_link_void_for_another_week_and_is_not_a_mail_bomb(world: World) -> None:
    organization = found_organization(world)
    invitation = invited(organization)
    old = token_for(world)
    with world.transactions.writing(OPERATOR) as unit, pytest.raises(TooManyError):
        invitations.send_again(unit, organization.id, invitation.id)
    world.clock.advance(days=8)

    with world.transactions.writing(OPERATOR) as unit:
        invitations.send_again(unit, organization.id, invitation.id)

    new = token_for(world)
    with world.transactions.reading() as unit:
        assert invitations.by_token(unit, old) is None
    world.clock.advance(days=6)
    assert isinstance(follow(world, new), SignedIn)


def test_revoked_invitation_lets_nobody_in(world: World) -> None:
    organization = found_organization(world)
    invitation = invited(organization)
    with world.transactions.writing(OPERATOR) as unit:
        invitations.revoke(unit, organization.id, invitation.id)

    assert code(by_code(world, BOB)) is Code.NOT_A_MEMBER
    with world.transactions.writing(OPERATOR) as unit, pytest.raises(NotFoundError):
        invitations.send_again(unit, organization.id, invitation.id)
    assert state(organization, invitation) is InvitationState.REVOKED
    world.clock.advance(minutes=1)
    invited(organization)  # and may be invited anew


def test_member_and_somebody_invited_already_are_not_invited_again(world: World) -> None:
    organization = found_organization(world)
    invited(organization)

    assert code(invite(organization, ADA)) is Code.MEMBER_EXISTS
    world.clock.advance(minutes=1)
    assert code(invite(organization, BOB.upper())) is Code.INVITATION_OPEN
    with pytest.raises(InvalidInputError):
        invite(organization, "eve@guest.test", "emperor")


def test_invitation_to_admin_counts_only_while_its_inviter_is_one(world: World) -> None:
    organization = found_organization(world)
    add_member(organization, GRACE, role="admin")
    set_columns(organization, GRACE, first_signed_in_at=world.clock.now())
    assert not isinstance(invite(organization, BOB, "admin", by=organization.acting_as(GRACE)), Refused)
    assert not isinstance(invite(organization, "eve@guest.test", "admin"), Refused)
    with world.transactions.writing(OPERATOR) as unit:
        grace = organization.member(GRACE).id
        assert not isinstance(members.to_edit(unit, organization.id, grace, role="member").apply(), Refused)

    assert isinstance(by_code(world, BOB), SignedIn)
    assert isinstance(by_code(world, "eve@guest.test"), SignedIn)

    assert organization.member(BOB).role == "member"
    assert organization.member("eve@guest.test").role == "admin"


def test_role_deleted_meanwhile_becomes_the_default_one(world: World) -> None:
    organization = found_organization(world)
    with world.transactions.writing(OPERATOR) as unit:
        role = roles.to_add(unit, organization.id, slug="editor", name="Editor", priority=50).apply()
        assert not isinstance(role, Refused)
    invited(organization, role="editor")
    with world.transactions.writing(OPERATOR) as unit:
        roles.to_delete(unit, organization.id, role.id).apply()

    assert isinstance(by_code(world, BOB), SignedIn)

    assert organization.member(BOB).role == "member"


def test_removed_member_comes_back_by_invitation_as_a_new_one(world: World) -> None:
    organization = found_organization(world)
    add_member(organization, BOB, role="admin")
    earlier = organization.member(BOB).id
    with world.transactions.writing(OPERATOR) as unit:
        assert not isinstance(members.to_remove(unit, organization.id, earlier).apply(), Refused)
    assert code(by_code(world, BOB)) is Code.NOT_A_MEMBER
    invited(organization)

    assert isinstance(by_code(world, BOB), SignedIn)

    bob = organization.member(BOB)
    assert bob.id != earlier
    assert (bob.role, bob.granted_role, bob.removed_at) == ("member", None, None)


def test_suspended_member_is_let_in_by_no_invitation(world: World) -> None:
    organization = found_organization(world)
    invitation = invited(organization)
    add_member(organization, BOB)
    set_columns(organization, BOB, suspended=True)

    assert state(organization, invitation) is InvitationState.SUPERSEDED
    assert code(by_code(world, BOB)) is Code.MEMBER_SUSPENDED


def test_address_of_another_organization_is_told_so_only_after_it_is_proven(world: World) -> None:
    organization = found_organization(world)
    other = found_organization(world, BOB, "Guests")
    assert not isinstance(invite(organization), Refused)  # nobody learns here where else somebody is a member

    step = follow(world, token_for(world))

    assert code(step) is Code.ADDRESS_IN_USE
    signed = by_code(world, BOB)
    assert isinstance(signed, SignedIn)
    assert signed.member.organization_id == other.id


def test_link_decides_between_two_organizations_that_invite_the_same_address(world: World) -> None:
    acme = found_organization(world)
    other = found_organization(world, "olga@other.test", "Other")
    invited(acme)
    first = token_for(world)
    with world.transactions.writing(other.acting_as("olga@other.test")) as unit:
        assert not isinstance(invitations.invite(unit, other.id, email=BOB, role="member"), Refused)

    step = follow(world, first)

    assert isinstance(step, SignedIn)
    assert step.member.organization_id == acme.id


def test_address_of_a_verified_host_comes_from_the_directory_while_one_is_active(world: World) -> None:
    scene = provisioned(world)

    assert code(invite(scene.organization, GRACE)) is Code.INVITATION_FROM_DIRECTORY
    assert not isinstance(invite(scene.organization, BOB), Refused)


def test_directory_supersedes_an_open_invitation(world: World) -> None:
    scene = provisioned(world)
    organization = scene.organization
    with world.transactions.writing(OPERATOR) as unit:
        row = Invitation(
            id=unit.id(Prefix.INVITATION),
            organization_id=organization.id,
            email=GRACE,
            role="admin",
            digest="d",
            inviter_kind="operator",
            inviter_label="operator",
            created_at=unit.now,
            sent_at=unit.now,
            expires_at=unit.now + timedelta(days=7),
        )
        unit.session.add(row)
    scene.scim.add_user(GRACE)

    assert state(organization, row) is InvitationState.SUPERSEDED
    world.clock.advance(minutes=2)
    world.work()

    assert organization.member(GRACE).role == "member"
    assert "invitation.superseded" in [event.type for event in organization.events()]
    with world.transactions.reading() as unit:
        assert invitations.waiting(unit, organization.id, limit=9) == []


def test_guest_is_invited_under_single_sign_on_only_where_guests_are_allowed(world: World) -> None:
    scene = required(world)
    organization = scene.organization
    assert code(invite(organization)) is Code.GUESTS_REFUSED
    with world.transactions.writing(OPERATOR) as unit:
        organizations.read(unit, organization.id).guests = "email_code"

    invited(organization)

    assert isinstance(by_code(world, BOB), SignedIn)


def test_invited_person_of_the_verified_host_accepts_through_the_identity_provider(world: World) -> None:
    scene = required(world)
    organization = scene.organization
    with world.transactions.writing(OPERATOR) as unit:
        organizations.read(unit, organization.id).jit = False
    invitation = invited(organization, GRACE)

    assert isinstance(scene.come_back(identity_of(world, GRACE)), SignedIn)

    assert organization.member(GRACE).role == "member"
    assert state(organization, invitation) is InvitationState.ACCEPTED


def test_invited_administrator_also_proves_the_mailbox_before_the_provider_lets_them_in(world: World) -> None:
    scene = required(world)
    organization = scene.organization
    invited(organization, GRACE, "admin")

    step = scene.come_back(identity_of(world, GRACE))

    assert isinstance(step, AskCode)
    assert step.links_admin


def test_invited_person_sets_up_a_second_factor_where_it_is_required(world: World) -> None:
    organization = found_organization(world)
    organization.require_mfa()
    invited(organization)

    step = by_code(world, BOB)

    assert type(step).__name__ == "AskEnrollment"
    assert organization.member(BOB).first_signed_in_at is None


def test_invitation_is_nobody_elses(world: World) -> None:
    organization = found_organization(world)
    other = found_organization(world, "olga@other.test", "Other")
    invitation = invited(organization)

    with world.transactions.writing(OPERATOR) as unit, pytest.raises(NotFoundError):
        invitations.revoke(unit, other.id, invitation.id)


OLD = "subject of whoever had the address before"


def leave(scene: SingleSignOn, email: str, groups: ReceivedGroups = UNKNOWN_GROUPS) -> None:
    """Somebody who came in through the provider is removed."""
    world = scene.world
    step = scene.come_back(identity_of(world, email, subject=OLD, groups=groups))
    assert isinstance(step, SignedIn), step
    with world.transactions.writing(OPERATOR) as unit:
        gone = members.to_remove(unit, scene.organization.id, scene.organization.member(email).id).apply()
        assert not isinstance(gone, Refused)


def test_whoever_had_the_address_before_is_not_who_is_invited_with_it(world: World) -> None:
    scene = required(world)
    leave(scene, GRACE)
    invited(scene.organization, GRACE, "admin")
    new = scene.come_back(identity_of(world, GRACE, subject="new hire"))
    assert isinstance(new, AskCode)

    old = scene.come_back(identity_of(world, "grace.old@acme.test", subject=OLD))

    assert code(old) is Code.MEMBER_REMOVED
    world.work()
    with world.transactions.writing() as unit:
        done = answers.enter_code(unit, new.flow_id, browser="browser-token", code=world.post.code_for(GRACE))
    assert isinstance(done, SignedIn)
    assert scene.organization.member(GRACE).role == "admin"
    assert code(scene.come_back(identity_of(world, "grace.old@acme.test", subject=OLD))) is Code.MEMBER_REMOVED


def test_whoever_was_removed_and_is_invited_again_comes_through_the_provider_as_before(world: World) -> None:
    scene = required(world)
    leave(scene, GRACE)
    assert code(scene.come_back(identity_of(world, GRACE, subject=OLD))) is Code.MEMBER_REMOVED
    invited(scene.organization, GRACE)

    assert isinstance(scene.come_back(identity_of(world, GRACE, subject=OLD)), SignedIn)
    assert isinstance(scene.come_back(identity_of(world, GRACE, subject=OLD)), SignedIn)


def test_whoever_was_removed_and_accepted_by_code_comes_through_the_provider_afterwards(world: World) -> None:
    scene = required(world)
    leave(scene, GRACE)
    with world.transactions.writing(OPERATOR) as unit:
        connections.to_deactivate(unit, scene.organization.id, scene.connection_id).apply()
    invited(scene.organization, GRACE)
    by_code(world, GRACE)
    assert not isinstance(scene.activate(), Refused)

    assert isinstance(scene.come_back(identity_of(world, GRACE, subject=OLD)), SignedIn)


def test_administrator_who_was_removed_and_invited_again_tests_the_connection_as_themselves(world: World) -> None:
    scene = required(world)
    leave(scene, GRACE)
    with world.transactions.writing(OPERATOR) as unit:
        connections.to_deactivate(unit, scene.organization.id, scene.connection_id).apply()
    invited(scene.organization, GRACE, "admin")
    by_code(world, GRACE)

    with world.transactions.writing() as unit:
        tester = scene.organization.member(GRACE)
        step = sign_in.begin_through(unit, scene.connection_id, browser="browser-token", tester=tester)
    assert isinstance(step, GoToProvider)
    with world.transactions.writing() as unit:
        arrival = answers.claim_arrival(
            unit, scene.connection_id, protocol="saml", handle=step.flow.handle, browser="browser-token"
        )
    assert isinstance(arrival, answers.Arrival)
    tested = scene.arrive(arrival, identity_of(world, GRACE, subject=OLD))

    assert isinstance(tested, steps.Tested)
    with world.transactions.reading() as unit:
        assert unit.session.get_one(SignInFlow, tested.flow_id).outcome["ok"]


def test_directory_that_brings_a_removed_member_back_forgets_who_they_were_at_the_provider(world: World) -> None:
    scene = required(world)
    organization = scene.organization
    leave(scene, GRACE)
    directory_id, scim = organization.add_directory()
    ada = scim.add_user(ADA)
    organization.map_group(scim.add_group("Admins", ada))
    organization.activate_directory(directory_id)
    scim.add_user(GRACE, external_id="another person")

    old = scene.come_back(identity_of(world, "grace.old@acme.test", subject=OLD))

    assert code(old) is Code.NOT_PROVISIONED
    assert isinstance(scene.come_back(identity_of(world, GRACE, subject="new hire")), SignedIn)


def test_guard_counts_no_proof_of_a_removed_member_whom_a_directory_is_about_to_bring_back(world: World) -> None:
    scene = required(world)
    organization = scene.organization
    leave(scene, GRACE)
    directory_id, scim = organization.add_directory()
    ada, grace = scim.add_user(ADA), scim.add_user(GRACE)
    organization.map_group(scim.add_group("Admins", grace))
    organization.map_group(scim.add_group("Staff", ada), role="member")

    with world.transactions.writing(OPERATOR) as unit:
        planned = directories.to_activate(unit, organization.id, directory_id)
        outcome = planned.apply(shown=planned.plan().hash)

    assert isinstance(outcome, Refused)
    assert outcome.code is Code.LAST_ADMINISTRATOR
    assert organization.member(ADA).role == "admin"


def test_directory_that_brings_a_removed_member_back_forgets_which_groups_the_provider_sent(world: World) -> None:
    scene = required(world)
    organization = scene.organization
    admins = ReceivedGroups.of(frozenset({"admins"}))
    leave(scene, GRACE, groups=admins)
    directory_id, scim = organization.add_directory()
    ada = scim.add_user(ADA)
    organization.map_group(scim.add_group("Admins", ada))
    organization.activate_directory(directory_id)
    scim.add_user(GRACE)
    with world.transactions.writing(OPERATOR) as unit:
        directories.to_deactivate(unit, organization.id, directory_id).apply()
    with world.transactions.writing(OPERATOR) as unit:
        role_mappings.to_add(unit, organization.id, source=GroupSource.SIGN_IN, group="admins", role="admin").apply()

    assert organization.member(GRACE).role == "member"


def test_invited_administrator_counts_for_the_guard_only_once_they_came_in(world: World) -> None:
    scene = required(world)
    organization = scene.organization
    leave(scene, GRACE)
    invited(organization, GRACE, "admin")
    assert isinstance(scene.come_back(identity_of(world, GRACE, subject="new hire")), AskCode)

    with world.transactions.writing(organization.acting_as(ADA)) as unit:
        outcome = members.to_edit(unit, organization.id, organization.admin_id, role="member").apply()

    assert code(outcome) is Code.LAST_ADMINISTRATOR


def test_organization_takes_no_address_of_a_host_where_another_one_decides(world: World) -> None:
    scene = required(world)  # Acme requires single sign-on for acme.test
    other = found_organization(world, "olga@other.test", "Other")
    made = invite(other, GRACE, by=other.acting_as("olga@other.test"))
    assert not isinstance(made, Refused)
    with world.transactions.writing() as unit:
        accepted = invitations.accept(unit, invitations.read(unit, other.id, made.id).row)

    assert code(accepted) is Code.ADDRESS_IN_USE
    assert isinstance(scene.come_back(identity_of(world, GRACE)), SignedIn)


def test_of_several_invitations_that_of_the_owner_of_the_host_counts_else_none_without_its_link(world: World) -> None:
    acme = found_organization(world)
    acme.verify_domain()
    other = found_organization(world, "olga@other.test", "Other")
    third = found_organization(world, "zoe@third.test", "Third")
    for organization, admin in ((acme, ADA), (other, "olga@other.test"), (third, "zoe@third.test")):
        for email in (GRACE, BOB):
            assert not isinstance(invite(organization, email, by=organization.acting_as(admin)), Refused)

    grace, bob = by_code(world, GRACE), by_code(world, BOB)

    assert isinstance(grace, SignedIn)
    assert grace.member.organization_id == acme.id
    assert isinstance(bob, TurnedAway)
    assert bob.refused.sentence == "More than one organization has invited this address."


def test_nobody_on_hold_nor_a_key_meanwhile_invites_another_address_of_theirs_as_admin(world: World) -> None:
    scene = provisioned(world)
    organization = scene.organization
    key = Actor(ActorKind.API_KEY, id="key_x", label="Nightly")
    assert not isinstance(invite(organization, "ada@private.test", "admin"), Refused)
    scene.scim.set_active(scene.ada, False)

    assert code(invite(organization, "ada@other.test", "admin")) is Code.OWN_HOLD
    assert code(invite(organization, "ada@other.test", "admin", by=key)) is Code.OWN_HOLD
    assert not isinstance(invite(organization, "ada@other.test", by=key), Refused)
    assert isinstance(by_code(world, "ada@private.test"), SignedIn)
    assert organization.member("ada@private.test").role == "member"  # invited by somebody who is on hold by now
    assert organization.member(ADA).held


def test_administrator_is_not_invited_from_a_browser_that_was_found_open(world: World) -> None:
    organization = found_organization(world)
    found_open = replace(organization.acting_as(ADA), asked_at=world.clock.now() - timedelta(minutes=16))

    assert code(invite(organization, BOB, "admin", by=found_open)) is Code.RECENT_SIGN_IN_REQUIRED
    assert not isinstance(invite(organization, BOB, by=found_open), Refused)


def test_whom_the_active_directory_lists_as_inactive_is_not_invited(world: World) -> None:
    scene = provisioned(world)
    scene.scim.add_user(BOB, active=False)

    assert code(invite(scene.organization, BOB)) is Code.INVITATION_FROM_DIRECTORY


def test_expired_key_makes_nobody_an_administrator(world: World) -> None:
    organization = found_organization(world)
    with world.transactions.writing(organization.acting_as(ADA)) as unit:
        key = organization_keys.add(unit, organization.id, expires_at=unit.now + timedelta(hours=1))
        assert not isinstance(key, Refused)
    actor = Actor(ActorKind.API_KEY, id=key.row.id, label="Nightly")
    assert not isinstance(invite(organization, BOB, "admin", by=actor), Refused)
    world.clock.advance(hours=1)

    assert isinstance(by_code(world, BOB), SignedIn)

    assert organization.member(BOB).role == "member"


def test_address_is_mailed_once_a_minute_however_often_its_invitation_is_revoked(world: World) -> None:
    organization = found_organization(world)
    with world.transactions.writing(OPERATOR) as unit:
        made = invitations.invite(unit, organization.id, email=BOB, role="member")
        assert not isinstance(made, Refused)
        invitations.revoke(unit, organization.id, made.id)

    with pytest.raises(TooManyError):
        invite(organization)
