"""The routes of a guided setup, the same in both places where connections are set up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.rules.decisions import Refused
from app.services import connection_settings, connection_setups, connections
from app.services.rows import Connection
from app.web import request as current
from app.web.presentation.guides import GuidePage
from app.web.settings import guided
from app.web.settings.places import Place
from app.web.shell import see

_STEP = "settings/guide_step.html"


def add_to(pages: Blueprint, place: Place) -> None:
    """`/new`, `/setup/<connection_id>` with what can be done there, the page of the test, and the guide again."""
    pages.get("/new", endpoint="new")(partial(_choose, place))
    pages.post("/new", endpoint="begin")(partial(_begin, place))
    pages.get("/setup/<connection_id>", endpoint="step")(partial(_step, place))
    pages.post("/setup/<connection_id>", endpoint="go_on")(partial(_go_on, place))
    pages.post("/setup/<connection_id>/discard", endpoint="discard_setup")(partial(_discard, place))
    pages.get("/<connection_id>/test", endpoint="try")(partial(_try, place))
    pages.get("/<connection_id>/guide", endpoint="guide")(partial(_guide, place))


def _choose(place: Place) -> ResponseReturnValue:
    """Which product it is to be."""
    with current.reading() as unit:
        unit.actor = current.actor()
        decision = connection_setups.may_set_up(unit, place.organization_id(), acting=place.acting(unit))
    if isinstance(decision, Refused):
        return place.refuse(decision)
    return place.show("settings/guide_choice.html", guided.choice_page(place))


def _begin(place: Place) -> ResponseReturnValue:
    """The guide that was chosen begins."""
    begun = guided.begin(place)
    return place.refuse(begun) if isinstance(begun, Refused) else see(place.setup(begun.id))


def _step(place: Place, connection_id: str) -> ResponseReturnValue:
    """One step: what to do there, and in the last one what to bring back."""
    setup = guided.open_or_finished(place.organization_id(), connection_id)
    if isinstance(setup, Connection):
        return see(place.test(setup.id))
    return place.show(_STEP, guided.step_page(setup, place, number=guided.typed_step()))


def _go_on(place: Place, connection_id: str) -> ResponseReturnValue:
    """On to the next step; after the last one there is a connection."""
    setup = guided.open_or_finished(place.organization_id(), connection_id)
    if isinstance(setup, Connection):
        return see(place.test(setup.id))
    number = guided.typed_step() or 0
    if not guided.is_last(setup, number):
        return see(place.setup(setup.id, guided.go_on(setup, number)))
    made = guided.save(setup, place)
    if isinstance(made, GuidePage):
        return place.show(_STEP, made, status=400)
    return place.refuse(made) if isinstance(made, Refused) else see(f"{place.test(made.id)}?done=connection-saved")


def _discard(place: Place, connection_id: str) -> ResponseReturnValue:
    """Forget it."""
    connection_setups.discard(current.unit(), place.organization_id(), connection_id)
    return see(place.listed("setup-discarded"))


def _try(place: Place, connection_id: str) -> ResponseReturnValue:
    """The last step: the test sign-in."""
    return _about(place, connection_id, "settings/guide_test.html", guided.test_page)


def _guide(place: Place, connection_id: str) -> ResponseReturnValue:
    """How it was set up, to read again."""
    return _about(place, connection_id, "settings/guide_to_read.html", guided.page_to_read)


def _about(
    place: Place, connection_id: str, template: str, page: Callable[[Connection, Place, Mapping[str, Any]], object]
) -> ResponseReturnValue:
    """A page about a connection that is there."""
    unit = current.unit()
    connection = connections.read(unit, place.organization_id(), connection_id)
    decision = connections.may_touch(unit, connection)
    if isinstance(decision, Refused):
        return place.refuse(decision)
    return place.show(template, page(connection, place, connection_settings.settings_of(unit, connection)))
