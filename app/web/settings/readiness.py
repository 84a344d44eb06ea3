"""Who could sign in through a connection on the first day: each person, by which way in, and what would make them
ready.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.rules.lockout import WayIn
from app.rules.readiness import Filter, Reason
from app.services import readiness
from app.services.readiness import Outlook, Person, Totals
from app.web import request as current
from app.web.presentation.connections import ReadinessPage, ReadyRow, View
from app.web.presentation.elements import Choice, Form
from app.web.shell import show

pages = Blueprint("readiness", __name__, url_prefix="/settings/connections/<connection_id>/readiness")
_PER_PAGE = 50
_WAYS = {WayIn.SINGLE_SIGN_ON: "Single sign-on", WayIn.EMAIL_CODE: "Emailed code", None: "None"}
_REASONS = {
    Reason.PROVEN: "Came in with exactly these settings.",
    Reason.SEEN: "Came in through this identity provider before, with other settings.",
    Reason.LISTED: "The directory lists them as active; they have not come in through it yet.",
    Reason.GUEST: "A guest at another domain.",
    Reason.OTHER_DOMAIN: "Their address is at a domain that is not verified, and guests may not sign in.",
    Reason.INVITED: "Invited, and has not answered yet.",
    Reason.NOT_IN_DIRECTORY: "The directory does not list them, and they were never seen at the identity provider.",
    Reason.NEVER_SEEN: "Never seen at the identity provider.",
}
#: The reasons that keep people out, and the one that nobody has proven yet, as views of the list.
_VIEWS = {
    Reason.LISTED: "Never came yet",
    Reason.NEVER_SEEN: "Never seen at the identity provider",
    Reason.NOT_IN_DIRECTORY: "Not in the directory",
    Reason.OTHER_DOMAIN: "Other domain",
    Reason.INVITED: "Invited",
}
_SHOWN: Mapping[str, bool | None] = {"": None, "ready": True, "not_ready": False}


@pages.get("")
def show_people(connection_id: str) -> ResponseReturnValue:
    """The counts, and one page of the people that are wanted."""
    unit, given = current.unit(), request.args
    found = readiness.outlook(unit, current.organization_id(), connection_id, given.get("revision") or None)
    wanted = _wanted()
    after = given.get("after", "")
    people = found.people(unit, after=after, limit=_PER_PAGE + 1, wanted=wanted)
    page = _page(found, found.totals(unit), people[:_PER_PAGE], wanted)
    first = _href(found, wanted) if after else ""
    following = _href(found, wanted, after=people[_PER_PAGE - 1].id) if len(people) > _PER_PAGE else ""
    return show("settings/readiness.html", replace(page, first_href=first, next_href=following))


def _wanted() -> Filter:
    """What the query asks for; words that it cannot hold ask for nothing."""
    given = request.args
    reason = given.get("reason", "")
    return Filter(
        ready=_SHOWN.get(given.get("show", "")),
        reason=Reason(reason) if reason in set(Reason) else None,
        text=given.get("text", "").strip(),
    )


def _page(found: Outlook, totals: Totals, people: tuple[Person, ...], wanted: Filter) -> ReadinessPage:
    connection = found.connection
    hidden = _kept(found, replace(wanted, text=""))
    return ReadinessPage(
        connection_id=connection.id,
        connection_name=connection.name,
        number=found.revision.number,
        in_force=found.in_force,
        is_tested=bool(totals.reasons.get(Reason.PROVEN)),
        people=totals.people,
        ready=totals.ready,
        settings=_settings(found),
        views=(*_views(found, totals, wanted), *_reasons(found, totals, wanted)),
        rows=tuple(map(_row, people)),
        form=Form(values={"text": wanted.text}),
        hidden=tuple(Choice(name, value) for name, value in hidden.items()),
        action=_path(found),
        everything_href=_href(found, Filter()),
        is_filtered=wanted != Filter(),
    )


def _settings(found: Outlook) -> tuple[View, ...]:
    """The two that can be asked of, where one waits beside the one in force."""
    connection, revision = found.connection, found.revision.id
    if connection.revision_in_force in {None, connection.latest_revision}:
        return ()
    return (
        View("With the settings in force", f"{_path(found)}?revision={connection.revision_in_force}", found.in_force),
        View(
            "With those that wait",
            f"{_path(found)}?revision={connection.latest_revision}",
            revision == connection.latest_revision,
        ),
    )


def _views(found: Outlook, totals: Totals, wanted: Filter) -> tuple[View, ...]:
    counted = ((None, "All", totals.people), (True, "Ready", totals.ready))
    kinds = (*counted, (False, "Not ready", totals.people - totals.ready))
    return tuple(
        View(
            f"{label} {number:,}",
            _href(found, Filter(ready=ready, text=wanted.text)),
            wanted.ready is ready and wanted.reason is None,
        )
        for ready, label, number in kinds
    )


def _reasons(found: Outlook, totals: Totals, wanted: Filter) -> tuple[View, ...]:
    return tuple(
        View(
            f"{label} {totals.reasons[reason]:,}",
            _href(found, Filter(reason=reason, text=wanted.text)),
            wanted.reason is reason,
        )
        for reason, label in _VIEWS.items()
        if totals.reasons.get(reason)
    )


def _row(person: Person) -> ReadyRow:
    found = person.readiness
    is_invited = found.reason is Reason.INVITED
    return ReadyRow(
        name=person.name or person.email,
        email=person.email,
        href="/settings/members" if is_invited else f"/settings/members/{person.id}",
        ready=found.ready,
        is_expected=found.reason is Reason.LISTED,
        way_in=_WAYS[found.way_in],
        reason=_REASONS[found.reason],
        fix=found.fix,
    )


def _path(found: Outlook) -> str:
    return f"/settings/connections/{found.connection.id}/readiness"


def _kept(found: Outlook, wanted: Filter) -> dict[str, str]:
    """The query that asks for the same."""
    shown = next(word for word, ready in _SHOWN.items() if ready is wanted.ready)
    asked = {"revision": found.revision.id, "show": shown, "reason": wanted.reason or "", "text": wanted.text}
    return {name: value for name, value in asked.items() if value}


def _href(found: Outlook, wanted: Filter, **cursor: str) -> str:
    return f"{_path(found)}?{urlencode({**_kept(found, wanted), **cursor})}"
