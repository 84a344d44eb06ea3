"""The record of attempts to sign in: filtered, page by page, and who is at the identity provider now."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, current_app, request
from flask.typing import ResponseReturnValue

from app.rules.attempts import EVERY_ATTEMPT, OUTCOMES, AttemptFilter, Ending
from app.rules.ids import Prefix, is_id
from app.services import connections, sign_in_log
from app.services.flows import Purpose
from app.services.overview import activity as read_activity
from app.web import request as current
from app.web.attempts import attempt_row, away_row
from app.web.presentation.elements import Choice, Form
from app.web.presentation.scim_requests import View
from app.web.presentation.sign_ins import SignInsPage
from app.web.settings.filters import Address, day
from app.web.shell import show

pages = Blueprint("sign_ins", __name__)
PATH = "/settings/sign-ins"
_PER_PAGE = 50
_AWAY = 20
_TESTS = "tests"
_VIEWS = {
    "": "All",
    Ending.SUCCEEDED: "Succeeded",
    Ending.FAILED: "Failed",
    Ending.TIMED_OUT: "Timed out",
    _TESTS: "Tests",
}
_LONGEST = 254
_FIELDS = ("view", "connection", "person", "since", "until")


@pages.get(PATH, endpoint="list")
def list_attempts() -> ResponseReturnValue:
    """One page of attempts. What makes no sense in the address is left out, as if it were not there."""
    unit, organization_id = current.unit(), current.organization_id()
    names = {row.id: row.name for row in connections.all_of(unit, organization_id)}
    chosen = _chosen(names)
    wanted = _wanted(chosen)
    listing = sign_in_log.page(
        unit, organization_id, wanted=wanted, before=_id("before"), after=_id("after"), limit=_PER_PAGE
    )
    facts = read_activity.named_attempts(unit, organization_id, listing.records)
    is_filtered = wanted != EVERY_ATTEMPT or bool(_id("before") or _id("after"))
    away = () if is_filtered else read_activity.away(unit, organization_id, limit=_AWAY)
    address = Address(PATH, chosen)
    page = SignInsPage(
        action=PATH,
        days=current_app.config["DOORWARD_SIGN_IN_DAYS"],
        attempts=tuple(attempt_row(one, now=unit.now) for one in facts),
        away=tuple(away_row(one, now=unit.now) for one in away),
        views=tuple(
            View(label, address.of(view=view), is_current=view == chosen["view"]) for view, label in _VIEWS.items()
        ),
        connections=(Choice("", "Any"), *(Choice(id_, name) for id_, name in names.items())),
        view=chosen["view"],
        form=Form(chosen),
        is_filtered=is_filtered,
        everything_href=PATH,
        newer_href=address.of(after=listing.newer) if listing.newer else "",
        older_href=address.of(before=listing.older) if listing.older else "",
    )
    return show("settings/sign_ins.html", page)


def _chosen(names: dict[str, str]) -> dict[str, str]:
    """What the filter says, field by field, "" for what it leaves open."""
    given = {name: request.args.get(name, "").strip() for name in _FIELDS}
    given["view"] = given["view"] if given["view"] in _VIEWS else ""
    given["connection"] = given["connection"] if given["connection"] in names else ""
    given["person"] = given["person"][:_LONGEST].lower()
    for name in ("since", "until"):
        given[name] = given[name] if day(given[name]) is not None else ""
    return given


def _wanted(chosen: dict[str, str]) -> AttemptFilter:
    until, view = day(chosen["until"]), chosen["view"]
    is_reference = is_id(chosen["person"], Prefix.SIGN_IN)
    return AttemptFilter(
        outcomes=OUTCOMES[Ending(view)] if view not in {"", _TESTS} else None,
        purposes=frozenset({Purpose.TEST, Purpose.SETUP_TEST}) if view == _TESTS else None,
        connection_id=chosen["connection"] or None,
        person=None if is_reference else chosen["person"] or None,
        reference=chosen["person"] if is_reference else None,
        since=day(chosen["since"]),
        until=until + timedelta(days=1) if until is not None else None,
    )


def _id(name: str) -> str:
    value = request.args.get(name, "")
    return value if is_id(value, Prefix.SIGN_IN) else ""
