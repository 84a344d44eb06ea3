"""Directories: added, given tokens, activated, turned off, deleted."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.rules.decisions import Refused
from app.rules.errors import InvalidInputError
from app.services import directories, directory_tokens
from app.services.directories import Provider
from app.web import request as current
from app.web.presentation.elements import Form, Notice
from app.web.settings import overview
from app.web.settings.cards.directories import LIFETIMES, token_page
from app.web.settings.controls import PAGE, refusal
from app.web.settings.overview import Forms
from app.web.settings.plans import Review, decide
from app.web.shell import show

pages = Blueprint("directories", __name__, url_prefix="/settings/directories")
_WHEN_ACTIVATED = (
    "Whoever is active in it, with an address at a verified domain, becomes or stays a member.",
    "Members who are inactive in it are deactivated.",
    "Members who are not in it stay as they are.",
    "Roles follow its groups where a group is mapped, also against a role granted by hand.",
)
_WHEN_DEACTIVATED = (
    "The members it manages stay, with their present role as a granted one; groups of a sign-in count again.",
    "Pushes are kept and change nobody any more.",
)
_WHEN_DELETED = ("Its base URL answers 404, and its tokens stop working.",)


@pages.post("")
def add() -> ResponseReturnValue:
    """A directory that has no effect until it is activated."""
    typed = {name: request.form.get(name, "") for name in ("name", "provider")}
    if typed["provider"] not in set(Provider):
        return overview.again(forms=Forms(directory=Form(typed, {"provider": "Choose who pushes."})))
    try:
        outcome = directories.to_create(
            current.unit(), current.organization_id(), name=typed["name"], provider=Provider(typed["provider"])
        ).apply()
    except InvalidInputError as error:
        return overview.again(forms=Forms(directory=overview.wrong(error, **typed)))
    return overview.answer(outcome, done="directory-added", anchor="directory")


@pages.post("/<directory_id>/tokens")
def add_token(directory_id: str) -> ResponseReturnValue:
    """A bearer token, shown in this one answer."""
    unit, organization_id = current.unit(), current.organization_id()
    days = request.form.get("expires_in", "")
    if days not in {choice.value for choice in LIFETIMES}:
        return overview.again(Notice("error", "No token was made.", "Choose when it expires."))
    expires_at = unit.now + timedelta(days=int(days)) if days else None
    label = request.form.get("label", "").strip()
    try:
        token = directory_tokens.add(unit, organization_id, directory_id, label=label, expires_at=expires_at)
    except InvalidInputError as error:
        return overview.again(Notice("error", "No token was made.", f"Label: {error.sentence}"))
    if isinstance(token, Refused):
        return overview.again(refusal(token), status=409)
    row = directories.read(unit, organization_id, directory_id)
    return show("settings/directory_token.html", token_page(unit, row, token))


@pages.post("/<directory_id>/tokens/<token_id>/revoke")
def revoke_token(directory_id: str, token_id: str) -> ResponseReturnValue:
    """The token is refused from the next request on."""
    directory_tokens.revoke(current.unit(), current.organization_id(), directory_id, token_id)
    return overview.answer(None, done="token-revoked", anchor=directory_id)


@pages.post("/<directory_id>/activate")
def activate(directory_id: str) -> ResponseReturnValue:
    """Let the directory decide who is a member and which role they have."""
    unit, organization_id = current.unit(), current.organization_id()
    name = directories.read(unit, organization_id, directory_id).name
    review = Review(
        f"Let {name} decide who is a member?",
        "Let the directory decide",
        back=f"{PAGE}#{directory_id}",
        effects=_WHEN_ACTIVATED,
        dangerous=False,
    )
    planned = directories.to_activate(unit, organization_id, directory_id)
    return decide(planned, review, partial(overview.answer, done="directory-activated", anchor=directory_id))


@pages.post("/<directory_id>/deactivate")
def deactivate(directory_id: str) -> ResponseReturnValue:
    """Turn it off: everybody stays as they are."""
    unit, organization_id = current.unit(), current.organization_id()
    name = directories.read(unit, organization_id, directory_id).name
    review = Review(
        f"Turn {name} off?",
        "Turn the directory off",
        back=f"{PAGE}#{directory_id}",
        effects=_WHEN_DEACTIVATED,
        always=True,
    )
    planned = directories.to_deactivate(unit, organization_id, directory_id)
    return decide(planned, review, partial(overview.answer, done="directory-deactivated", anchor=directory_id))


@pages.post("/<directory_id>/delete")
def delete(directory_id: str) -> ResponseReturnValue:
    """Delete it, once its name was typed."""
    unit, organization_id = current.unit(), current.organization_id()
    name = directories.read(unit, organization_id, directory_id).name
    review = Review(
        f"Delete {name}?",
        "Delete directory",
        back=f"{PAGE}#{directory_id}",
        effects=_WHEN_DELETED,
        typed=name,
        always=True,
    )
    planned = directories.to_delete(unit, organization_id, directory_id)
    return decide(planned, review, partial(overview.answer, done="directory-deleted", anchor="directory"))
