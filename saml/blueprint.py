"""The SAML routes of a connection: login, assertion consumer service, metadata, certificate."""

from __future__ import annotations

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from app.rules.connections import Door
from saml.kind import SamlKind


def create_blueprint(*, kind: SamlKind, door: Door[ResponseReturnValue]) -> Blueprint:
    """`/saml/<connection_id>/login`, `/acs`, `/metadata` and `/certificate`. What follows from an arrival is the
    door's business.
    """
    blueprint = Blueprint("saml", __name__, url_prefix="/saml/<connection_id>")

    @blueprint.get("/login", provide_automatic_options=False)
    def login(connection_id: str) -> ResponseReturnValue:
        return door.start(connection_id)

    @blueprint.post("/acs", provide_automatic_options=False)
    def acs(connection_id: str) -> ResponseReturnValue:
        posted = request.form.get("SAMLResponse", "")
        return door.receive(
            connection_id,
            protocol=kind.protocol,
            handle=request.form.get("RelayState", ""),
            verify=kind.verifier(posted),
            unsolicited=kind.unsolicited_verifier(posted),
        )

    @blueprint.get("/metadata", provide_automatic_options=False)
    def metadata(connection_id: str) -> ResponseReturnValue:
        document = kind.service_provider_metadata(door.described(connection_id, protocol=kind.protocol))
        return Response(document, content_type="application/samlmetadata+xml")

    @blueprint.get("/certificate", provide_automatic_options=False)
    def certificate(connection_id: str) -> ResponseReturnValue:
        document = kind.own_certificate(door.described(connection_id, protocol=kind.protocol))
        answer = Response(document, content_type="application/x-x509-ca-cert")
        answer.headers["Content-Disposition"] = 'attachment; filename="doorward.pem"'
        return answer

    return blueprint
