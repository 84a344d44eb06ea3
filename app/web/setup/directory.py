"""Directory provisioning for whoever holds a setup link: directories that were never activated, and tokens for
them.
"""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.rules.decisions import Refused
from app.rules.errors import InvalidInputError
from app.services import directories, directory_tokens
from app.services.directories import DirectoryState, Provider
from app.services.rows import Directory
from app.services.unit_of_work import UnitOfWork
from app.web import request as current
from app.web.moments import moment_or_none
from app.web.presentation.elements import EMPTY_FORM, Form, Notice
from app.web.presentation.setup_links import DirectoryPage, SetupDirectory
from app.web.settings.cards.directories import LIFETIMES, PROVIDERS, TITLES, named, token_page
from app.web.settings.overview import wrong
from app.web.setup.frame import control, show, told
from app.web.shell import see

pages = Blueprint("setup_directory", __name__, url_prefix="/setup/directory")
_HOME = "/setup/directory"
_TEMPLATE = "setup/directory.html"
_LABEL = "made through a setup link"


@pages.get("", endpoint="show")
def show_page() -> ResponseReturnValue:
    """What there is to connect, and whether anything has arrived."""
    return show(_TEMPLATE, _page(current.unit()))


@pages.post("")
def add() -> ResponseReturnValue:
    """A directory that has no effect until an administrator activates it."""
    unit, organization_id = current.unit(), current.holder().organization_id
    typed = {name: request.form.get(name, "") for name in ("name", "provider")}
    if typed["provider"] not in set(Provider):
        return _form_again(Form(typed, {"provider": "Choose who pushes."}))
    provider = Provider(typed["provider"])
    try:
        outcome = directories.to_create(unit, organization_id, name=typed["name"], provider=provider).apply()
    except InvalidInputError as error:
        return _form_again(wrong(error, **typed))
    if isinstance(outcome, Refused):
        return _again(told(outcome), status=409)
    return see(f"{_HOME}?done=directory-added#{outcome.id}")


@pages.post("/<directory_id>/tokens")
def add_token(directory_id: str) -> ResponseReturnValue:
    """A bearer token, shown in this one answer."""
    unit, organization_id = current.unit(), current.holder().organization_id
    days = request.form.get("expires_in", "")
    if days not in {choice.value for choice in LIFETIMES}:
        return _again(Notice("error", "No token was made.", "Choose when it expires."))
    expires_at = unit.now + timedelta(days=int(days)) if days else None
    token = directory_tokens.add(unit, organization_id, directory_id, label=_LABEL, expires_at=expires_at)
    if isinstance(token, Refused):
        return _again(told(token), status=409)
    row = directories.read(unit, organization_id, directory_id)
    return show("setup/token.html", token_page(unit, row, token))


def _page(unit: UnitOfWork, form: Form = EMPTY_FORM) -> DirectoryPage:
    unit.actor = current.actor()
    organization_id = current.holder().organization_id
    found = directories.all_of(unit, organization_id)
    drafts = [row for row in found if row.state == DirectoryState.DRAFT]
    return DirectoryPage(
        directories=tuple(_directory(unit, row) for row in drafts),
        has_others=len(drafts) < len(found),
        add=control(directories.may_set_up(unit, organization_id)),
        providers=PROVIDERS,
        token_lifetimes=LIFETIMES,
        form=form,
    )


def _directory(unit: UnitOfWork, row: Directory) -> SetupDirectory:
    """Of what was pushed only that it was. The record of requests is the administrators': it tells of people."""
    provider = Provider(row.provider)
    return SetupDirectory(
        id=row.id,
        name=row.name,
        provider=named(provider),
        kind=TITLES[provider],
        base_url=directories.base_url(unit, row),
        guide=row.provider,
        new_token=control(directory_tokens.may_add(unit, row)),
        first_request=moment_or_none(row.first_request_at, now=unit.now),
        last_request=moment_or_none(row.last_request_at, now=unit.now),
    )


def _form_again(form: Form) -> ResponseReturnValue:
    return show(_TEMPLATE, _page(current.unit(), form), status=400)


def _again(notice: Notice, *, status: int = 400) -> ResponseReturnValue:
    """The page with an error, after what changed nothing."""
    return show(_TEMPLATE, _page(current.unit()), status=status, notices=(notice,))
