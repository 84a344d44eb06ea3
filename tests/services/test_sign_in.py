"""Signing in: who is let in, who is turned away and with which reason."""

from __future__ import annotations

from datetime import timedelta

from app.rules.actor import OPERATOR
from app.rules.decisions import Code, Refused
from app.rules.identity import ReceivedGroups, Rejection
from app.rules.ids import Prefix
from app.rules.lockout import Guests
from app.rules.roles import GroupSource
from app.services import (
    answers,
    connections,
    flows,
    members,
    organizations,
    role_mappings,
    roles,
    sessions,
    sign_in,
    steps,
)
from app.services.organizations import Edit
from app.services.steps import AskCode, GoToProvider, NextStep, SignedIn, TurnedAway
from app.store import attempts, sign_ins
from app.store.members import Member
from tests.application import World
from tests.scenes import ADA, GRACE, HOST, Organization, found_organization, provisioned
from tests.services.single_sign_on import connect, connected, identity_of, required

GUEST = "guest@elsewhere.test"


def reason(step: NextStep) -> Code | None:
    """Why somebody was turned away."""
    return step.refused.code if isinstance(step, TurnedAway) else None


def by_code(world: World, address: str) -> NextStep:
    """Type the address, then the mailed code."""
    with world.transactions.writing() as unit:
        step = sign_in.begin(unit, address=address, browser="b")
    assert isinstance(step, AskCode), step
    world.work()
    with world.transactions.writing() as unit:
        return answers.enter_code(unit, step.flow_id, browser="b", code=world.post.code_for(address))


# ------------------------------------------------------------------------------------------------------- by emailed
# code


def test_unknown_address_gets_the_same_page_and_learns_after_the_proof_that_it_is_no_member(world: World) -> None:
    found_organization(world)

    assert reason(by_code(world, "stranger@acme.test")) is Code.NOT_A_MEMBER


def test_suspended_and_deactivated_members_are_turned_away_with_their_reason(world: World) -> None:
    organization = found_organization(world)
    add_member(organization, GRACE)
    set_columns(organization, GRACE, suspended=True)
    assert reason(by_code(world, GRACE)) is Code.MEMBER_SUSPENDED

    set_columns(organization, GRACE, suspended=False, state="deactivated")
    assert reason(by_code(world, GRACE)) is Code.MEMBER_DEACTIVATED


def test_sixth_code_within_a_quarter_of_an_hour_is_not_sent_though_the_page_is_the_same(world: World) -> None:
    found_organization(world)
    world.clock.advance(minutes=20)
    world.post.mails.clear()
    for _ in range(6):
        with world.transactions.writing() as unit:
            assert isinstance(sign_in.begin(unit, address=ADA, browser="b"), AskCode)
    world.work()

    assert len(world.post.to(ADA)) == 5


def test_code_typed_in_another_browser_is_refused(world: World) -> None:
    found_organization(world)
    with world.transactions.writing() as unit:
        step = sign_in.begin(unit, address=ADA, browser="mine")
    assert isinstance(step, AskCode)
    world.work()
    with world.transactions.writing() as unit:
        stolen = answers.enter_code(unit, step.flow_id, browser="theirs", code=world.post.code_for(ADA))

    assert reason(stolen) is Code.FLOW_EXPIRED


def test_code_is_worth_nothing_after_ten_minutes(world: World) -> None:
    found_organization(world)
    with world.transactions.writing() as unit:
        step = sign_in.begin(unit, address=ADA, browser="b")
    assert isinstance(step, AskCode)
    world.work()
    world.clock.advance(minutes=10)
    with world.transactions.writing() as unit:
        late = answers.enter_code(unit, step.flow_id, browser="b", code=world.post.code_for(ADA))

    assert reason(late) is Code.FLOW_EXPIRED


