"""The web site of the demo: the pages of the identity provider and the control page, on one port of loopback."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, Response, abort, request
from werkzeug.serving import make_server

from demo.control import control_page
from demo.identity_provider import IdentityProvider
from demo.post_office import PostOffice
from demo.provider_pages import provider_pages
from demo.server import free_port


@contextmanager
def provided(*, doorward: str, office: PostOffice) -> Iterator[IdentityProvider]:
    """Serve the site for a Doorward at this address."""
    port = free_port()
    provider = IdentityProvider(f"http://127.0.0.1:{port}")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request would hide the two links
    server = make_server("127.0.0.1", port, create_site(provider, doorward=doorward, office=office), threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def create_site(provider: IdentityProvider, *, doorward: str, office: PostOffice) -> Flask:
    """The Flask application."""
    site = Flask("demo")
    site.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    site.register_blueprint(provider_pages(provider))
    site.register_blueprint(control_page(provider, doorward=doorward, office=office))
    policy = f"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self' {doorward}"

    @site.before_request
    def refuse_other_sites() -> None:
        # Neither a name that somebody else has pointed at loopback nor a form on another site acts here.
        elsewhere = request.headers.get("Origin") not in {None, provider.origin}
        if request.host_url.rstrip("/") != provider.origin or (request.method == "POST" and elsewhere):
            abort(403)

    @site.after_request
    def protect(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = f"{policy}; base-uri 'none'; frame-ancestors 'none'"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        return response

    return site
