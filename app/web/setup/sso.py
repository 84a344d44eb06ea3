"""Single sign-on for whoever holds a setup link: connections that are not in force, made, edited and tested."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.rules.connections import ConnectionState
from app.rules.decisions import Refused
from app.rules.errors import UnreachableError
from app.rules.ids import ConnectionId
from app.rules.prerequisites import Acting
from app.services import connection_settings, connection_setups, connections, members, setup_tests
from app.services.rows import Connection
from app.services.unit_of_work import UnitOfWork
from app.web import request as current
from app.web.moments import moment
from app.web.presentation.connections import ConnectionFormPage, LastTest
from app.web.presentation.elements import Notice
from app.web.presentation.setup_links import SetupConnection, SsoPage
from app.web.presentation.sign_in import LeavingPage
from app.web.settings import guided, guided_routes
from app.web.settings.cards.connections import settings_facts
from app.web.settings.connection_form import edit_page, is_only_renamed, save_edit
from app.web.settings.places import Place
from app.web.settings.tested import tested_page
from app.web.setup.frame import control, show, told
from app.web.shell import see
from app.web.shell import show as show_alone

pages = Blueprint("setup_sso", __name__, url_prefix="/setup/sso")
_HOME = "/setup/sso"
_FORM = "settings/connection_form.html"


@pages.get("", endpoint="show")
def show_page() -> ResponseReturnValue:
    """What there is to set up, and how far it is."""
    return show("setup/sso.html", _page(current.unit()))


@pages.route("/<connection_id>/edit", methods=["GET", "POST"])
def edit(connection_id: str) -> ResponseReturnValue:
    """Rename, or make a new revision that waits for its test."""
    with current.reading() as unit:
        unit.actor = current.actor()
        connection = connections.read(unit, current.holder().organization_id, connection_id)
        decision = connections.may_touch(unit, connection)
        page = edit_page(unit, connection, _PLACE)
    if isinstance(decision, Refused):
        return _again(decision)
    return show(_FORM, page) if request.method == "GET" else _edit(page, connection.id)


@pages.post("/<connection_id>/test")
def test(connection_id: str) -> ResponseReturnValue:
    """Go to the identity provider; nothing but the test's result comes of it."""
    with current.writing() as unit:
        step = setup_tests.begin(unit, current.holder(), connection_id, browser=current.browser())
    if isinstance(step, Refused):
        return _again(step)
    try:
        url = current.kinds()[step.protocol].start(step.revision, step.flow)
    except UnreachableError as error:
        notice = Notice("error", "The test could not be started.", error.sentence)
        with current.reading() as unit:
            return show("setup/sso.html", _page(unit), status=502, notices=(notice,))
    return show_alone("sign_in/leaving.html", LeavingPage(provider="your identity provider", url=url))


@pages.get("/<connection_id>/tests/<flow_id>")
def tested(connection_id: str, flow_id: str) -> ResponseReturnValue:
    """What a test of this link received, for a day; who that would be here is not told."""
    unit = current.unit()
    facts = setup_tests.result(unit, current.holder(), connection_id, flow_id)
    kind = current.kinds()[facts.protocol]
    page = tested_page(facts, connection_id, missing=(), roles={}, kind=kind, now=unit.now)
    return show("setup/tested.html", page)


def _page(unit: UnitOfWork) -> SsoPage:
    organization_id = current.holder().organization_id
    found = connections.all_of(unit, organization_id)
    open_ones = [row for row in found if row.state != ConnectionState.ACTIVE]
    return SsoPage(
        connections=tuple(_connection(unit, row) for row in open_ones),
        # Who began them is not told: it may be an administrator who has nothing to do with the link.
        setups=tuple(replace(one, begun_by="") for one in guided.under_way(unit, organization_id, at=_HOME)),
        is_in_force=len(open_ones) < len(found),
        add=control(connection_setups.may_set_up(unit, organization_id, acting=_acting(unit))),
    )


def _connection(unit: UnitOfWork, row: Connection) -> SetupConnection:
    kind = current.kinds()[row.protocol]
    return SetupConnection(
        id=row.id,
        name=row.name,
        protocol=kind.title,
        paste=kind.service_provider_values(ConnectionId(row.id)),
        facts=settings_facts(kind, connection_settings.settings_of(unit, row)),
        last_test=_last_test(unit, row),
    )


def _last_test(unit: UnitOfWork, row: Connection) -> LastTest | None:
    flow = setup_tests.latest(unit, current.holder(), row)
    if flow is None or flow.spent_at is None:
        return None
    sentence = "it worked." if flow.outcome["ok"] else str(flow.outcome["sentence"])
    href = f"{_HOME}/{row.id}/tests/{flow.id}"
    return LastTest(moment(flow.spent_at, now=unit.now), bool(flow.outcome["ok"]), sentence, href)


def _acting(unit: UnitOfWork) -> Acting | None:
    """The facts of the administrator behind the link, who will test and activate what is set up here."""
    holder = current.holder()
    return connections.acting_of(members.read(unit, holder.organization_id, holder.admin_id))


def _edit(page: ConnectionFormPage, connection_id: str) -> ResponseReturnValue:
    edited = save_edit(page, connection_id, organization_id=current.holder().organization_id, acting=_acting)
    done = "connection-renamed" if is_only_renamed(page) else "connection-saved"
    if isinstance(edited, ConnectionFormPage):
        return show(_FORM, edited, status=400)
    return _again(edited) if isinstance(edited, Refused) else see(f"{_HOME}?done={done}#{connection_id}")


def _again(refused: Refused) -> ResponseReturnValue:
    """The page with what was refused."""
    with current.reading() as unit:
        return show("setup/sso.html", _page(unit), status=409, notices=(told(refused),))


_PLACE = Place(
    connections=_HOME,
    back=_HOME,
    back_label="Single sign-on",
    afterwards="An administrator tests it once more and activates it.",
    show=show,
    refuse=_again,
    organization_id=lambda: current.holder().organization_id,
    acting=_acting,
)
guided_routes.add_to(pages, _PLACE)
