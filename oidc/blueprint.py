"""The two routes of OpenID Connect: to the provider and back."""

from __future__ import annotations

from urllib.parse import parse_qsl

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.rules.connections import Door
from oidc.callback import AuthorizationAnswer
from oidc.initiation import read_wish
from oidc.kind import OidcKind


def create_blueprint(*, kind: OidcKind, door: Door[ResponseReturnValue]) -> Blueprint:
    """Mount as it is: the paths are fixed by docs and by what customers pasted at their providers."""
    blueprint = Blueprint("oidc", __name__, url_prefix="/oidc")

    @blueprint.route("/<connection_id>/login", methods=["GET", "POST"])
    def login(connection_id: str) -> ResponseReturnValue:
        return door.start(connection_id, read_wish(dict(request.values.lists())))

    @blueprint.get("/<connection_id>/callback")
    def callback(connection_id: str) -> ResponseReturnValue:
        # The raw query: Werkzeug's own reading would hide a repeated parameter behind its first value.
        query = parse_qsl(request.query_string.decode("ascii", "replace"), keep_blank_values=True)
        answer = AuthorizationAnswer.read(query)
        return door.receive(connection_id, protocol=kind.protocol, handle=answer.state, verify=kind.verifier(answer))

    return blueprint
