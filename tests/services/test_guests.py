"""Guests whose host another organization has verified: when their membership ends, and when it may not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.rules.actor import OPERATOR
from app.rules.decisions import Code, Refused
from app.rules.guests import CLAIMED
from app.rules.invitations import InvitationState
from app.rules.plans import Plan
from app.services import directories, domains, guests, invitations, members
from app.services.steps import AskCode, SignedIn
from app.store.audit import ENTRIES
from app.store.members import Member
from app.store.sign_ins import SignInSession
from tests.application import BASE_URL, OPERATOR_TOKEN, World
from tests.scenes import ADA, GRACE, Organization, Provisioned, found_organization, provisioned
from tests.services.single_sign_on import connect, identity_of, required
from tests.services.test_invitations import invite
from tests.services.test_members import change_address, reasons
from tests.services.test_sign_in import add_member, by_code, reason, set_columns

BOSS = "boss@other.test"
BOB = "bob@acme.test"


@dataclass
class Meeting:
    """Acme, which has verified acme.test and has an active directory; Other, where Grace of acme.test is a guest."""

    acme: Provisioned
    other: Organization
    grace_id: str

    @property
    def world(self) -> World:
        return self.other.world

    def bring(self, email: str = GRACE, **said: Any) -> str:
        """Acme's identity provider pushes somebody."""
        return self.acme.scim.add_user(email, **said)

    def everywhere(self, email: str = GRACE) -> list[tuple[str, str, bool]]:
        """(organization, state, removed) of everybody who has or had this address."""
        names = {self.acme.organization.id: "acme", self.other.id: "other"}
        with self.world.transactions.reading() as unit:
            rows = unit.session.scalars(select(Member).where(Member.email == email).order_by(Member.id))
            return [(names[row.organization_id], row.state, row.removed_at is not None) for row in rows]

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        """The events of Other about Grace."""
        return [(event.type, event.data) for event in self.other.events() if event.subject == self.grace_id]

    def entries(self, **wanted: str) -> list[Any]:
        """Audit entries of Other about Grace."""
        with self.world.transactions.reading() as unit:
            query = select(ENTRIES).where(ENTRIES.c.organization_id == self.other.id)
            query = query.where(ENTRIES.c.subject == self.grace_id).order_by(ENTRIES.c.id)
            rows = list(unit.connection.execute(query))
        return [row for row in rows if all(getattr(row, name) == value for name, value in wanted.items())]


ADMINISTRATOR: dict[str, object] = {"role": "admin", "role_source": "granted", "granted_role": "admin"}
STAYS = [("other", "active", False)]
GONE = [("other", "active", True), ("acme", "active", False)]


@pytest.fixture
def meeting(world: World) -> Meeting:
    acme = provisioned(world)
    return Meeting(acme, *other_with_guest(world))


def other_with_guest(world: World, *, role: str = "member") -> tuple[Organization, str]:
    """Another organization, and the id of Grace's membership there."""
    other = found_organization(world, BOSS, "Other")
    add_member(other, GRACE, role=role)
    set_columns(other, GRACE, first_signed_in_at=world.clock.now())
    return other, other.member(GRACE).id


def make_only_administrator(meeting: Meeting) -> None:
    """Grace is the one administrator of Other."""
    set_columns(meeting.other, GRACE, **ADMINISTRATOR)
    set_columns(meeting.other, BOSS, role="member", role_source="default", granted_role=None)


# ----------------------------------------------------------------------------------------------------- who leaves


def test_push_of_the_owner_ends_the_membership_and_the_address_is_a_member_there(meeting: Meeting) -> None:
    meeting.other.open_session(GRACE)
    meeting.other.enroll(GRACE)

    meeting.bring()

    assert meeting.everywhere() == GONE
    assert reasons(meeting.acme) == {}
    assert meeting.told()[-1] == ("member.removed", {"reason": CLAIMED})
    with meeting.world.transactions.reading() as unit:
        ended = unit.session.scalars(select(SignInSession.ended_at).where(SignInSession.member_id == meeting.grace_id))
        assert all(ended)
        guest = unit.session.get(Member, meeting.grace_id)
        assert guest is not None
        assert guest.enrolled_at is None