def test_emailed_code_works_once_and_for_no_other_sign_in_of_the_same_browser(world: World) -> None:
    found_organization(world)
    with world.transactions.writing() as unit:
        first = sign_in.begin(unit, address=ADA, browser="b")
    world.work()
    code = world.post.code_for(ADA)
    with world.transactions.writing() as unit:
        second = sign_in.begin(unit, address=ADA, browser="b")
    world.work()
    assert isinstance(first, AskCode)
    assert isinstance(second, AskCode)

    def enter(flow_id: str) -> NextStep:
        with world.transactions.writing() as unit:
            return answers.enter_code(unit, flow_id, browser="b", code=code)

    if world.post.code_for(ADA) != code:  # once in a million times the two are the same
        assert isinstance(enter(second.flow_id), AskCode)
    assert isinstance(enter(first.flow_id), SignedIn)
    assert reason(enter(first.flow_id)) is Code.FLOW_EXPIRED


# --------------------------------------------------------------------------------------------------- while SSO is
# required


def test_address_at_a_verified_host_goes_to_the_identity_provider(world: World) -> None:
    scene = required(world)
    with world.transactions.writing() as unit:
        step = sign_in.begin(unit, address=GRACE, browser="b")

    assert isinstance(step, GoToProvider)
    assert step.revision.connection_id == scene.connection_id


def test_code_asked_for_before_single_sign_on_was_required_opens_nothing_afterwards(world: World) -> None:
    scene = connected(world)
    scene.organization.store_recovery_codes()
    with world.transactions.writing() as unit:
        step = sign_in.begin(unit, address=ADA, browser="b")
    assert isinstance(step, AskCode)
    world.work()
    scene.come_back(identity_of(world, ADA), tester=True)
    scene.activate()
    with world.transactions.writing() as unit:
        late = answers.enter_code(unit, step.flow_id, browser="b", code=world.post.code_for(ADA))

    assert reason(late) is Code.EMAIL_SIGN_IN_OFF


def test_guest_is_refused_unless_the_organization_lets_guests_use_codes(world: World) -> None:
    scene = required(world)
    add_member(scene.organization, GUEST)
    assert reason(by_code(world, GUEST)) is Code.GUESTS_REFUSED

    with world.transactions.writing(OPERATOR) as unit:
        organizations.to_edit(unit, scene.organization.id, Edit(guests=Guests.EMAIL_CODE)).apply()
    assert isinstance(by_code(world, GUEST), SignedIn)


def test_sessions_opened_by_code_end_when_single_sign_on_is_required(world: World) -> None:
    organization = found_organization(world)
    browser = world.browser()
    browser.sign_in(ADA)
    scene = connect(organization)
    organization.store_recovery_codes()
    scene.come_back(identity_of(world, ADA), tester=True)
    assert browser.get("/profile").status_code == 200

    scene.activate()

    assert browser.get("/profile").headers["Location"] == "/sign-in"


def test_unknown_person_is_created_with_the_default_role(world: World) -> None:
    scene = required(world)

    step = scene.come_back(identity_of(world, GRACE))

    assert isinstance(step, SignedIn)
    assert scene.organization.member(GRACE).role == "member"


def test_unknown_person_is_refused_where_creation_is_switched_off(world: World) -> None:
    scene = required(world)
    with world.transactions.writing(OPERATOR) as unit:
        organizations.to_edit(unit, scene.organization.id, Edit(jit=False)).apply()

    assert reason(scene.come_back(identity_of(world, GRACE))) is Code.NOT_PROVISIONED


def test_unknown_person_is_refused_while_a_directory_decides_who_is_a_member(world: World) -> None:
    scene = provisioned(world)
    connection = connect(scene.organization)
    connection.come_back(identity_of(world, ADA), tester=True)
    assert not isinstance(connection.activate(), Refused)

    assert reason(connection.come_back(identity_of(world, GRACE))) is Code.NOT_PROVISIONED


def test_removed_person_does_not_come_back_by_signing_in(world: World) -> None:
    scene = required(world)
    scene.come_back(identity_of(world, GRACE))
    with world.transactions.writing(OPERATOR) as unit:
        members.to_remove(unit, scene.organization.id, scene.organization.member(GRACE).id).apply()

    assert reason(scene.come_back(identity_of(world, GRACE))) is Code.MEMBER_REMOVED
    renamed = identity_of(world, GRACE, subject="another subject")
    assert reason(scene.come_back(renamed)) is Code.MEMBER_REMOVED


