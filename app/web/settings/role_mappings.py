"""Mappings from groups to roles: added and removed."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.rules.errors import ConflictError, InvalidInputError
from app.rules.roles import GroupSource
from app.services import role_mappings, roles
from app.web import request as current
from app.web.presentation.elements import Notice
from app.web.settings import overview
from app.web.settings.controls import PAGE
from app.web.settings.overview import Forms
from app.web.settings.plans import Review, decide

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
        planned = role_mappings.to_add(
            current.unit(),
            current.organization_id(),
            source=GroupSource(source),
            group=typed["group"],
            role=typed["role"],
        )
    except (ConflictError, InvalidInputError) as error:
        status = 409 if isinstance(error, ConflictError) else 400
        return overview.again(status=status, forms=Forms(mappings={source: overview.wrong(error, **typed)}))
    (label,) = planned.groups.values()
    title = f"Give everybody in {label} the role {_name(typed['role'])}?"
    review = replace(_review(title, "Add mapping", source, dangerous=False), always=True)
    return decide(planned, review, partial(overview.answer, done="mapping-added", anchor=_anchor(source)))


@pages.post("/<mapping_id>/remove")
def remove(mapping_id: str) -> ResponseReturnValue:
    """The group no longer decides."""
    unit, organization_id = current.unit(), current.organization_id()
    mapping = role_mappings.read(unit, organization_id, mapping_id)
    planned = role_mappings.to_remove(unit, organization_id, mapping_id)
    title = f"Remove the mapping of {mapping.label} to {_name(mapping.role)}?"
    review = _review(title, "Remove mapping", mapping.source, dangerous=True)
    return decide(planned, review, partial(overview.answer, done="mapping-removed", anchor=_anchor(mapping.source)))


def _name(slug: str) -> str:
    """What people call a role."""
    return next(role.name for role in roles.all_of(current.unit(), current.organization_id()) if role.slug == slug)


def _review(title: str, verb: str, source: str, *, dangerous: bool) -> Review:
    return Review(title, verb, back=f"{PAGE}#{_anchor(source)}", dangerous=dangerous)


def _anchor(source: str) -> str:
    return "directory-mappings" if source == GroupSource.DIRECTORY else "sign-in-mappings"
