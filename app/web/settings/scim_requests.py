"""The record of SCIM requests: page by page, filtered, each with what it changed and what was wrong with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlencode

from flask import Blueprint, current_app, request
from flask.typing import ResponseReturnValue

from app.rules.ids import Prefix, is_id
from app.rules.scim_requests import METHODS, Outcome, RequestFilter, ScimRequestRecord
from app.services import directories, directory_tokens, scim_requests
from app.services.directories import Provider
from app.services.rows import DirectoryToken
from app.web import request as current
from app.web.moments import moment
from app.web.presentation.elements import Choice, Form
from app.web.presentation.scim_requests import ScimRequest, ScimRequestsPage, View
from app.web.request_wording import changed, deviation, token_note, token_of
from app.web.settings.cards.directories import named, requests_href
from app.web.settings.controls import PAGE
from app.web.shell import show

pages = Blueprint("scim_requests", __name__)
_PER_PAGE = 50
_LONGEST_ID = 255
_LABELS = {
    Outcome.ALL: "All",
    Outcome.REFUSED: "Refused",
    Outcome.WRITES: "Writes",
    Outcome.DEVIATIONS: "With deviations",
    Outcome.UNKNOWN_MEMBERS: "With unknown members",
}
_METHODS = (Choice("", "Any method"), *(Choice(method, method) for method in METHODS))


@pages.get(f"{PAGE}/directories/<directory_id>/requests", endpoint="list")
def list_requests(directory_id: str) -> ResponseReturnValue:
    """One page of requests. What makes no sense in the address is left out, as if it were not there."""
    unit, organization_id = current.unit(), current.organization_id()
    directory = directories.read(unit, organization_id, directory_id)
    wanted = _wanted()
    listing = scim_requests.page(
        unit, organization_id, directory_id, wanted=wanted, before=_id("before"), after=_id("after"), limit=_PER_PAGE
    )
    tokens = {token.id: token for token in directory_tokens.all_of(unit, organization_id, directory_id)}
    address = _Address(requests_href(directory_id), wanted)
    page = ScimRequestsPage(
        directory_id=directory.id,
        directory_name=directory.name,
        provider=named(Provider(directory.provider)),
        action=address.path,
        days=current_app.config["DOORWARD_SCIM_REQUEST_DAYS"],
        connected=directory.first_request_at is not None,
        requests=tuple(_request(record, address, tokens, now=unit.now) for record in listing.records),
        views=tuple(
            View(label, address.of(outcome=outcome), is_current=outcome is wanted.outcome)
            for outcome, label in _LABELS.items()
        ),
        methods=_METHODS,
        outcome="" if wanted.outcome is Outcome.ALL else wanted.outcome,
        form=Form({"method": wanted.method or "", "resource_id": wanted.resource_id or ""}),
        is_filtered=wanted != RequestFilter() or bool(_id("before") or _id("after")),
        everything_href=address.path,
        newer_href=address.of(after=listing.newer) if listing.newer else "",
        older_href=address.of(before=listing.older) if listing.older else "",
    )
    return show("settings/scim_requests.html", page)


class _Address:
    """The page's own address, with its filter and something else."""

    def __init__(self, path: str, wanted: RequestFilter) -> None:
        self.path = path
        self._parts = {
            "outcome": wanted.outcome,
            "method": wanted.method or "",
            "resource_id": wanted.resource_id or "",
        }

    def of(self, **other: str) -> str:
        """With these parts instead of its own."""
        parts = {name: value for name, value in (self._parts | other).items() if value and value != Outcome.ALL}
        return f"{self.path}?{urlencode(parts)}" if parts else self.path


def _wanted() -> RequestFilter:
    outcome, method = request.args.get("outcome", ""), request.args.get("method", "")
    resource_id = request.args.get("resource_id", "").strip()
    return RequestFilter(
        outcome=Outcome(outcome) if outcome in set(Outcome) else Outcome.ALL,
        method=method if method in METHODS else None,
        resource_id=resource_id[:_LONGEST_ID] or None,
    )


def _id(name: str) -> str:
    value = request.args.get(name, "")
    return value if is_id(value, Prefix.SCIM_REQUEST) else ""


def _request(
    record: ScimRequestRecord, address: _Address, tokens: Mapping[str, DirectoryToken], *, now: datetime
) -> ScimRequest:
    token = token_of(record, tokens.get(record.token_id or ""), now=now)
    return ScimRequest(
        id=record.id,
        at=moment(record.at, now=now),
        day="" if record.at.date() == now.date() else record.at.strftime("%Y-%m-%d"),
        method=record.method,
        path=record.path,
        status=record.status,
        phrase=_phrase(record.status),
        tone="error" if record.is_refused else "success",
        duration=_duration(record.duration_us),
        changed=changed(record),
        detail=record.detail or "",
        deviations=tuple(deviation(code) for code in record.deviations),
        unknown_members=record.unknown_members,
        unknown_more=max(0, record.unknown_members_total - len(record.unknown_members)),
        token=token,
        token_note=token_note(record, token),
        resource=record.resource or "",
        resource_id=record.resource_id or "",
        resource_href=address.of(resource_id=record.resource_id) if record.resource_id else "",
        body=_readable(record.body or ""),
    )


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in {known.value for known in HTTPStatus} else ""


def _duration(microseconds: int) -> str:
    """Milliseconds with a digit after the point while they are few."""
    milliseconds = microseconds / 1000
    return f"{milliseconds:.1f} ms" if milliseconds < 10 else f"{milliseconds:,.0f} ms"


def _readable(body: str) -> str:
    """JSON on several lines; a body that was cut stays as it is."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body
