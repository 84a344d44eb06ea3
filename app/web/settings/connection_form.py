"""The form of a connection as a page, wherever it stands: on the settings pages, or for whoever holds a setup link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request

from app.rules.connections import ConnectionKind, ConnectionState
from app.rules.ids import ConnectionId, Prefix
from app.services.rows import Connection
from app.web import request as current
from app.web.presentation.connections import ConnectionFormPage
from app.web.presentation.elements import EMPTY_FORM, Choice, Form
from app.web.settings.setup_form import fields_again, fields_of, typed_again

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


def is_only_renamed(page: ConnectionFormPage, typed: Mapping[str, str]) -> bool:
    """Whether what was typed is what the form was filled in with, but for the name."""
    names = {field.name for field in page.fields}
    known = {name: value for name, value in page.form.values.items() if name in names}
    return {name: value for name, value in typed.items() if name in names and value.strip()} == known


def _protocols() -> tuple[Choice, ...]:
    return tuple(Choice(kind.protocol, kind.title, _HINTS.get(kind.protocol, "")) for kind in current.kinds().values())