def test_where_they_were_nobody_learns_which_organization_it_is(meeting: Meeting) -> None:
    meeting.bring()

    entry = meeting.entries(action="member.removed")[-1]
    assert (entry.outcome, entry.actor_kind, entry.actor_id) == ("done", "system", None)
    assert entry.reason == f"{CLAIMED}: The organization that has verified acme.test manages this address now."
    assert entry.proof["email"] == BOSS
    acme = meeting.acme.organization
    told = repr([entry, *meeting.told()])
    assert all(secret not in told for secret in (acme.id, meeting.acme.directory_id, "Acme", "Okta"))


def test_owner_learns_nothing_of_where_they_were(meeting: Meeting) -> None:
    meeting.bring()

    acme = meeting.acme.organization
    with meeting.world.transactions.reading() as unit:
        mine = list(unit.connection.execute(select(ENTRIES).where(ENTRIES.c.organization_id == acme.id)))
    told = repr([mine, [event.data for event in acme.events()]])
    assert all(secret not in told for secret in (meeting.other.id, meeting.grace_id, "Other", CLAIMED))


@pytest.mark.parametrize(
    "columns",
    [{"state": "deactivated"}, {"suspended": True}, ADMINISTRATOR],
    ids=["deactivated", "suspended", "one-administrator-of-two"],
)
def test_however_they_stand_where_they_are_a_guest(meeting: Meeting, columns: dict[str, object]) -> None:
    set_columns(meeting.other, GRACE, **columns)

    meeting.bring()

    grace = meeting.acme.organization.member(GRACE)
    assert (grace.organization_id, grace.state, grace.suspended) == (meeting.acme.organization.id, "active", False)
    assert grace.role == "member"


def test_address_that_is_moved_by_a_push_is_taken_as_well(meeting: Meeting) -> None:
    user = meeting.bring(BOB)
    bob = meeting.acme.organization.member(BOB).id

    change_address(meeting.acme, user, GRACE)

    assert ("other", "active", True) in meeting.everywhere()
    assert meeting.acme.organization.member(GRACE).id == bob


def test_user_who_is_made_active_is_brought_then(meeting: Meeting) -> None:
    grace = meeting.bring(active=False)
    assert meeting.everywhere() == STAYS

    meeting.acme.scim.set_active(grace, True)

    assert meeting.everywhere() == GONE


def test_guest_who_leaves_cannot_sign_in_where_they_were(meeting: Meeting) -> None:
    meeting.bring()

    step = by_code(meeting.world, GRACE)

    assert isinstance(step, SignedIn)
    assert step.member.organization_id == meeting.acme.organization.id


def test_directory_turned_on_takes_its_people_and_says_so_before_but_not_from_where(world: World) -> None:
    acme = found_organization(world)
    acme.verify_domain()
    acme.store_recovery_codes()
    directory_id, scim = acme.add_directory()
    admins = scim.add_group("Admins", scim.add_user(ADA), scim.add_user(GRACE))
    acme.map_group(admins)
    other, grace_id = other_with_guest(world)

    plan = plan_of_activation(acme, directory_id)

    assert [(one.email, one.before) for one in plan.people if one.email == GRACE] == [(GRACE, None)]
    assert plan.asides == ()
    assert all(secret not in repr(plan) for secret in (other.id, grace_id))
    assert other.member(GRACE).id == grace_id  # looking takes nothing

    acme.activate_directory(directory_id)

    grace = acme.member(GRACE)
    assert (grace.organization_id, grace.role) == (acme.id, "admin")
    assert [event.type for event in other.events() if event.subject == grace_id][-1] == "member.removed"


def test_last_administrator_who_stays_is_mailed_though_somebody_has_tried_to_remove_them(meeting: Meeting) -> None:
    make_only_administrator(meeting)
    with meeting.world.transactions.writing(OPERATOR) as unit:
        refused = members.to_remove(unit, meeting.other.id, meeting.grace_id).apply()
    assert isinstance(refused, Refused)

    meeting.bring()
    meeting.world.work()

    assert meeting.everywhere() == STAYS
    assert GRACE in [mail.to for mail in meeting.world.post.mails]


def test_domain_that_is_verified_takes_the_people_who_waited_for_it(world: World) -> None:
    acme = provisioned(world)
    other = found_organization(world, BOSS, "Other")
    add_member(other, "lin@elsewhere.test")
    acme.scim.add_user("lin@elsewhere.test")
    assert other.member("lin@elsewhere.test").organization_id == other.id

    acme.organization.verify_domain("elsewhere.test")

    assert other.member("lin@elsewhere.test").organization_id == acme.organization.id


