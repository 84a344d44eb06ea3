"""The form of a connection as a page, wherever it stands: on the settings pages, or for whoever holds a setup link."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import request

from app.rules.connections import ConnectionKind, ConnectionState
from app.rules.decisions import Refused
from app.rules.errors import ConflictError, InvalidInputError, UnreachableError
from app.rules.ids import ConnectionId, Prefix
from app.rules.prerequisites import Acting
from app.services import connections
from app.services.rows import Connection
from app.services.unit_of_work import UnitOfWork
from app.web import request as current
from app.web.presentation.connections import ConnectionFormPage
from app.web.presentation.elements import EMPTY_FORM, Choice, Form
from app.web.settings.setup_form import fields_again, fields_of, nested, typed_again, with_error

#: Finds the administrator whose address and test count.
WhoseFacts = Callable[[UnitOfWork], Acting | None]

_HINTS = {
    "saml": "Okta, Entra ID, Google and most others. Choose it when in doubt.",
    "oidc": "For providers that give you a client ID and a client secret.",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where the form stands: the address of the connections, and that of the page that lists them."""

    connections: str
    back: str


@dataclass(frozen=True, slots=True)
class Drafted:
    """A connection about to be made: its id is known, because the identity provider asks for our addresses first."""

    kind: ConnectionKind
    id: str
    seal: str
    place: Place

    @property
    def href(self) -> str:
        return f"{self.place.connections}/new?protocol={self.kind.protocol}&id={self.id}&seal={self.seal}"


def draft(kind: ConnectionKind, organization_id: str, place: Place) -> Drafted:
    """With the id in the URL where this organization was given it, else a fresh one."""
    ports, sealed_for = current.transactions().ports, f"{organization_id}/new_connection"
    asked, seal = request.args.get("id", ""), request.args.get("seal", "")
    if any(ports.sealing.same(seal, known) for known in ports.sealing.code_digests(asked, place=sealed_for)):
        return Drafted(kind, asked, seal, place)
    fresh = ports.randomness.id(Prefix.CONNECTION)
    return Drafted(kind, fresh, ports.sealing.code_digests(fresh, place=sealed_for)[0], place)


def choice_page(place: Place) -> ConnectionFormPage:
    """Which protocol it is to be."""
    return ConnectionFormPage(_protocols(), action="", connections=place.connections, back=place.back)


def new_page(drafted: Drafted, form: Form = EMPTY_FORM) -> ConnectionFormPage:
    """A new connection: our values to paste, and the form for theirs."""
    return ConnectionFormPage(
        protocols=_protocols(),
        action=drafted.href,
        connections=drafted.place.connections,
        back=drafted.place.back,
        protocol=drafted.kind.protocol,
        fields=fields_of(drafted.kind),
        paste=drafted.kind.service_provider_values(ConnectionId(drafted.id)),
        form=form,
    )


def edit_page(
    kind: ConnectionKind, connection: Connection, settings: Mapping[str, Any], place: Place
) -> ConnectionFormPage:
    """A connection that is there, filled in as far as its values can be typed."""
    known = typed_again(kind, settings)
    return ConnectionFormPage(
        protocols=(),
        action=f"{place.connections}/{connection.id}/edit",
        connections=place.connections,
        back=place.back,
        protocol=kind.protocol,
        fields=fields_again(kind, settings, known),
        paste=kind.service_provider_values(ConnectionId(connection.id)),
        form=Form(values={"name": connection.name, **known}),
        connection_name=connection.name,
        in_force=connection.state == ConnectionState.ACTIVE,
    )


def save_new(
    drafted: Drafted, *, organization_id: str, acting: WhoseFacts
) -> Connection | Refused | ConnectionFormPage:
    """Make what was typed; the form again, with what is wrong, where it makes no sense. Sent twice, it is made once."""
    typed, kind = request.form.to_dict(), drafted.kind
    try:
        settings = kind.read_settings(nested(kind, typed))
        with current.writing() as unit:
            return connections.to_create(
                unit,
                organization_id,
                protocol=kind.protocol,
                name=typed.get("name", ""),
                read=settings,
                acting=acting(unit),
                connection_id=drafted.id,
            ).apply()
    except ConflictError:
        with current.reading() as unit:
            return connections.read(unit, organization_id, drafted.id)
    except (InvalidInputError, UnreachableError) as error:
        return new_page(drafted, with_error(kind, typed, error))


def save_edit(
    page: ConnectionFormPage, connection_id: str, *, organization_id: str, acting: WhoseFacts
) -> Connection | Refused | ConnectionFormPage:
    """Make the edit that was typed into this page; the page again where it makes no sense."""
    typed, kind = request.form.to_dict(), current.kinds()[page.protocol]
    try:
        settings = None if is_only_renamed(page) else kind.read_settings(nested(kind, typed))
        with current.writing() as unit:
            return connections.to_edit(
                unit,
                organization_id,
                connection_id,
                name=typed.get("name", ""),
                settings=settings,
                acting=acting(unit),
            ).apply()
    except (InvalidInputError, UnreachableError) as error:
        return replace(page, form=with_error(kind, typed, error))


def is_only_renamed(page: ConnectionFormPage) -> bool:
    """Whether what was typed is what the form was filled in with, but for the name."""
    names = {field.name for field in page.fields}
    known = {name: value for name, value in page.form.values.items() if name in names}
    return {name: value for name, value in request.form.items() if name in names and value.strip()} == known


def _protocols() -> tuple[Choice, ...]:
    return tuple(Choice(kind.protocol, kind.title, _HINTS.get(kind.protocol, "")) for kind in current.kinds().values())