def test_address_that_another_organization_cannot_do_without_is_not_taken_over(world: World) -> None:
    scene = required(world)
    found_organization(world, GRACE, "Other")

    assert reason(scene.come_back(identity_of(world, GRACE))) is Code.ADDRESS_IN_USE


def test_subject_of_one_provider_is_nobody_at_another(world: World) -> None:
    scene = required(world)
    grace = scene.come_back(identity_of(world, GRACE, subject="1"))
    other = connect(found_organization(world, "boss@other.test", "Other"), "other.test")
    other.organization.store_recovery_codes()
    other.come_back(identity_of(world, "boss@other.test"), tester=True)
    assert not isinstance(other.activate(), Refused)

    step = other.come_back(identity_of(world, "someone@other.test", subject="1"))

    assert isinstance(grace, SignedIn)
    assert isinstance(step, SignedIn)
    assert (step.member.email, step.member.organization_id) == ("someone@other.test", other.organization.id)


def test_second_subject_for_a_linked_member_is_refused(world: World) -> None:
    scene = required(world)
    scene.come_back(identity_of(world, GRACE))

    step = scene.come_back(identity_of(world, GRACE, subject="somebody else at the provider"))

    assert reason(step) is Code.SUBJECT_CHANGED


def test_linked_subject_stays_the_same_member_when_the_provider_changes_the_address(world: World) -> None:
    scene = required(world)
    scene.come_back(identity_of(world, GRACE))

    step = scene.come_back(identity_of(world, f"hopper@{HOST}", subject=f"subject-of-{GRACE}"))

    assert isinstance(step, SignedIn)
    assert step.member.email == GRACE


def test_first_link_to_an_administrator_needs_an_emailed_code_as_well(world: World) -> None:
    scene = required(world)
    add_member(scene.organization, GRACE, role="admin")
    step = scene.come_back(identity_of(world, GRACE))
    assert isinstance(step, AskCode)
    assert step.links_admin
    world.work()
    with world.transactions.writing() as unit:
        code = world.post.code_for(GRACE)
        assert isinstance(answers.enter_code(unit, step.flow_id, browser="browser-token", code=code), SignedIn)

    assert isinstance(scene.come_back(identity_of(world, GRACE)), SignedIn)


def test_place_to_return_to_outlives_the_identity_provider_and_the_first_link_s_code(world: World) -> None:
    scene = required(world)
    add_member(scene.organization, GRACE, role="admin")
    with world.transactions.writing() as unit:
        leaving = sign_in.begin(unit, address=GRACE, browser="b", return_to="/reports")
    assert isinstance(leaving, GoToProvider)
    with world.transactions.writing() as unit:
        arrival = answers.claim_arrival(
            unit, scene.connection_id, protocol="saml", handle=leaving.flow.handle, browser="b"
        )
    assert isinstance(arrival, answers.Arrival)
    asked = scene.arrive(arrival, identity_of(world, GRACE), browser="b")
    assert isinstance(asked, AskCode)
    world.work()
    with world.transactions.writing() as unit:
        code = world.post.code_for(GRACE)
        step = answers.enter_code(unit, asked.flow_id, browser="b", code=code)

    assert isinstance(step, SignedIn)
    assert (asked.return_to, step.return_to) == ("/reports", "/reports")


def test_administrator_who_tested_the_connection_is_not_asked_for_a_code(world: World) -> None:
    scene = required(world)

    assert isinstance(scene.come_back(identity_of(world, ADA)), SignedIn)


def test_assertion_that_was_accepted_once_is_not_accepted_again(world: World) -> None:
    scene = required(world)
    identity = identity_of(world, GRACE)
    scene.come_back(identity)

    step = scene.come_back(identity)

    assert reason(step) is Code.SIGN_IN_REJECTED
    assert isinstance(step, TurnedAway)
    assert step.refused.facts == {"name": "replayed"}


def test_address_in_another_spelling_is_the_same_member_and_an_unusable_one_is_rejected(world: World) -> None:
    scene = required(world)
    scene.come_back(identity_of(world, GRACE))

    again = scene.come_back(identity_of(world, " Grace@ACME.test ", subject=f"subject-of-{GRACE}"))
    nobody = scene.come_back(identity_of(world, "grace"))

    assert isinstance(again, SignedIn)
    assert isinstance(nobody, TurnedAway)
    assert nobody.refused.facts == {"name": "address_invalid"}


