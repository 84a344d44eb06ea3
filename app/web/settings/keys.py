"""API keys: made and shown once, revoked."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from app.rules.decisions import Refused
from app.rules.directories import TokenStanding
from app.rules.errors import InvalidInputError
from app.services import bearer_tokens, organization_keys
from app.services.rows import OrganizationKey
from app.web import request as current
from app.web.api.blueprint import PREFIX
from app.web.moments import moment, moment_or_none
from app.web.presentation.elements import ALLOWED, EMPTY_FORM, Change, Form, Notice
from app.web.presentation.keys import Key, KeyMadePage, KeysPage
from app.web.settings.cards.directories import LIFETIMES
from app.web.settings.controls import control, refusal
from app.web.settings.overview import wrong
from app.web.shell import see, show

pages = Blueprint("keys", __name__, url_prefix="/settings/keys")


@pages.get("", endpoint="list")
def list_keys() -> ResponseReturnValue:
    """The keys that were not revoked."""
    return show("settings/keys.html", _page())


@pages.post("")
def add() -> ResponseReturnValue:
    """A key, shown in this one answer."""
    unit, organization_id = current.unit(), current.organization_id()
    typed = {name: request.form.get(name, "").strip() for name in ("label", "expires_in")}
    if typed["expires_in"] not in {choice.value for choice in LIFETIMES}:
        return _again(form=Form(typed, {"expires_in": "Choose when it expires."}))
    expires_at = unit.now + timedelta(days=int(typed["expires_in"])) if typed["expires_in"] else None
    try:
        made = organization_keys.add(unit, organization_id, label=typed["label"], expires_at=expires_at)
    except InvalidInputError as error:
        return _again(form=wrong(error, **typed))
    if isinstance(made, Refused):
        return _again(refusal(made), status=409)
    page = KeyMadePage(
        name=organization_keys.name_of(made.row),
        token=made.secret,
        organization_url=f"{unit.ports.base_url}{PREFIX}/organizations/{organization_id}",
        expires=moment_or_none(expires_at, now=unit.now),
    )
    return show("settings/key_made.html", page)


@pages.post("/<key_id>/revoke")
def revoke(key_id: str) -> ResponseReturnValue:
    """The key is refused from the next request on."""
    organization_keys.revoke(current.unit(), current.organization_id(), key_id)
    return see("/settings/keys?done=key-revoked")


def _again(notice: Notice | None = None, *, status: int = 400, form: Form = EMPTY_FORM) -> Response:
    """The list with an error, after an action that changed nothing."""
    notices = (notice,) if notice else ()
    return show("settings/keys.html", _page(form), status=status, notices=notices)


def _page(form: Form = EMPTY_FORM) -> KeysPage:
    unit, organization_id = current.unit(), current.organization_id()
    may_add = organization_keys.may_add(unit, organization_id)
    keys = ((row, bearer_tokens.standing(unit, row)) for row in organization_keys.all_of(unit, organization_id))
    return KeysPage(
        keys=tuple(_key(row, standing, now=unit.now) for row, standing in keys if standing != TokenStanding.REVOKED),
        add=control(may_add),
        lifetimes=LIFETIMES,
        api_url=unit.ports.base_url + PREFIX,
        form=form,
    )


def _key(row: OrganizationKey, standing: TokenStanding, *, now: datetime) -> Key:
    used = moment_or_none(row.last_used_at, now=now)
    refused = "Whatever still calls with it is refused from the next request on."
    effects = (f"It was last used {used.relative}.", refused) if used else ("It was never used.",)
    return Key(
        id=row.id,
        label=row.label,
        hint=row.hint,
        created=moment(row.created_at, now=now),
        created_by=row.created_by,
        revoke=Change(ALLOWED, effects=effects),
        last_used=used,
        expires=moment_or_none(row.expires_at, now=now),
        standing=standing,
    )