def test_sign_in_through_the_owner_s_provider_ends_the_membership(world: World) -> None:
    scene = required(world)
    other, grace_id = other_with_guest(world)

    step = scene.come_back(identity_of(world, GRACE))

    assert isinstance(step, SignedIn)
    assert step.member.organization_id == scene.organization.id
    assert step.member.id != grace_id
    assert [event.type for event in other.events() if event.subject == grace_id][-1] == "member.removed"


def test_sign_in_by_invitation_of_the_owner_ends_the_membership_once_it_is_accepted(world: World) -> None:
    scene = required(world)
    other, _ = other_with_guest(world)
    assert not isinstance(invite(scene.organization, GRACE, "admin"), Refused)

    step = scene.come_back(identity_of(world, GRACE))

    assert isinstance(step, AskCode)  # who becomes an administrator also proves the mailbox
    assert other.member(GRACE).organization_id == other.id


def test_invitation_that_was_overtaken_does_not_bring_them_back(world: World) -> None:
    acme = provisioned(world)
    other = found_organization(world, BOSS, "Other")
    made = invite(other, GRACE, by=other.acting_as(BOSS))
    assert not isinstance(made, Refused)
    add_member(other, GRACE)

    acme.scim.add_user(GRACE)

    with world.transactions.reading() as unit:
        assert invitations.read(unit, other.id, made.id).state is InvitationState.SUPERSEDED


def test_directory_of_where_they_were_manages_them_no_more(world: World) -> None:
    """Other has lost the host since its directory brought her there."""
    other = found_organization(world, BOSS, "Other")
    other.verify_domain("other.test")
    other.verify_domain("acme.test")
    other.store_recovery_codes()
    directory_id, scim = other.add_directory()
    boss, grace = scim.add_user(BOSS), scim.add_user(GRACE)
    other.map_group(scim.add_group("Admins", boss))
    other.activate_directory(directory_id)
    with world.transactions.writing(OPERATOR) as unit:
        assert not isinstance(directories.to_deactivate(unit, other.id, directory_id).apply(), Refused)
        lost = next(domain for domain in domains.all_of(unit, other.id) if domain.host == "acme.test")
        unit.flush()
        assert not isinstance(domains.to_remove(unit, other.id, lost.id).apply(), Refused)
    other.activate_directory(directory_id)
    acme = provisioned(world)

    acme.scim.add_user(GRACE)

    assert acme.organization.member(GRACE).organization_id == acme.organization.id
    scene = Provisioned(other, directory_id, scim, boss, "")
    assert reasons(scene) == {GRACE: "unverified_host"}
    scim.set_active(grace, False)
    scim.set_active(grace, True)
    assert acme.organization.member(GRACE).organization_id == acme.organization.id


def test_program_that_names_them_as_whoever_it_acts_for_is_refused(meeting: Meeting) -> None:
    set_columns(meeting.other, GRACE, **ADMINISTRATOR)
    acting = {"host": "acme.test", "on_behalf_of": meeting.grace_id}
    path = f"/organizations/{meeting.other.id}/domains"
    meeting.bring()

    answer = meeting.world.program.app.test_client().post(
        f"/api/v1{path}", json=acting, base_url=BASE_URL, headers={"Authorization": f"Bearer {OPERATOR_TOKEN}"}
    )

    assert answer.status_code in {400, 404}, answer.text


# ------------------------------------------------------------------------------------------------------ who stays


def test_last_administrator_stays_and_their_organization_is_told_once_a_day_what_to_do(meeting: Meeting) -> None:
    make_only_administrator(meeting)
    meeting.world.work()
    meeting.world.post.mails.clear()

    grace = meeting.bring()

    assert meeting.everywhere() == STAYS
    assert reasons(meeting.acme) == {GRACE: "address_in_use"}
    entry = meeting.entries(outcome="refused")[-1]
    assert entry.reason.startswith(f"{Code.LAST_ADMINISTRATOR}: The organization that has verified acme.test")
    assert (entry.actor_kind, entry.actor_id) == ("system", None)
    for active in (False, True):
        meeting.acme.scim.set_active(grace, active)
    meeting.world.work()
    assert [mail.to for mail in meeting.world.post.mails] == [GRACE]
    assert "acme.test" in meeting.world.post.mails[0].text

    meeting.world.clock.advance(days=1, seconds=1)
    for active in (False, True):
        meeting.acme.scim.set_active(grace, active)
    meeting.world.work()
    assert [mail.to for mail in meeting.world.post.mails] == [GRACE, GRACE]


