"""The audit log: every change and refusal, filtered, page by page, and as a file."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.rules.actor import ActorKind
from app.rules.audit import EVERYTHING, OUTCOMES, AuditFilter
from app.rules.errors import NotFoundError
from app.rules.ids import Prefix, is_id
from app.services import audit
from app.services.overview import activity as read_activity
from app.services.overview import role_mappings as read_mappings
from app.services.unit_of_work import UnitOfWork
from app.web import audit_export
from app.web import request as current
from app.web.audit_wording import AREAS, door, entry_row
from app.web.downloads import send
from app.web.moments import moment_or_none
from app.web.presentation.audit import AuditPage, Download, Sealed
from app.web.presentation.elements import Choice, Form
from app.web.presentation.scim_requests import View
from app.web.settings.filters import Address, day
from app.web.shell import show
from app.web.wording import as_written

pages = Blueprint("audit", __name__)
_PATH = "/settings/audit"
_PER_PAGE = 50
_VIEWS = {"": "All", "done": "Done", "refused": "Refused"}
_DOORS = (Choice("", "Any"), *(Choice(kind, door(kind)) for kind in ActorKind))
_AREAS = (Choice("", "Anything"), *(Choice(area, label) for area, label in AREAS.items()))
#: Where a page begins or ends: at an entry that somebody was led to, or beside the page before.
_PLACES = ("entry", "before", "after")
_LONGEST = 254
_FIELDS = ("outcome", "person", "subject", "actor", "area", "since", "until")


@pages.get(_PATH, endpoint="list")
def list_entries() -> ResponseReturnValue:
    """One page of entries. What makes no sense in the address is left out, as if it were not there."""
    unit, organization_id = current.unit(), current.organization_id()
    chosen = _chosen()
    wanted = _wanted(unit, chosen)
    if _id("entry"):
        listing = audit.page_from(unit, organization_id, _id("entry"), wanted=wanted, limit=_PER_PAGE)
    else:
        listing = audit.page(
            unit, organization_id, wanted=wanted, before=_id("before"), after=_id("after"), limit=_PER_PAGE
        )
    facts = read_activity.named_entries(unit, organization_id, listing.records)
    roles = {role.slug: role.name for role in read_mappings.roles_of(unit, organization_id)}
    sealed, address = audit.sealed_up_to(unit, organization_id), Address(_PATH, chosen)
    page = AuditPage(
        action=_PATH,
        entries=tuple(entry_row(one, roles=roles, now=unit.now) for one in facts),
        sealed=Sealed(sealed.position, moment_or_none(sealed.at, now=unit.now)),
        views=tuple(
            View(label, address.of(outcome=outcome), is_current=outcome == chosen["outcome"])
            for outcome, label in _VIEWS.items()
        ),
        doors=_DOORS,
        areas=_AREAS,
        outcome=chosen["outcome"],
        form=Form(chosen),
        is_filtered=wanted != EVERYTHING or any(map(_id, _PLACES)),
        everything_href=_PATH,
        downloads=tuple(
            Download(label, address.of(f"{_PATH}/export", format=name))
            for name, label in (("csv", "CSV"), ("jsonl", "JSON lines"))
        ),
        newer_href=address.of(after=listing.newer) if listing.newer else "",
        older_href=address.of(before=listing.older) if listing.older else "",
    )
    return show("settings/audit.html", page)


@pages.get(f"{_PATH}/export", endpoint="export")
def export_entries() -> ResponseReturnValue:
    """Every entry that fits the filter, as a file."""
    chosen = audit_export.FORMATS.get(request.args.get("format", ""))
    if chosen is None:
        raise NotFoundError("There is no such format.")
    transactions = current.transactions()
    with transactions.reading() as unit:
        wanted = _wanted(unit, _chosen())
    return send(audit_export.download(transactions, current.organization_id(), wanted=wanted, as_=chosen))


def _chosen() -> dict[str, str]:
    """What the filter says, field by field, "" for what it leaves open."""
    given = {name: request.args.get(name, "").strip() for name in _FIELDS}
    allowed = {"outcome": OUTCOMES, "actor": tuple(ActorKind), "area": tuple(AREAS)}
    for name, values in allowed.items():
        given[name] = given[name] if given[name] in values else ""
    for name in ("person", "subject"):
        given[name] = given[name][:_LONGEST]
    for name in ("since", "until"):
        given[name] = given[name] if day(given[name]) is not None else ""
    return given


def _wanted(unit: UnitOfWork, chosen: dict[str, str]) -> AuditFilter:
    until, called = day(chosen["until"]), partial(audit.called, unit, current.organization_id())
    return AuditFilter(
        actor_kind=chosen["actor"] or None,
        actor=called(as_written(chosen["person"])) if chosen["person"] else None,
        action=chosen["area"] or None,
        subject=called(chosen["subject"]) if chosen["subject"] else None,
        outcome=chosen["outcome"] or None,
        since=day(chosen["since"]),
        until=until + timedelta(days=1) if until is not None else None,
    )


def _id(name: str) -> str:
    value = request.args.get(name, "")
    return value if is_id(value, Prefix.AUDIT) else ""
