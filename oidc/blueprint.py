"""The routes of OpenID Connect: to the provider and back, and signing out in both directions."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import parse_qsl

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from app.rules.connections import Door, Revision
from app.rules.errors import NotFoundError
from app.rules.logout import LogoutRefused, SignOutOutcome, WayOut
from oidc.callback import AuthorizationAnswer
from oidc.initiation import read_wish
from oidc.kind import OidcKind


def create_blueprint(
    *, kind: OidcKind, door: Door[ResponseReturnValue], way_out: WayOut[ResponseReturnValue]
) -> Blueprint:
    """Mount as it is: the paths are fixed by docs and by what customers pasted at their providers."""
    blueprint = Blueprint("oidc", __name__, url_prefix="/oidc")

    @blueprint.route("/<connection_id>/login", methods=["GET", "POST"])
    def login(connection_id: str) -> ResponseReturnValue:
        wish = read_wish(dict(request.values.lists()))
        return door.start(connection_id, protocol=kind.protocol, wish=wish)

    @blueprint.get("/<connection_id>/callback")
    def callback(connection_id: str) -> ResponseReturnValue:
        # The raw query: Werkzeug's own reading would hide a repeated parameter behind its first value.
        query = parse_qsl(request.query_string.decode("ascii", "replace"), keep_blank_values=True)
        answer = AuthorizationAnswer.read(query)
        return door.receive(connection_id, protocol=kind.protocol, handle=answer.state, verify=kind.verifier(answer))

    @blueprint.get("/<connection_id>/signed-out")
    def signed_out(connection_id: str) -> ResponseReturnValue:
        handle = request.args.get("state", "")
        return way_out.returned(connection_id, protocol=kind.protocol, handle=handle, verify=_done)

    @blueprint.post("/<connection_id>/backchannel-logout")
    def backchannel_logout(connection_id: str) -> ResponseReturnValue:
        verify = kind.logout_verifier(list(request.form.items(multi=True)))
        try:
            told = way_out.told(connection_id, protocol=kind.protocol, verify=verify)
        except NotFoundError as error:
            return _refused(error.sentence)
        if isinstance(told, LogoutRefused):
            return _refused(f"{told.rejection.name} {told.reference}".rstrip())
        return Response(status=200, headers={"Cache-Control": "no-store"})

    return blueprint


def _done(_revision: Revision, _request_id: str, _now: datetime) -> SignOutOutcome:
    """A provider sends the browser back here when it has signed it out; it says nothing more of it."""
    return SignOutOutcome.DONE


def _refused(description: str) -> Response:
    """Back-Channel Logout 1.0, section 2.8."""
    answer = jsonify(error="invalid_request", error_description=description)
    answer.status_code, answer.headers["Cache-Control"] = 400, "no-store"
    return answer
