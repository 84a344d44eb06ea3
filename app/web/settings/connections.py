"""Connections of any protocol: set up, edited, tested, activated (single sign-on is required), turned off, deleted."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.rules.errors import UnreachableError
from app.rules.lockout import Guests
from app.services import connection_settings, connections, following, members, organizations, readiness, sign_in
from app.services.overview import activity as read_activity
from app.services.overview import connections as read_connections
from app.services.overview import role_mappings as read_mappings
from app.services.rows import Connection
from app.services.steps import GoToProvider
from app.web import request as current
from app.web.presentation.connections import ConnectionFormPage
from app.web.presentation.elements import Choice, Notice
from app.web.presentation.sign_in import LeavingPage
from app.web.settings import guided_routes, overview
from app.web.settings.cards.connections import ready_count
from app.web.settings.connection_form import edit_page, is_only_renamed, save_edit
from app.web.settings.controls import PAGE, refusal
from app.web.settings.places import Place
from app.web.settings.plans import Review, decide
from app.web.settings.tested import tested_page
from app.web.shell import show
from app.web.wording import count

pages = Blueprint("connections", __name__, url_prefix="/settings/connections")
_FORM = "settings/connection_form.html"
_BY_LINK = (
    "These settings came through the setup link for {note}. Whoever runs the identity provider that they name can sign "
    "in as anybody at your verified domains."
)
_GUESTS_OUT = (
    "Members at other domains cannot sign in then, and nobody there can be invited. To let them use codes by email, go "
    "to Who else comes in first."
)
PLACE = Place(
    connections="/settings/connections",
    back=f"{PAGE}#single-sign-on",
    back_label="Authentication",
    afterwards="Then see who is ready, and activate it.",
    show=show,
    refuse=lambda refused: overview.again(refusal(refused), status=409),
    organization_id=current.organization_id,
    acting=overview.acting,
)
guided_routes.add_to(pages, PLACE)


@pages.route("/<connection_id>/edit", methods=["GET", "POST"])
def edit(connection_id: str) -> ResponseReturnValue:
    """Rename, or make a new revision that waits for its own test."""
    with overview.reading() as unit:
        connection = connections.read(unit, current.organization_id(), connection_id)
        page = edit_page(unit, connection, PLACE)
    if request.method == "GET":
        return show(_FORM, page)
    return _edit(page, connection.id)


@pages.post("/<connection_id>/test")
def test(connection_id: str) -> ResponseReturnValue:
    """Go to the identity provider as oneself; nothing but the test's result comes of it."""
    person = current.signed_in()
    with current.writing() as unit:
        connection = connections.read(unit, person.organization_id, connection_id)
        tester = members.read(unit, person.organization_id, person.member_id)
        step = sign_in.begin_through(unit, connection.id, browser=current.browser(), tester=tester)
    assert isinstance(step, GoToProvider)
    try:
        url = current.kinds()[step.protocol].start(step.revision, step.flow)
    except UnreachableError as error:
        return overview.again(Notice("error", "The test could not be started.", error.sentence), status=502)
    return show("sign_in/leaving.html", LeavingPage(provider=connection.name, url=url))


@pages.get("/<connection_id>/tests/<flow_id>")
def tested(connection_id: str, flow_id: str) -> ResponseReturnValue:
    """What one's own test received and what would follow from it, for a day."""
    unit, person = current.unit(), current.signed_in()
    facts = read_activity.finished_test(
        unit, person.organization_id, connection_id, flow_id, tester_id=person.member_id
    )
    missing = read_connections.still_missing(unit, person.organization_id, connection_id, acting_id=person.member_id)
    roles = {role.slug: role.name for role in read_mappings.roles_of(unit, person.organization_id)}
    kind = current.kinds()[facts.protocol]
    page = tested_page(
        facts,
        connection_id,
        missing=missing,
        roles=roles,
        kind=kind,
        now=unit.now,
    )
    return show("settings/connection_tested.html", page)


@pages.post("/<connection_id>/activate")
def activate(connection_id: str) -> ResponseReturnValue:
    """Require single sign-on through the latest settings, or put them in the place of those in force."""
    unit, person = current.unit(), current.signed_in()
    acting = members.read(unit, person.organization_id, person.member_id)
    connection = connections.read(unit, person.organization_id, connection_id)
    is_swap = connection.revision_in_force is not None
    planned = connections.to_activate(
        unit, person.organization_id, connection_id, acting=acting, keep_session=person.session_id
    )
    other = connections.replaced_connection(unit, connection)
    if is_swap:
        done, review = "revision-applied", _swap(connection)
    elif other is not None:
        done, review = "connection-moved", _move(connection, other)
    else:
        done, review = "connection-activated", _require(connection)
    return decide(
        planned, _with_readiness(review, connection), partial(overview.answer, done=done, anchor=connection.id)
    )


