"""The authentication page as a whole: read in one transaction, shown by itself and after every form on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from flask import Response
from flask.typing import ResponseReturnValue

from app.rules.connections import ConnectionState
from app.rules.decisions import Refused
from app.rules.domains import DomainState
from app.rules.errors import DoorwardError
from app.rules.lockout import Guests
from app.rules.prerequisites import Acting
from app.services import authentication_policy, connections, expiry, members, organizations
from app.services.directories import DirectoryState
from app.services.overview import alarms as read_alarms
from app.services.overview import connections as read_connections
from app.services.overview import directories as read_directories
from app.services.overview import domains as read_domains
from app.services.overview import figures as read_figures
from app.services.overview import people as read_people
from app.services.overview import recovery as read_recovery
from app.services.overview import role_mappings as read_mappings
from app.services.overview.domains import DomainFacts
from app.services.rows import Organization
from app.services.unit_of_work import UnitOfWork
from app.web import request as current
from app.web.presentation.authentication import Admission, AuthenticationPage
from app.web.presentation.connections import Connection as ConnectionCard
from app.web.presentation.directories import Directory, RoleMappings
from app.web.presentation.elements import ALLOWED, EMPTY_FORM, Control, Form, Notice
from app.web.settings import guided
from app.web.settings.cards.alarms import mass_change
from app.web.settings.cards.connections import Around, connection, in_short
from app.web.settings.cards.directories import LIFETIMES, PROVIDERS, directory
from app.web.settings.cards.domains import domain
from app.web.settings.cards.role_mappings import role_mappings
from app.web.settings.cards.security import administrator, hold, recovery_codes, second_factor
from app.web.settings.cards.way import way_to_single_sign_on
from app.web.settings.controls import PAGE, control, refusal
from app.web.shell import see, show
from app.web.wording import length, ways_in_now

_DIRECTORY_DECIDES = Control(allowed=False, reason="Counts again once no directory is active.")


@dataclass(frozen=True, slots=True)
class Forms:
    """What was typed into the forms of the page; `mappings` by source."""

    domain: Form = EMPTY_FORM
    directory: Form = EMPTY_FORM
    drill: Form = EMPTY_FORM
    sessions: Form = EMPTY_FORM
    mappings: dict[str, Form] = field(default_factory=dict)


NO_FORMS = Forms()


def answer(outcome: object, *, done: str, anchor: str) -> ResponseReturnValue:
    """After an action: on to the page with the notice `done`, or the page again with what was refused."""
    if isinstance(outcome, Refused):
        return again(refusal(outcome), status=409)
    return see(f"{PAGE}?done={done}#{anchor}")


def again(notice: Notice | None = None, *, status: int = 400, forms: Forms = NO_FORMS) -> Response:
    """The page with an error, after an action that changed nothing."""
    notices = (notice,) if notice else ()
    with reading() as unit:
        return show("settings/authentication.html", build(unit, forms), status=status, notices=notices)


def wrong(error: DoorwardError, **typed: str) -> Form:
    """The form again, with the error at its field."""
    return Form(values=typed, errors={error.field or "": error.sentence})


@contextmanager
def reading() -> Iterator[UnitOfWork]:
    """The unit of this request, or one for reading in which the same person acts."""
    with current.reading() as unit:
        unit.actor = current.actor()
        yield unit


def acting(unit: UnitOfWork) -> Acting | None:
    """The facts of the acting admin that prerequisites ask for."""
    person = current.signed_in()
    member = members.read(unit, person.organization_id, person.member_id)
    return authentication_policy.acting_of(member, passed_mfa_at=person.passed_mfa_at)


def build(unit: UnitOfWork, forms: Forms = NO_FORMS) -> AuthenticationPage:
    """Everything the page shows, of the organization of whoever is signed in."""
    person, now = current.signed_in(), unit.now
    organization_id = person.organization_id
    people = read_figures.people(unit, organization_id)
    domains = read_domains.read(unit, organization_id, people_by_host=people.by_host)
    organization = organizations.read(unit, organization_id)
    guests = Guests(organization.guests)
    around = Around(
        hosts=_hosts(domains),
        active=people.active,
        guests=people.active - people.active_at_hosts,
        guests_refused=guests is Guests.REFUSE,
    )
    cards, expiring = _connections(unit, around)
    in_force = next((card for card in cards if card.state == ConnectionState.ACTIVE), None)
    admins = read_people.administrators(unit, organization_id)
    in_policy = authentication_policy.read(unit, organization_id, acting=acting(unit))
    from_directory, from_sign_in = _mappings(unit, forms)
    alarms = read_alarms.read(unit, organization_id)
    pushed = tuple(directory(facts, now=now) for facts in read_directories.read(unit, organization_id))
    claimed = tuple(domain(facts, now=now) for facts in domains)
    codes = recovery_codes(read_recovery.read(unit, organization_id), forms.drill, now=now)
    setups = guided.under_way(unit, organization_id, at="/settings/connections")
    return AuthenticationPage(
        way_in_now=ways_in_now(
            in_force.name if in_force else None, hosts=around.hosts, guests=guests, mfa=in_policy.mfa
        ),
        way=() if person.is_recovery else way_to_single_sign_on(claimed, codes, cards, setups),
        domains=claimed,
        add_domain=ALLOWED,
        connections=cards,
        setups=setups,
        add_connection=control(in_policy.available["set_up_sso"]),
        directories=pushed,
        add_directory=control(in_policy.available["set_up_directory"]),
        providers=PROVIDERS,
        token_lifetimes=LIFETIMES,
        recovery_codes=codes,
        second_factor=second_factor(in_policy, authentication_policy.enrollment(unit, organization_id)),
        administrators=tuple(administrator(admin, you=person.member_id, now=now) for admin in admins),
        active_members=people.active,
        holds=tuple(hold(facts, now=now) for facts in read_people.holds(unit, organization_id, admins)),
        alarms=tuple(mass_change(facts, now=now) for facts in alarms.newest),
        older_alarms=alarms.older,
        expiry=expiring,
        admission=_admission(organization, pushed) if not person.is_recovery else None,
        directory_mappings=from_directory,
        sign_in_mappings=from_sign_in,
        sessions_form=_sessions(organization, forms.sessions, may_change=not person.is_recovery),
        session_lengths={} if forms.sessions.values else _session_lengths(organization),
        domain_form=forms.domain,
        directory_form=forms.directory,
    )


def _connections(unit: UnitOfWork, around: Around) -> tuple[tuple[ConnectionCard, ...], tuple[Notice, ...]]:
    """The cards, and what is to be said on top of the page of the one that people depend on."""
    person, kinds = current.signed_in(), current.kinds()
    found = read_connections.read(
        unit, person.organization_id, acting_id=person.member_id, keep_session=person.session_id
    )
    outlooks = {
        row.id: expiry.outlook(unit, row, kinds[row.protocol])
        for row in connections.all_of(unit, person.organization_id)
    }
    active = next((facts for facts in found if facts.state is ConnectionState.ACTIVE), None)
    cards = tuple(
        connection(facts, kinds[facts.protocol], around, outlooks[facts.id], active=active, now=unit.now)
        for facts in found
    )
    return cards, tuple(in_short(warning, active.id) for warning in outlooks[active.id].warnings) if active else ()


def _mappings(unit: UnitOfWork, forms: Forms) -> tuple[RoleMappings | None, RoleMappings | None]:
    """The tables of the directory and of sign-ins."""
    organization_id = current.organization_id()
    roles = read_mappings.roles_of(unit, organization_id)
    tables = read_mappings.from_directory(unit, organization_id), read_mappings.from_sign_in(unit, organization_id)
    shown = [
        role_mappings(table, roles, forms.mappings.get(table.source, EMPTY_FORM)) if table else None for table in tables
    ]
    return shown[0], shown[1]


def _admission(organization: Organization, pushed: tuple[Directory, ...]) -> Admission:
    directory_decides = any(card.state == DirectoryState.ACTIVE for card in pushed)
    return Admission(
        guests_allowed=Guests(organization.guests) is Guests.EMAIL_CODE,
        newcomers_join=organization.jit,
        directory_decides=directory_decides,
        newcomers=_DIRECTORY_DECIDES if directory_decides else ALLOWED,
    )


def _sessions(organization: Organization, typed: Form, *, may_change: bool) -> Form | None:
    """The form of how long sessions last, with what is in force where nothing was typed; None where it is not for
    them.
    """
    if not may_change:
        return None
    in_force = {name: str(getattr(organization, name)) for name in ("session_idle_minutes", "session_hours")}
    return Form(values={**in_force, **typed.values}, errors=typed.errors)


def _session_lengths(organization: Organization) -> dict[str, str]:
    """How long the minutes and hours of sessions are."""
    return {
        "session_idle_minutes": length(timedelta(minutes=organization.session_idle_minutes)),
        "session_hours": length(timedelta(hours=organization.session_hours)),
    }


def _hosts(domains: tuple[DomainFacts, ...]) -> str:
    """The verified hosts as words."""
    verified = [facts.host for facts in domains if facts.state is DomainState.VERIFIED]
    return " and ".join(verified) if 0 < len(verified) <= 2 else "your verified domains"
