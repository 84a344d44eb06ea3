"""The roles of an organization, in their order."""

from __future__ import annotations

from dataclasses import dataclass

from app.web.presentation.elements import EMPTY_FORM, Control, Form


@dataclass(frozen=True, slots=True)
class Role:
    """One row. `people` says how many people have it, `groups` how many mappings give it, both as words.

    `make_default` and `remove` say what follows. `form` is the form of its name (`name`).
    """

    id: str
    slug: str
    name: str
    people: str
    groups: str
    rename: Control
    move_up: Control
    move_down: Control
    make_default: Control
    remove: Control
    form: Form
    built_in: bool = False
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class RolesPage:
    """settings/roles.html: the roles, highest first, and the form of a new one (`name`, `slug`)."""

    roles: tuple[Role, ...]
    form: Form = EMPTY_FORM