def _require(connection: Connection) -> Review:
    ended = _sessions(connection.id, through=False)
    organization = organizations.read(current.unit(), connection.organization_id)
    refused = Guests(organization.guests) is Guests.REFUSE
    return Review(
        f"Require single sign-on through {connection.name}?",
        "Require single sign-on",
        back=f"{PAGE}#{connection.id}",
        effects=(
            f"Everyone at your verified domains signs in through {connection.name} from then on.",
            *([_GUESTS_OUT] if refused else ()),
            *([f"Ends {ended} opened otherwise; yours stays."] if ended else ()),
        ),
        dangerous=False,
    )


def _move(connection: Connection, other: Connection) -> Review:
    ended = _sessions(connection.id, through=False)
    return Review(
        f"Move everyone from {other.name} to {connection.name}?",
        "Move single sign-on",
        back=f"{PAGE}#{connection.id}",
        effects=(
            f"Everyone at your verified domains signs in through {connection.name} from then on.",
            f"{other.name} ends in the same instant: nobody falls back to codes by email in between.",
            f"{other.name} keeps its settings, is inactive then, and can take over again.",
            *([f"Ends {ended} opened otherwise; yours stays."] if ended else ()),
        ),
        dangerous=False,
    )


def _swap(connection: Connection) -> Review:
    return Review(
        f"Put the waiting settings of {connection.name} in force?",
        "Put in force",
        back=f"{PAGE}#{connection.id}",
        effects=(
            "People sign in through the new settings from then on; nobody is signed out.",
            "You can go back to the present settings afterwards.",
        ),
        dangerous=False,
    )


def _with_readiness(review: Review, connection: Connection) -> Review:
    """The same, with where the settings came from, and how many people could sign in then, to look at one by one."""
    unit = current.unit()
    link = connection_settings.came_by_link(unit, connection)
    found = readiness.outlook(unit, connection.organization_id, connection.id)
    counted = ready_count(found.totals(unit), connection.id, found.revision.id)
    told = f"Known to be able to sign in on the first day: {counted.ready:,} of {counted.people:,} people."
    by_link = (_BY_LINK.format(note=link.note),) if link is not None else ()
    return replace(review, effects=(*review.effects, *by_link, told), look=Choice(counted.href, "See each person"))


@pages.post("/<connection_id>/deactivate")
def deactivate(connection_id: str) -> ResponseReturnValue:
    """Turn single sign-on off."""
    unit, person = current.unit(), current.signed_in()
    connection = connections.read(unit, person.organization_id, connection_id)
    ended = _sessions(connection_id, through=True)
    review = Review(
        "Turn single sign-on off?",
        "Turn single sign-on off",
        back=f"{PAGE}#{connection_id}",
        effects=(
            "Everyone signs in with a code by email from then on.",
            *([f"Ends {ended} opened through {connection.name}; yours stays."] if ended else ()),
        ),
    )
    planned = connections.to_deactivate(unit, person.organization_id, connection_id, keep_session=person.session_id)
    return decide(planned, review, partial(overview.answer, done="connection-deactivated", anchor=connection_id))


@pages.post("/<connection_id>/take-over")
def take_over(connection_id: str) -> ResponseReturnValue:
    """What the followed metadata says as new settings, which wait for their test."""
    planned = following.to_take_over(current.unit(), current.organization_id(), connection_id)
    return overview.answer(planned.apply(), done="connection-saved", anchor=connection_id)


@pages.post("/<connection_id>/delete")
def delete(connection_id: str) -> ResponseReturnValue:
    """Delete it, once its name was typed."""
    unit, organization_id = current.unit(), current.organization_id()
    name = connections.read(unit, organization_id, connection_id).name
    told = "Its settings and the links between people and their identities are deleted."
    review = Review(f"Delete {name}?", "Delete connection", back=f"{PAGE}#{connection_id}", effects=(told,), typed=name)
    planned = connections.to_delete(unit, organization_id, connection_id)
    return decide(planned, review, partial(overview.answer, done="connection-deleted", anchor="single-sign-on"))


def _sessions(connection_id: str, *, through: bool) -> str:
    """How many sessions end with a switch, in words: those opened through the connection, or those that were not."""
    person = current.signed_in()
    ending = read_connections.sessions_ending(
        current.unit(), person.organization_id, connection_id, keep=person.session_id
    )
    number = ending.through if through else ending.otherwise
    return count(number, "session", "sessions") if number else ""


def _edit(page: ConnectionFormPage, connection_id: str) -> ResponseReturnValue:
    edited = save_edit(page, connection_id, organization_id=current.organization_id(), acting=overview.acting)
    done = "connection-renamed" if is_only_renamed(page) else "connection-saved"
    if isinstance(edited, ConnectionFormPage):
        return show(_FORM, edited, status=400)
    return overview.answer(edited, done=done, anchor=connection_id)
