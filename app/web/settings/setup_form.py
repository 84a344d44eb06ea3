"""The form of a connection, for any protocol: dotted names to nested settings and back, and errors to their fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from flask import request
from werkzeug.datastructures import FileStorage

from app.rules.connections import ConnectionKind, SetupField
from app.rules.errors import DoorwardError, InvalidInputError
from app.web.presentation.elements import Form

#: Ends the name under which a file is sent for a field.
FILE = ".file"
SECRET = "secret"  # noqa: S105 (a kind of field)


def fields_of(kind: ConnectionKind) -> tuple[SetupField, ...]:
    """The fields as the page renders them."""
    return _shown(kind.setup_fields())


def fields_again(kind: ConnectionKind) -> tuple[SetupField, ...]:
    """The fields of an edit: whoever only renames need not fill in anything, and a secret may be kept."""
    return _shown(replace(field, required=False, hint=_hint_again(field)) for field in kind.setup_fields())


def _hint_again(field: SetupField) -> str:
    kept = "Left empty, the present one is kept while it is for the same client."
    return f"{kept} {field.hint}" if field.kind == SECRET else field.hint


def uploaded() -> dict[str, str]:
    """The text of each file that was chosen in this request, for its field. Raises InvalidInputError."""
    chosen = ((name.removesuffix(FILE), file) for name, file in request.files.items() if file.filename)
    return {name: _text_of(file, field=name) for name, file in chosen}


def nested(kind: ConnectionKind, typed: Mapping[str, str]) -> dict[str, Any]:
    """What was typed, as the kind reads it; what is empty or no field of the form is left out, but for a day that was
    taken out.
    """
    settings: dict[str, Any] = {}
    for field in kind.setup_fields():
        value = typed.get(field.name, "")
        if not (value if field.keeps_blanks else value.strip()) and not (field.kind == "date" and field.name in typed):
            continue
        *path, last = field.name.split(".")
        part = settings
        for name in path:
            part = part.setdefault(name, {})
        part[last] = True if field.kind == "checkbox" else value
    return settings


def with_error(kind: ConnectionKind, typed: Mapping[str, str], error: DoorwardError) -> Form:
    """The form again with the error at its field, and without secrets."""
    names = {"name", *(field.name for field in kind.setup_fields())}
    secrets = {field.name for field in kind.setup_fields() if field.kind == SECRET}
    values = {name: value for name, value in typed.items() if name in names - secrets}
    again = {name: "Enter it again: it is not sent back to this page." for name in secrets if typed.get(name)}
    at = error.field if error.field in names else ""
    return Form(values=values, errors={**again, at or "": error.sentence})


def _text_of(file: FileStorage, *, field: str) -> str:
    document: bytes = file.read()
    if not document.strip():
        raise InvalidInputError(f"The file {file.filename} is empty.", field=field)
    try:
        return document.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInputError(f"The file {file.filename} is not text in UTF-8.", field=field) from None


def _shown(fields: Iterable[SetupField]) -> tuple[SetupField, ...]:
    """A secret is typed like a password."""
    return tuple(replace(field, kind="password") if field.kind == SECRET else field for field in fields)
