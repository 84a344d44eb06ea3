"""Mappings from groups to roles: added and removed."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.rules.errors import ConflictError, InvalidInputError
from app.rules.roles import GroupSource
from app.services import role_mappings
from app.web import request as current
from app.web.presentation.elements import Notice
from app.web.settings import overview
from app.web.settings.overview import Forms

pages = Blueprint("role_mappings", __name__, url_prefix="/settings/role-mappings")
_NO_SOURCE = Notice("error", "No mapping was added.", "A group comes from the directory or from a sign-in.")


@pages.post("")
def add() -> ResponseReturnValue:
    """Everyone in the group gets the role from now on."""
    source = request.form.get("source", "")
    typed = {name: request.form.get(name, "").strip() for name in ("group", "role")}
    if source not in set(GroupSource):
        return overview.again(_NO_SOURCE)
    try:
        outcome = role_mappings.add(
            current.unit(),
            current.organization_id(),
            source=GroupSource(source),
            group=typed["group"],
            role=typed["role"],
        )
    except (ConflictError, InvalidInputError) as error:
        status = 409 if isinstance(error, ConflictError) else 400
        return overview.again(status=status, forms=Forms(mappings={source: overview.wrong(error, **typed)}))
    return overview.answer(outcome, done="mapping-added", anchor=_anchor(source))


@pages.post("/<mapping_id>/remove")
def remove(mapping_id: str) -> ResponseReturnValue:
    """The group no longer decides."""
    outcome = role_mappings.remove(current.unit(), current.organization_id(), mapping_id)
    return overview.answer(outcome, done="mapping-removed", anchor="directory")


def _anchor(source: str) -> str:
    return "directory-mappings" if source == GroupSource.DIRECTORY else "sign-in-mappings"
