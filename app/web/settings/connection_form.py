"""The form in which a connection is edited, on the settings pages or for whoever holds a setup link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flask import request

from app.rules.connections import ConnectionState, SettingsRead
from app.rules.decisions import Refused
from app.rules.errors import ConflictError, InvalidInputError, UnreachableError
from app.rules.ids import ConnectionId
from app.services import connection_settings, connections
from app.services.rows import Connection
from app.services.unit_of_work import UnitOfWork
from app.web import request as current
from app.web.presentation.connections import ConnectionFormPage
from app.web.presentation.elements import Form
from app.web.settings.places import Place, WhoseFacts
from app.web.settings.setup_form import fields_again, nested, uploaded, with_error


def edit_page(unit: UnitOfWork, connection: Connection, place: Place) -> ConnectionFormPage:
    """A connection that is there, filled in with everything but its secrets: as it is, or as it was when the form that
    is sent was filled in.
    """
    kind = current.kinds()[connection.protocol]
    begun_with = request.form.get("revision", "")
    settings = connection_settings.settings_of(unit, connection, begun_with or None)
    if not settings:
        begun_with, settings = "", connection_settings.settings_of(unit, connection)
    return ConnectionFormPage(
        action=f"{place.connections}/{connection.id}/edit",
        back=place.back,
        back_label=place.back_label,
        protocol=kind.protocol,
        fields=fields_again(kind),
        paste=kind.service_provider_values(ConnectionId(connection.id)),
        form=Form(values={"name": connection.name, **kind.typed(settings)}),
        revision=begun_with or connection.latest_revision,
        connection_name=connection.name,
        in_force=connection.state == ConnectionState.ACTIVE,
    )


def save_edit(
    page: ConnectionFormPage, connection_id: str, *, organization_id: str, acting: WhoseFacts
) -> Connection | Refused | ConnectionFormPage:
    """Make the edit that was typed into this page; the page again where it makes no sense."""
    typed, kind = request.form.to_dict(), current.kinds()[page.protocol]
    try:
        typed |= uploaded()
        settings = None if is_only_renamed(page) else _read(page, typed, organization_id, connection_id)
        with current.writing() as unit:
            return connections.to_edit(
                unit,
                organization_id,
                connection_id,
                name=typed.get("name", ""),
                settings=settings,
                acting=acting(unit),
                based_on=page.revision,
            ).apply()
    except ConflictError as error:
        return _overtaken(page, typed, error, organization_id, connection_id)
    except (InvalidInputError, UnreachableError) as error:
        return replace(page, form=with_error(kind, typed, error))


def is_only_renamed(page: ConnectionFormPage) -> bool:
    """Whether what was typed is what the form was filled in with, but for the name."""
    names = {field.name for field in page.fields}
    known = {name: value for name, value in page.form.values.items() if name in names}
    chosen = any(file.filename for file in request.files.values())
    typed = {name: _unix(value) for name, value in request.form.items() if name in names and value}
    return typed == known and not chosen


def _read(page: ConnectionFormPage, typed: Mapping[str, str], organization_id: str, connection_id: str) -> SettingsRead:
    kind = current.kinds()[page.protocol]
    with current.reading() as unit:
        unit.actor = current.actor()
        connection = connections.read(unit, organization_id, connection_id)
        stored = connection_settings.stored(unit, connection, page.revision)
    return kind.read_settings(nested(kind, typed), stored=stored)


def _overtaken(
    page: ConnectionFormPage, typed: Mapping[str, str], error: ConflictError, organization_id: str, connection_id: str
) -> ConnectionFormPage:
    """What was typed again; saving it once more takes the place of what somebody else has saved meanwhile."""
    with current.reading() as unit:
        latest = connections.read(unit, organization_id, connection_id).latest_revision
    told = ConflictError(f"{error.sentence} Saving again replaces what they have saved; look at it first.")
    return replace(page, form=with_error(current.kinds()[page.protocol], typed, told), revision=latest)


def _unix(typed: str) -> str:
    """The same with the line ends of what is stored: browsers send others."""
    return typed.replace("\r\n", "\n")