def test_rejection_is_recorded_with_what_to_change_and_the_person_gets_its_reference(world: World) -> None:
    scene = required(world)
    step = scene.come_back(Rejection("wrong_audience", "Not for us.", expected="us", received="them", fix="Set it."))
    assert isinstance(step, TurnedAway)
    with world.transactions.reading() as unit:
        record = attempts.after(unit.session, scene.organization.id, after_id="", limit=100)[-1]

    assert (record.id, record.outcome, record.reason) == (step.reference, "rejected", "wrong_audience")
    assert record.detail["expected"] == "us"


def test_sign_in_that_was_under_way_when_single_sign_on_was_turned_off_opens_nothing(world: World) -> None:
    scene = required(world)
    arrival = scene.leave()
    with world.transactions.writing(OPERATOR) as unit:
        connections.to_deactivate(unit, scene.organization.id, scene.connection_id).apply()

    assert reason(scene.arrive(arrival, identity_of(world, GRACE))) is Code.FLOW_EXPIRED


def test_arrival_in_another_browser_is_refused(world: World) -> None:
    scene = required(world)
    with world.transactions.writing() as unit:
        step = sign_in.begin_through(unit, scene.connection_id, browser="mine")
        assert isinstance(step, GoToProvider)
    with world.transactions.writing() as unit:
        stolen = answers.claim_arrival(
            unit, scene.connection_id, protocol="saml", handle=step.flow.handle, browser="theirs"
        )

    assert isinstance(stolen, TurnedAway)
    assert stolen.refused.code is Code.FLOW_EXPIRED


def test_group_sent_by_the_provider_decides_the_role_and_unknown_groups_change_nothing(world: World) -> None:
    scene = required(world)
    with world.transactions.writing(OPERATOR) as unit:
        roles.to_add(unit, scene.organization.id, slug="editor", name="Editor", priority=5).apply()
        unit.session.flush()
        role_mappings.to_add(
            unit, scene.organization.id, source=GroupSource.SIGN_IN, group="writers", role="editor"
        ).apply()
    scene.come_back(identity_of(world, GRACE, groups=ReceivedGroups.of(frozenset({"writers"}))))
    assert scene.organization.member(GRACE).role == "editor"

    scene.come_back(identity_of(world, GRACE))
    assert scene.organization.member(GRACE).role == "editor"

    scene.come_back(identity_of(world, GRACE, groups=ReceivedGroups.of(frozenset())))
    assert scene.organization.member(GRACE).role == "member"


# -------------------------------------------------------------------------------------------- tests, activation,
# recovery


def test_test_sign_in_is_the_proof_that_activation_asks_for(world: World) -> None:
    scene = connected(world)
    scene.organization.store_recovery_codes()
    untested = scene.activate()
    assert isinstance(untested, Refused)
    assert untested.code is Code.TEST_SIGN_IN_REQUIRED

    assert isinstance(scene.come_back(identity_of(world, ADA), tester=True), steps.Tested)

    assert not isinstance(scene.activate(), Refused)


def test_test_sign_in_as_somebody_else_proves_nothing(world: World) -> None:
    scene = connected(world)
    scene.organization.store_recovery_codes()
    step = scene.come_back(identity_of(world, GRACE), tester=True)
    assert isinstance(step, steps.Tested)
    with world.transactions.reading() as unit:
        flow = unit.session.get(sign_ins.SignInFlow, step.flow_id)
        assert flow is not None
        assert flow.outcome["name"] == "test_as_someone_else"

    outcome = scene.activate()
    assert isinstance(outcome, Refused)
    assert outcome.code is Code.TEST_SIGN_IN_REQUIRED


def test_test_creates_nobody_and_opens_no_session(world: World) -> None:
    scene = connected(world)
    scene.come_back(identity_of(world, ADA), tester=True)
    with world.transactions.reading() as unit:
        ada = members.read(unit, scene.organization.id, scene.organization.admin_id)

        assert len(members.page(unit, scene.organization.id, after="", limit=10)) == 1
        assert [row.opened_by for row in sessions.own(unit, ada.id)] == ["email_code"]


