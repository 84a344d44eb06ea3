"""Setup links: made for a colleague who runs the identity provider, revoked."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from app.rules.decisions import Refused
from app.rules.errors import InvalidInputError, TooManyError
from app.rules.setup_links import Scope
from app.services import members, setup_links
from app.services.rows import Member
from app.services.setup_links import Listed
from app.web import request as current
from app.web.moments import moment, moment_or_none
from app.web.presentation.elements import ALLOWED, EMPTY_FORM, Change, Choice, Form, Notice
from app.web.presentation.setup_links import SetupLinkMadePage, SetupLinkRow, SetupLinksPage
from app.web.settings.controls import control, refusal
from app.web.settings.overview import wrong
from app.web.shell import see, show
from app.web.wording import whoever

pages = Blueprint("setup_links", __name__, url_prefix="/settings/setup-links")
_PATH = "/settings/setup-links"
_SHOWN = 50
_TITLES = {Scope.SSO: "Single sign-on", Scope.DIRECTORY: "Directory provisioning"}
_SCOPES = tuple(Choice(scope.value, title) for scope, title in _TITLES.items())
_WHEN_REVOKED = (
    "It opens nothing any more, and whoever is at it is out at once.",
    "What they have set up stays. Tokens that they have made for a directory work on: revoke those beside it.",
)


@pages.get("", endpoint="list")
def list_links() -> ResponseReturnValue:
    """The latest links, whatever became of them."""
    return show("settings/setup_links.html", _page())


@pages.post("")
def add() -> ResponseReturnValue:
    """A link, mailed, or shown in this one answer."""
    unit, organization_id = current.unit(), current.organization_id()
    typed = {name: request.form.get(name, "") for name in ("scope", "note", "email")}
    if typed["scope"] not in set(Scope):
        return _again(form=Form(typed, {"scope": "Choose what it is for."}))
    scope = Scope(typed["scope"])
    try:
        made = setup_links.make(
            unit, organization_id, scope=scope, note=typed["note"], email=typed["email"], admin=_myself()
        )
    except TooManyError as error:
        return _again(Notice("error", error.sentence), status=429, form=Form(typed))
    except InvalidInputError as error:
        return _again(form=wrong(error, **typed))
    if isinstance(made, Refused):
        return _again(refusal(made), status=409, form=Form(typed))
    if not made.url:
        return see(f"{_PATH}?done=setup-link-sent")
    row = made.row
    page = SetupLinkMadePage(row.note, _TITLES[scope], made.url, moment(row.expires_at, now=unit.now))
    return show("settings/setup_link_made.html", page)


@pages.post("/<link_id>/revoke")
def revoke(link_id: str) -> ResponseReturnValue:
    """It opens nothing any more."""
    setup_links.revoke(current.unit(), current.organization_id(), link_id)
    return see(f"{_PATH}?done=setup-link-revoked")


def _myself() -> Member:
    person = current.signed_in()
    return members.read(current.unit(), person.organization_id, person.member_id)


def _again(notice: Notice | None = None, *, status: int = 400, form: Form = EMPTY_FORM) -> Response:
    """The list with an error, after what changed nothing."""
    notices = (notice,) if notice else ()
    return show("settings/setup_links.html", _page(form), status=status, notices=notices)


def _page(form: Form = EMPTY_FORM) -> SetupLinksPage:
    unit, organization_id = current.unit(), current.organization_id()
    unit.actor = current.actor()
    may_make = setup_links.may_make(unit, organization_id, admin=_myself())
    found = setup_links.latest(unit, organization_id, limit=_SHOWN + 1)
    return SetupLinksPage(
        links=tuple(_row(link, now=unit.now) for link in found[:_SHOWN]),
        add=control(may_make),
        scopes=_SCOPES,
        chosen=request.args.get("scope", ""),
        has_more=len(found) > _SHOWN,
        form=form,
    )


def _row(link: Listed, *, now: datetime) -> SetupLinkRow:
    row = link.row
    return SetupLinkRow(
        id=row.id,
        note=row.note,
        email=row.email or "",
        scope=_TITLES[Scope(row.scope)],
        state=link.state,
        made_by=whoever(row.maker_label),
        made=moment(row.created_at, now=now),
        expires=moment(row.expires_at, now=now),
        revoke=Change(ALLOWED, effects=_WHEN_REVOKED),
        last_used=moment_or_none(row.last_used_at, now=now),
    )
