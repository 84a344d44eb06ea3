"""Roles: added, renamed, moved up and down, made the default, deleted."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from app.rules.decisions import Refused
from app.rules.errors import ConflictError, InvalidInputError
from app.rules.roles import slug_of
from app.services import organizations, roles
from app.services.organizations import Edit
from app.services.overview import roles as read_roles
from app.services.overview.roles import RoleFacts
from app.web import request as current
from app.web.presentation.elements import EMPTY_FORM, Form, Notice
from app.web.presentation.roles import Role, RolesPage
from app.web.settings.controls import control, refusal
from app.web.settings.overview import wrong
from app.web.settings.plans import Review, decide
from app.web.shell import see, show
from app.web.wording import count

pages = Blueprint("roles", __name__, url_prefix="/settings/roles")
_NO_FORMS: Mapping[str, Form] = {}
_NEW = ""  # where the form of a new role stands among those of the roles, which are named by their ids


@pages.get("", endpoint="list")
def list_roles() -> ResponseReturnValue:
    """All roles, the highest first."""
    return show("settings/roles.html", _page())


@pages.post("")
def add() -> ResponseReturnValue:
    """A new role; without a slug, the one that follows from its name."""
    typed = {name: request.form.get(name, "").strip() for name in ("name", "slug")}
    try:
        slug = typed["slug"] or slug_of(typed["name"])
        role = roles.to_add(current.unit(), current.organization_id(), slug=slug, name=typed["name"]).apply()
        assert not isinstance(role, Refused), "nobody has a role that is new"
    except (ConflictError, InvalidInputError) as error:
        status = 409 if isinstance(error, ConflictError) else 400
        return _again(status=status, forms={_NEW: wrong(error, **typed)})
    return _see(role.id, done="role-added")


@pages.post("/<role_id>/rename")
def rename(role_id: str) -> ResponseReturnValue:
    """Another name; the slug stays."""
    unit, organization_id, name = current.unit(), current.organization_id(), request.form.get("name", "")
    roles.read(unit, organization_id, role_id)
    try:
        outcome = roles.to_edit(unit, organization_id, role_id, name=name).apply()
    except InvalidInputError as error:
        return _again(status=400, forms={role_id: wrong(error, name=name)})
    return _answer(outcome, role_id, done="role-renamed")


@pages.post("/<role_id>/up")
def move_up(role_id: str) -> ResponseReturnValue:
    """One place up."""
    return _move(role_id, up=True)


@pages.post("/<role_id>/down")
def move_down(role_id: str) -> ResponseReturnValue:
    """One place down."""
    return _move(role_id, up=False)


@pages.post("/<role_id>/default")
def make_default(role_id: str) -> ResponseReturnValue:
    """The role of everybody for whom no group and no grant decides."""
    unit, organization_id = current.unit(), current.organization_id()
    role = roles.read(unit, organization_id, role_id)
    planned = organizations.to_edit(unit, organization_id, Edit(default_role=role.slug))
    later = f"Whoever comes without a group or a grant gets {role.name} from then on."
    review = _review(f"Make {role.name} the default role?", f"Make {role.name} the default", later, dangerous=False)
    return decide(planned, review, lambda outcome: _answer(outcome, role_id, done="default-role-changed"))


@pages.post("/<role_id>/delete")
def delete(role_id: str) -> ResponseReturnValue:
    """Delete a role, once its slug was typed."""
    unit, organization_id = current.unit(), current.organization_id()
    role = roles.read(unit, organization_id, role_id)
    review = _review(f"Delete the role {role.name}?", f"Delete {role.name}", *_losses(role_id), typed=role.slug)
    planned = roles.to_delete(unit, organization_id, role_id)
    return decide(planned, review, lambda outcome: _answer(outcome, "", done="role-deleted"))


def _move(role_id: str, *, up: bool) -> ResponseReturnValue:
    unit, organization_id = current.unit(), current.organization_id()
    role = roles.read(unit, organization_id, role_id)
    review = _review(f"Move the role {role.name} {'up' if up else 'down'}?", "Put the roles into this order")
    planned = roles.to_move(unit, organization_id, role_id, up=up)
    return decide(planned, review, lambda outcome: _answer(outcome, role_id, done="roles-reordered"))


def _review(title: str, verb: str, *effects: str, typed: str = "", dangerous: bool = True) -> Review:
    told = tuple(effect for effect in effects if effect)
    return Review(title, verb, back="/settings/roles", effects=told, typed=typed, dangerous=dangerous, area="roles")


def _answer(outcome: object, role_id: str, *, done: str) -> ResponseReturnValue:
    return _again(refusal(outcome), status=409) if isinstance(outcome, Refused) else _see(role_id, done=done)


def _see(role_id: str, *, done: str) -> ResponseReturnValue:
    return see(f"/settings/roles?done={done}" + (f"#{role_id}" if role_id else ""))


def _again(notice: Notice | None = None, *, status: int, forms: Mapping[str, Form] = _NO_FORMS) -> Response:
    """The list with an error, after an action that changed nothing."""
    notices = (notice,) if notice else ()
    return show("settings/roles.html", _page(forms), status=status, notices=notices)


def _page(forms: Mapping[str, Form] = _NO_FORMS) -> RolesPage:
    found = read_roles.read(current.unit(), current.organization_id())
    return RolesPage(roles=tuple(_role(role, forms.get(role.id)) for role in found), form=forms.get(_NEW, EMPTY_FORM))


def _role(facts: RoleFacts, form: Form | None) -> Role:
    return Role(
        id=facts.id,
        slug=facts.slug,
        name=facts.name,
        people=count(facts.people, "person", "people") if facts.people else "Nobody",
        groups=count(facts.mappings, "mapping gives it", "mappings give it") if facts.mappings else "No group gives it",
        rename=control(facts.rename),
        move_up=control(facts.move_up),
        move_down=control(facts.move_down),
        make_default=control(facts.make_default),
        remove=control(facts.delete),
        form=form or Form(values={"name": facts.name}),
        built_in=facts.built_in,
        is_default=facts.is_default,
    )


def _losses(role_id: str) -> tuple[str, ...]:
    """What falls away with a role beside what people have of it."""
    facts = next(role for role in read_roles.read(current.unit(), current.organization_id()) if role.id == role_id)
    mappings = count(facts.mappings, "mapping to it falls", "mappings to it fall")
    grants = count(facts.grants, "grant of it by hand falls", "grants of it by hand fall")
    return (
        f"{mappings} away." if facts.mappings else "",
        f"{grants} away, and none comes back if you make a role with this slug again." if facts.grants else "",
    )
