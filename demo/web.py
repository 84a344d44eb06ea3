"""The web site of the demo: the pages of the identity provider and the control page, on one port of loopback."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request
from werkzeug.serving import make_server

from demo.control import control_page
from demo.provider_pages import endpoints, sign_in_pages
from demo.serving import serving
from demo.town import Town


@contextmanager
def serving_site(town: Town) -> Iterator[None]:
    """Serve the site where the identity provider of the town says that it is."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request would hide the two links
    address = urlsplit(town.provider.origin)
    server = make_server(str(address.hostname), int(address.port or 0), create_site(town), threaded=True)
    with serving(server):
        yield


def create_site(town: Town) -> Flask:
    """The Flask application."""
    provider = town.provider
    site = Flask("demo")
    site.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    site.register_blueprint(endpoints(provider))
    site.register_blueprint(sign_in_pages(provider))
    site.register_blueprint(control_page(town))
    policy = (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action 'self' {town.server.base_url}"
    )

    @site.before_request
    def refuse_other_sites() -> None:
        # Neither a name that somebody else has pointed at loopback nor a form on another site acts here.
        site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
        own_form = origin in {None, provider.origin} if site is None else site in {"same-origin", "none"}
        if request.host_url.rstrip("/") != provider.origin or (request.method == "POST" and not own_form):
            abort(403)

    @site.after_request
    def protect(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        return response

    return site
