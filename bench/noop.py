"""What Flask itself costs: one route that reads the body and answers prepared bytes, on the same gunicorn."""

from __future__ import annotations

from flask import Flask, Response, request

ANSWER = (
    b'{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"2819c223-7f76-453a-919d-413861904646",'
    b'"userName":"bjensen@acme.test","active":true}'
)
_METHODS = ["GET", "POST", "PUT", "PATCH"]

application = Flask(__name__, static_folder=None)


@application.route("/", defaults={"path": ""}, methods=_METHODS)
@application.route("/<path:path>", methods=_METHODS)
def nothing(path: str) -> Response:
    """Answer the same, whatever is asked."""
    request.get_data()
    return Response(ANSWER, mimetype="application/scim+json")