def test_last_administrator_goes_once_there_is_another_and_the_owner_brings_them_again(meeting: Meeting) -> None:
    make_only_administrator(meeting)
    grace = meeting.bring()
    set_columns(meeting.other, BOSS, **ADMINISTRATOR)

    for active in (False, True):
        meeting.acme.scim.set_active(grace, active)

    assert meeting.everywhere() == GONE


def test_sign_in_of_a_last_administrator_is_turned_away_as_an_address_in_use(world: World) -> None:
    scene = required(world)
    other = found_organization(world, GRACE, "Other")

    assert reason(scene.come_back(identity_of(world, GRACE))) is Code.ADDRESS_IN_USE
    assert reason(scene.come_back(identity_of(world, GRACE))) is Code.ADDRESS_IN_USE

    assert other.member(GRACE).organization_id == other.id
    world.work()
    subject = "Your last administrator is about to leave for another organization"
    assert [mail.subject for mail in world.post.to(GRACE)].count(subject) == 1


def test_of_two_administrators_whom_one_push_brings_the_latest_to_have_signed_in_stays(world: World) -> None:
    acme = found_organization(world)
    acme.verify_domain()
    acme.store_recovery_codes()
    directory_id, scim = acme.add_directory()
    acme.map_group(scim.add_group("Admins", scim.add_user(ADA), scim.add_user(GRACE), scim.add_user(BOB)))
    other = found_organization(world, GRACE, "Other")
    add_member(other, BOB, role="admin")
    later = world.clock.now() + timedelta(minutes=1)
    set_columns(other, BOB, first_signed_in_at=later, last_signed_in_at=later)

    assert [aside.reason for aside in plan_of_activation(acme, directory_id).asides] == ["address_in_use"]
    acme.activate_directory(directory_id)

    assert acme.member(GRACE).organization_id == acme.id
    assert other.member(BOB).organization_id == other.id


def test_administrator_on_hold_stays(meeting: Meeting) -> None:
    set_columns(meeting.other, GRACE, role="admin", role_source="held", held=True)
    set_columns(meeting.other, BOSS, role="member", role_source="default", granted_role=None)

    meeting.bring()

    assert meeting.everywhere() == STAYS
    assert meeting.other.member(GRACE).held


def test_organization_that_has_not_verified_the_host_takes_nobody(meeting: Meeting) -> None:
    add_member(meeting.other, "lin@elsewhere.test")
    scene = connect(meeting.acme.organization)
    scene.come_back(identity_of(meeting.world, ADA), tester=True)
    assert not isinstance(scene.activate(), Refused)

    meeting.bring("lin@elsewhere.test")
    assert meeting.other.member("lin@elsewhere.test").organization_id == meeting.other.id
    with meeting.world.transactions.writing(OPERATOR) as unit:
        directories.to_deactivate(unit, meeting.acme.organization.id, meeting.acme.directory_id).apply()
    step = scene.come_back(identity_of(meeting.world, "lin@elsewhere.test"))

    assert reason(step) is Code.ADDRESS_IN_USE
    assert meeting.other.member("lin@elsewhere.test").organization_id == meeting.other.id


def test_directory_that_is_off_takes_nobody(world: World) -> None:
    acme = found_organization(world)
    acme.verify_domain()
    _, scim = acme.add_directory()
    other, grace_id = other_with_guest(world)

    scim.add_user(GRACE)

    assert other.member(GRACE).id == grace_id


def test_sign_in_that_creates_nobody_takes_nobody(meeting: Meeting) -> None:
    """While a directory decides who is a member, nobody becomes one by signing in."""
    scene = connect(meeting.acme.organization)
    scene.come_back(identity_of(meeting.world, ADA), tester=True)
    assert not isinstance(scene.activate(), Refused)

    assert reason(scene.come_back(identity_of(meeting.world, GRACE))) is Code.NOT_PROVISIONED

    assert meeting.everywhere() == STAYS


def test_push_of_an_address_that_nobody_else_has_does_not_look_elsewhere(
    meeting: Meeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guests, "look_up", None)

    meeting.bring("lin@acme.test")

    assert meeting.acme.organization.member("lin@acme.test").state == "active"


def plan_of_activation(organization: Organization, directory_id: str) -> Plan:
    with organization.world.transactions.snapshot(OPERATOR) as unit:
        return directories.to_activate(unit, organization.id, directory_id).plan()
