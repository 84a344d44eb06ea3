"""The SAML routes of a connection: login, assertion consumer service, logout, metadata, certificate."""

from __future__ import annotations

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from app.rules.connections import Door
from app.rules.identity import Rejection
from app.rules.logout import LogoutRefused, WayOut
from saml.kind import SamlKind
from saml.redirect_binding import RESPONSE, read_query


def create_blueprint(
    *, kind: SamlKind, door: Door[ResponseReturnValue], way_out: WayOut[ResponseReturnValue]
) -> Blueprint:
    """`/saml/<connection_id>/login`, `/acs`, `/logout`, `/metadata` and `/certificate`. What follows from an arrival is
    the door's business, from a logout that of the way out.
    """
    blueprint = Blueprint("saml", __name__, url_prefix="/saml/<connection_id>")

    @blueprint.get("/login", provide_automatic_options=False)
    def login(connection_id: str) -> ResponseReturnValue:
        return door.start(connection_id, protocol=kind.protocol)

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

    @blueprint.get("/logout", provide_automatic_options=False)
    def logout(connection_id: str) -> ResponseReturnValue:
        # The raw query: its signature covers the octets that were sent.
        query = read_query(request.query_string)
        if not isinstance(query, Rejection) and query.name == RESPONSE:
            verify = kind.return_verifier(query)
            return way_out.returned(connection_id, protocol=kind.protocol, handle=query.relay_state, verify=verify)
        told = way_out.told(connection_id, protocol=kind.protocol, verify=kind.logout_verifier(query))
        if isinstance(told, LogoutRefused):
            return way_out.refused(told)
        return way_out.leave(kind.logout_answer(told))

    @blueprint.post("/logout", provide_automatic_options=False)
    def posted_logout(connection_id: str) -> ResponseReturnValue:
        # HTTP-POST is not read. Whoever was sent away to sign out there is not left standing for that.
        unread = read_query(b"")
        if RESPONSE in request.form:
            handle, verify = request.form.get("RelayState", ""), kind.return_verifier(unread)
            return way_out.returned(connection_id, protocol=kind.protocol, handle=handle, verify=verify)
        told = way_out.told(connection_id, protocol=kind.protocol, verify=kind.logout_verifier(unread))
        assert isinstance(told, LogoutRefused)  # nothing was read
        return way_out.refused(told)

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
