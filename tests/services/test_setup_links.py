"""Setup links: who may make one, what ends it, and what is written down of what is done with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.rules.actor import OPERATOR, Actor, ActorKind
from app.rules.decisions import Code, Refused
from app.rules.errors import InvalidInputError, NotFoundError, TooManyError
from app.rules.events import EventType
from app.rules.setup_links import LIFETIME, SESSION, Scope, SetupLinkState
from app.services import (
    connections,
    directories,
    directory_tokens,
    members,
    organization_keys,
    setup_links,
    setup_sessions,
)
from app.services.directories import Provider
from app.services.organizations import Edit, to_edit
from app.services.setup_links import Made
from app.services.setup_sessions import Holder
from app.store.audit import AuditEntry
from app.store.members import Member
from app.store.setup_links import SetupLink, SetupSession
from tests.application import World
from tests.scenes import ADA, GRACE, Organization, Provisioned, found_organization, provisioned
from tests.services.single_sign_on import required
from tests.services.test_sign_in import add_member, set_columns

KATE = "kate@consulting.test"


def ready(world: World) -> Organization:
    organization = found_organization(world)
    organization.verify_domain()
    return organization


def administrator(organization: Organization) -> Member:
    """A second administrator beside Ada."""
    add_member(organization, GRACE, role="admin")
    set_columns(organization, GRACE, granted_role="admin", granted_origin="member", role_source="granted")
    return organization.member(GRACE)


def make(
    organization: Organization,
    *,
    scope: Scope = Scope.SSO,
    by: Actor | None = None,
    admin: str | None = ADA,
    note: str = "Kim",
    email: str = "",
) -> Made | Refused:
    with organization.world.transactions.writing(by or organization.acting_as(ADA)) as unit:
        found = members.read(unit, organization.id, organization.member(admin).id) if admin else None
        return setup_links.make(unit, organization.id, scope=scope, admin=found, note=note, email=email)


def made(organization: Organization, *, scope: Scope = Scope.SSO, note: str = "Kim", email: str = "") -> Made:
    link = make(organization, scope=scope, note=note, email=email)
    assert isinstance(link, Made), link
    return link


def opened(organization: Organization, link: Made) -> str:
    """The token of a session that the link opens."""
    with organization.world.transactions.writing() as unit:
        found = setup_sessions.open_session(unit, link.url.partition("#")[2])
        assert found is not None
        return found.token


def who(world: World, token: str) -> Holder | None:
    with world.transactions.reading() as unit:
        return setup_sessions.recognise(unit, token)


def state(organization: Organization, link: Made) -> SetupLinkState:
    with organization.world.transactions.reading() as unit:
        return setup_links.read(unit, organization.id, link.row.id).state


def revoke(organization: Organization, link: Made) -> None:
    with organization.world.transactions.writing(organization.acting_as(ADA)) as unit:
        setup_links.revoke(unit, organization.id, link.row.id)


def code(outcome: object) -> Code | None:
    return outcome.code if isinstance(outcome, Refused) else None


def test_link_opens_sessions_as_often_as_it_is_asked_for_a_week(world: World) -> None:
    organization = ready(world)
    link = made(organization)

    first, second = opened(organization, link), opened(organization, link)
    assert first != second
    for token in (first, second):
        holder = who(world, token)
        assert holder is not None
        assert (holder.organization_id, holder.scope) == (organization.id, Scope.SSO)
    world.clock.time = link.row.expires_at - timedelta(seconds=1)
    last = opened(organization, link)
    assert who(world, first) is None
    assert who(world, last) is not None

    world.clock.advance(seconds=1)

    assert who(world, last) is None
    assert state(organization, link) is SetupLinkState.EXPIRED
    with world.transactions.writing() as unit:
        assert setup_sessions.open_session(unit, link.url.partition("#")[2]) is None
    assert timedelta(days=7) == LIFETIME


def test_session_lasts_four_hours_or_as_short_as_the_organization_has_it(world: World) -> None:
    organization = ready(world)
    link = made(organization)
    token = opened(organization, link)
    world.clock.time += SESSION - timedelta(seconds=1)
    assert who(world, token) is not None
    world.clock.advance(seconds=1)
    assert who(world, token) is None

    token = opened(organization, link)
    with world.transactions.writing(OPERATOR) as unit:
        to_edit(unit, organization.id, Edit(session_idle_minutes=10, session_hours=1)).apply()
    world.clock.advance(minutes=9)
    with world.transactions.writing() as unit:
        setup_sessions.touch(unit, token)
    world.clock.advance(minutes=9)
    assert who(world, token) is not None
    world.clock.advance(minutes=1)
    assert who(world, token) is None
    token = opened(organization, link)
    for _ in range(9):
        world.clock.advance(minutes=6)
        with world.transactions.writing() as unit:
            setup_sessions.touch(unit, token)
    assert who(world, token) is not None
    world.clock.advance(minutes=6)
    assert who(world, token) is None


def test_revoking_ends_the_link_and_its_sessions_at_once_and_doing_so_again_changes_nothing(world: World) -> None:
    organization = ready(world)
    link = made(organization)
    token = opened(organization, link)

    revoke(organization, link)
    revoke(organization, link)

    assert who(world, token) is None
    assert state(organization, link) is SetupLinkState.REVOKED
    with world.transactions.writing() as unit:
        assert setup_sessions.open_session(unit, link.url.partition("#")[2]) is None
    told = [event for event in organization.events() if event.type == EventType.SETUP_LINK_REVOKED]
    assert [event.data for event in told] == [{"reason": "revoked"}]


def suspend(organization: Organization, member_id: str) -> None:
    with organization.world.transactions.writing(OPERATOR) as unit:
        assert not isinstance(members.to_edit(unit, organization.id, member_id, suspended=True).apply(), Refused)


def demote(organization: Organization, member_id: str) -> None:
    with organization.world.transactions.writing(OPERATOR) as unit:
        assert not isinstance(members.to_edit(unit, organization.id, member_id, role="member").apply(), Refused)


def remove(organization: Organization, member_id: str) -> None:
    with organization.world.transactions.writing(OPERATOR) as unit:
        assert not isinstance(members.to_remove(unit, organization.id, member_id).apply(), Refused)


def deactivate(organization: Organization, _member_id: str) -> None:
    set_columns(organization, GRACE, state="deactivated")


def hold(organization: Organization, _member_id: str) -> None:
    set_columns(organization, GRACE, held=True)


@pytest.mark.parametrize("lose", [suspend, demote, remove, deactivate, hold])
def test_link_and_its_sessions_end_with_the_administrator_behind_it(
    world: World, lose: Callable[[Organization, str], None]
) -> None:
    organization = ready(world)
    grace = administrator(organization)
    link = make(organization, by=organization.acting_as(GRACE), admin=GRACE)
    assert isinstance(link, Made)
    token = opened(organization, link)
    assert who(world, token) is not None

    lose(organization, grace.id)

    assert who(world, token) is None
    assert state(organization, link) is SetupLinkState.ORPHANED
    with world.transactions.writing() as unit:
        assert setup_sessions.open_session(unit, link.url.partition("#")[2]) is None


def test_link_that_nobody_stood_behind_stays_closed_when_they_are_an_administrator_again(world: World) -> None:
    organization = ready(world)
    grace = administrator(organization)
    link = make(organization, by=organization.acting_as(GRACE), admin=GRACE)
    assert isinstance(link, Made)
    token = opened(organization, link)
    demote(organization, grace.id)
    world.clock.advance(minutes=1)
    world.work()

    with world.transactions.writing(OPERATOR) as unit:
        members.to_edit(unit, organization.id, grace.id, role="admin").apply()

    assert state(organization, link) is SetupLinkState.ORPHANED
    assert who(world, token) is None
    told = [event for event in organization.events() if event.type == EventType.SETUP_LINK_REVOKED]
    assert [event.data for event in told] == [{"reason": "orphaned"}]


def test_link_made_with_a_key_ends_with_the_key_and_with_the_administrator_it_was_made_for(world: World) -> None:
    organization = ready(world)
    with world.transactions.writing(OPERATOR) as unit:
        issued = organization_keys.add(unit, organization.id, label="Nightly")
        assert not isinstance(issued, Refused)
        key = Actor(ActorKind.API_KEY, id=issued.row.id, label="Nightly on behalf of ada@acme.test")
    link = make(organization, by=key)
    assert isinstance(link, Made)
    token = opened(organization, link)
    assert who(world, token) is not None

    with world.transactions.writing(OPERATOR) as unit:
        organization_keys.revoke(unit, organization.id, issued.row.id)

    assert who(world, token) is None
    assert state(organization, link) is SetupLinkState.ORPHANED


@pytest.mark.parametrize("kind", [ActorKind.OPERATOR, ActorKind.API_KEY])
def test_program_that_names_no_administrator_makes_none(world: World, kind: ActorKind) -> None:
    organization = ready(world)
    assert code(make(organization, by=Actor(kind, id="key_x"), admin=None)) is Code.ACTING_ADMIN_REQUIRED


def test_nobody_who_is_here_for_a_while_makes_one_and_no_browser_that_was_found_open(world: World) -> None:
    organization = ready(world)
    administrator(organization)
    recovery = Actor(ActorKind.RECOVERY, id=organization.admin_id, label=ADA)
    stale = Actor(ActorKind.MEMBER, id=organization.admin_id, label=ADA)
    assert code(make(organization, by=recovery)) is Code.OWN_HOLD
    assert code(make(organization, by=stale)) is Code.RECENT_SIGN_IN_REQUIRED

    set_columns(organization, ADA, held=True)

    assert code(make(organization)) is Code.OWN_HOLD
    assert code(make(organization, by=Actor(ActorKind.API_KEY, id="key_x"), admin=GRACE)) is Code.OWN_HOLD
    assert code(make(organization, by=OPERATOR)) is Code.OWN_HOLD
    assert isinstance(make(organization, by=OPERATOR, admin=GRACE), Made)


@pytest.mark.parametrize("scope", Scope)
def test_link_with_which_nothing_could_be_set_up_is_not_made(world: World, scope: Scope) -> None:
    organization = found_organization(world)
    assert code(make(organization, scope=scope)) is Code.VERIFIED_DOMAIN_REQUIRED
    organization.verify_domain()
    add_member(organization, KATE, role="admin")

    outcome = make(organization, scope=scope, by=organization.acting_as(KATE), admin=KATE)

    assert code(outcome) is (Code.OWN_DOMAIN_REQUIRED if scope is Scope.SSO else None)


def test_link_is_mailed_where_an_address_is_given_and_then_shown_to_nobody(world: World) -> None:
    organization = ready(world)

    link = made(organization, email=" Kim@Consulting.test", note="")
    world.work()

    assert link.url == ""
    assert (link.row.email, link.row.note) == ("kim@consulting.test", "kim@consulting.test")
    (mail,) = world.post.to("kim@consulting.test")
    assert "ada@acme.test asks you to set up single sign-on for Acme." in mail.text
    token = mail.text.partition("/setup#")[2].split()[0]
    with world.transactions.writing() as unit:
        assert setup_sessions.open_session(unit, token) is not None


def test_nobody_is_mailed_twice_within_a_minute_and_nonsense_is_refused(world: World) -> None:
    organization = ready(world)
    first = made(organization, email="kim@consulting.test")
    revoke(organization, first)

    with pytest.raises(TooManyError):
        make(organization, email="kim@consulting.test")
    world.clock.advance(minutes=1)
    made(organization, email="kim@consulting.test")
    for note, email, field in ((" ", "", "note"), ("a\nb", "", "note"), ("Kim", "kim", "email")):
        with pytest.raises(InvalidInputError) as raised:
            make(organization, note=note, email=email)
        assert raised.value.field == field


def test_link_of_another_organization_is_neither_read_nor_revoked(world: World) -> None:
    organization = ready(world)
    link = made(organization)
    other = found_organization(world, "eve@other.test", "Other")

    with world.transactions.writing(OPERATOR) as unit:
        with pytest.raises(NotFoundError):
            setup_links.read(unit, other.id, link.row.id)
        with pytest.raises(NotFoundError):
            setup_links.revoke(unit, other.id, link.row.id)
        assert setup_links.latest(unit, other.id, limit=9) == []
    assert state(organization, link) is SetupLinkState.OPEN


def test_database_audit_and_events_hold_neither_token(world: World) -> None:
    organization = ready(world)
    link = made(organization)
    token = opened(organization, link)
    secrets = (link.url.partition("#")[2], token)
    assert all(len(secret) >= 43 for secret in secrets)

    with world.transactions.reading() as unit:
        rows = [
            *unit.session.scalars(select(SetupLink)),
            *unit.session.scalars(select(SetupSession)),
            *unit.session.scalars(select(AuditEntry)),
        ]
    kept = str([vars(row) for row in rows]) + str([event.data for event in organization.events()])
    assert link.row.id in kept
    assert not any(secret in kept for secret in secrets)


def test_what_is_done_through_a_link_is_written_down_with_the_link_and_who_made_it(world: World) -> None:
    organization = ready(world)
    link = made(organization, scope=Scope.DIRECTORY)
    token = opened(organization, link)
    holder = who(world, token)
    assert holder is not None
    with world.transactions.writing(holder.actor) as unit:
        directory = directories.to_create(
            unit, organization.id, name="Okta", provider=directories.Provider.OKTA
        ).apply()
        assert not isinstance(directory, Refused)
        unit.flush()
        assert not isinstance(directory_tokens.add(unit, organization.id, directory.id), Refused)
    with world.transactions.writing() as unit:
        setup_sessions.leave(unit, token)

    with world.transactions.reading() as unit:
        entries = list(unit.session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    theirs = [entry.action for entry in entries if entry.actor_kind == ActorKind.SETUP_LINK]
    assert theirs == ["setup_link.used", "directory.created", "directory.token_created", "setup_link.left"]
    labels = {(entry.actor_id, entry.actor_label) for entry in entries if entry.actor_kind == ActorKind.SETUP_LINK}
    assert labels == {(link.row.id, f"setup link {link.row.id}, made by ada@acme.test")}
    assert who(world, token) is None


def test_holder_gets_no_token_of_a_directory_that_is_was_or_will_be_more_than_empty(world: World) -> None:
    scene: Provisioned = provisioned(world)
    organization = scene.organization
    link = made(organization, scope=Scope.DIRECTORY)
    actor = setup_links.actor_of(link.row)

    def token(directory_id: str) -> Code | None:
        with world.transactions.writing(actor) as unit:
            return code(directory_tokens.add(unit, organization.id, directory_id))

    def add_draft() -> str:
        with world.transactions.writing(actor) as unit:
            draft = directories.to_create(unit, organization.id, name="Okta", provider=Provider.OKTA).apply()
            assert not isinstance(draft, Refused)
            return draft.id

    draft = add_draft()
    assert token(draft) is None
    assert token(draft) is Code.SETUP_LINK_LIMITED  # a second one would not be missed
    reached, scim = organization.add_directory()
    scim.add_user("new@acme.test")
    assert token(reached) is Code.SETUP_LINK_LIMITED
    assert token(scene.directory_id) is Code.SETUP_LINK_LIMITED
    with world.transactions.writing(OPERATOR) as unit:
        assert not isinstance(directories.to_deactivate(unit, organization.id, scene.directory_id).apply(), Refused)
    assert token(scene.directory_id) is Code.SETUP_LINK_LIMITED
    fresh = add_draft()
    set_columns(organization, ADA, held=True)
    assert token(fresh) is Code.OWN_HOLD


def test_holder_adds_no_more_than_ten(world: World) -> None:
    organization = ready(world)
    link = made(organization, scope=Scope.DIRECTORY)
    with world.transactions.writing(setup_links.actor_of(link.row)) as unit:
        outcomes = []
        for _ in range(11):
            planned = directories.to_create(unit, organization.id, name="Okta", provider=Provider.OKTA)
            outcomes.append(planned.apply())
            unit.flush()

    assert [code(outcome) for outcome in outcomes] == [None] * 10 + [Code.SETUP_LINK_LIMITED]


def test_edit_of_a_holder_that_waited_while_the_connection_was_activated_is_refused(world: World) -> None:
    scene = required(world)
    link = made(scene.organization)

    with world.transactions.writing(setup_links.actor_of(link.row)) as unit:
        outcome = connections.to_edit(
            unit, scene.organization.id, scene.connection_id, name="Mine", settings=None, acting=None
        ).apply()

    assert code(outcome) is Code.SETUP_LINK_LIMITED
    with world.transactions.reading() as unit:
        assert connections.read(unit, scene.organization.id, scene.connection_id).name == "Provider"


def test_sessions_past_their_end_are_forgotten(world: World) -> None:
    organization = ready(world)
    opened(organization, made(organization))
    world.clock.advance(days=3)

    world.work()

    with world.transactions.reading() as unit:
        assert list(unit.session.scalars(select(SetupSession))) == []
