"""The SAML routes of a connection: login, assertion consumer service, metadata."""

from __future__ import annotations

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from app.rules.connections import Door
from app.rules.errors import NotFoundError
from app.rules.ids import ConnectionId
from saml.kind import SamlKind


def create_blueprint(*, kind: SamlKind, door: Door[ResponseReturnValue]) -> Blueprint:
    """`/saml/<connection_id>/login`, `/acs` and `/metadata`. What follows from an arrival is the door's business."""
    blueprint = Blueprint("saml", __name__, url_prefix="/saml/<connection_id>")

    @blueprint.get("/login", provide_automatic_options=False)
    def login(connection_id: str) -> ResponseReturnValue:
        return door.start(connection_id)

    @blueprint.post("/acs", provide_automatic_options=False)
    def acs(connection_id: str) -> ResponseReturnValue:
        verify = kind.verifier(request.form.get("SAMLResponse", ""))
        return door.receive(connection_id, handle=request.form.get("RelayState", ""), verify=verify)

    @blueprint.get("/metadata", provide_automatic_options=False)
    def metadata(connection_id: str) -> ResponseReturnValue:
        if not door.exists(connection_id):
            raise NotFoundError("There is no such connection.")
        document = kind.service_provider_metadata(ConnectionId(connection_id))
        return Response(document, content_type="application/samlmetadata+xml")

    return blueprint