def test_activation_is_refused_when_the_acting_admin_would_stop_being_one(world: World) -> None:
    scene = connected(world)
    scene.organization.store_recovery_codes()
    with world.transactions.writing(OPERATOR) as unit:
        role_mappings.to_add(
            unit, scene.organization.id, source=GroupSource.SIGN_IN, group="staff", role="member"
        ).apply()
    groups = ReceivedGroups.of(frozenset({"staff"}))
    scene.come_back(identity_of(world, ADA, groups=groups), tester=True)

    outcome = scene.activate()

    assert isinstance(outcome, Refused)
    assert outcome.code is Code.TEST_WOULD_NOT_BE_ADMIN


def test_recovery_code_lets_an_administrator_in_once_and_every_administrator_is_told(world: World) -> None:
    scene = required(world)
    codes = scene.organization.store_recovery_codes()

    step = recover(world, ADA, codes[0])
    assert isinstance(step, SignedIn)
    world.work()
    assert "recovery" in world.post.to(ADA)[-1].subject
    assert reason(recover(world, ADA, codes[0])) is Code.RECOVERY_CODE_WRONG


def test_recovery_code_of_another_organization_and_of_a_plain_member_open_nothing(world: World) -> None:
    organization = found_organization(world)
    other = found_organization(world, "boss@other.test", "Other").store_recovery_codes()
    own = organization.store_recovery_codes()
    add_member(organization, GRACE)

    assert reason(recover(world, ADA, other[0])) is Code.RECOVERY_CODE_WRONG
    assert reason(recover(world, GRACE, own[0])) is Code.RECOVERY_CODE_WRONG


def test_member_on_hold_who_was_deactivated_comes_in_by_recovery_only(world: World) -> None:
    scene = provisioned(world)
    codes = scene.organization.store_recovery_codes()
    scene.scim.set_active(scene.ada, False)
    world.clock.advance(minutes=20)

    assert reason(by_code(world, ADA)) is Code.MEMBER_DEACTIVATED
    assert isinstance(recover(world, ADA, codes[1]), SignedIn)


def test_recovery_session_ends_after_fifteen_minutes(world: World) -> None:
    organization = found_organization(world)
    step = recover(world, ADA, organization.store_recovery_codes()[0])
    assert isinstance(step, SignedIn)
    with world.transactions.reading() as unit:
        assert sessions.recognise(unit, step.token) is not None
    world.clock.advance(minutes=15)
    with world.transactions.reading() as unit:
        assert sessions.recognise(unit, step.token) is None


def test_finished_flow_keeps_no_secret(world: World) -> None:
    found_organization(world)
    with world.transactions.reading() as unit:
        rows = unit.session.query(sign_ins.SignInFlow).all()

        assert [(row.code_digest, row.sealed_secrets, row.step) for row in rows] == [(None, None, flows.Step.FINISHED)]


def recover(world: World, address: str, recovery_code: str) -> NextStep:
    with world.transactions.writing() as unit:
        step = sign_in.begin(unit, address=address, browser="r", purpose=flows.Purpose.RECOVER)
    assert isinstance(step, AskCode)
    world.work()
    code = world.post.code_for(address)
    with world.transactions.writing() as unit:
        return answers.enter_code(unit, step.flow_id, browser="r", code=code, recovery_code=recovery_code)


def add_member(organization: Organization, email: str, *, role: str = "member") -> None:
    """A member as a sign-in or a directory would have made them."""
    with organization.world.transactions.writing() as unit:
        member = Member(
            id=unit.id(Prefix.MEMBER),
            organization_id=organization.id,
            email=email,
            name="",
            state="active",
            granted_role=role,
            role=role,
            role_source="granted",
            sign_in_groups=[],
            created_at=unit.now - timedelta(days=1),
        )
        unit.session.add(member)


def set_columns(organization: Organization, email: str, **columns: object) -> None:
    member_id = organization.member(email).id
    with organization.world.transactions.writing() as unit:
        row = members.read(unit, organization.id, member_id)
        for name, value in columns.items():
            setattr(row, name, value)
