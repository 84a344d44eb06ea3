"""create_app: the one module that knows every package; builds the ports, names the connection kinds, mounts the
blueprints.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, Response
from flask_sqlalchemy import SQLAlchemy
from werkzeug.middleware.proxy_fix import ProxyFix

from app.ports.bundle import Ports
from app.ports.clock import SystemClock
from app.ports.dns import ResolverDns
from app.ports.http import GuardedHttp
from app.ports.key_pairs import SystemKeyPairs
from app.ports.mail import ConsolePost, Post, SmtpPost
from app.ports.randomness import SystemRandomness
from app.ports.sealing import KeyringSealing
from app.rules.connections import ConnectionKind
from app.rules.following import ReadMetadata
from app.services import following
from app.services.documents import DocumentCache
from app.services.request_log import RequestLog
from app.services.unit_of_work import Transactions
from app.services.worker import Keep, PeriodicJob, periodic
from app.store import json_columns
from app.store.database import Database, prepare_engine
from app.web import errors, forward_auth, health, profile, protection, sign_in, sign_out, style
from app.web import request as current
from app.web.api.blueprint import create_blueprint as create_api
from app.web.door import Door
from app.web.request import Context, guard_routes
from app.web.routes import TABLE
from app.web.settings.mount import settings_pages
from app.web.setup.mount import setup_pages
from config.settings import Settings
from oidc.blueprint import create_blueprint as create_oidc
from oidc.kind import OidcKind
from saml.blueprint import create_blueprint as create_saml
from saml.kind import SamlKind
from scim.application import PREFIX as SCIM_PREFIX
from scim.application import ScimApplication

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MAX_BODY_BYTES = 1_000_000
_CONSOLE_MAIL = "Sign-in codes and alarms are printed to the server's console, because no mail server is configured."


@dataclass(frozen=True, slots=True)
class Program:
    """What the command line and the worker need of an application: its database and ports, without a request."""

    app: Flask
    transactions: Transactions
    settings: Settings
    request_log: RequestLog
    read_metadata: ReadMetadata
    kinds: Mapping[str, ConnectionKind]

    @property
    def jobs(self) -> tuple[PeriodicJob, ...]:
        """What the worker does every so often, with what the settings let stay."""
        keep = Keep(
            scim_requests=timedelta(days=self.settings.scim_request_days),
            sign_ins=timedelta(days=self.settings.sign_in_days),
        )
        return periodic(keep, self.read_metadata, self.kinds)

    def close(self) -> None:
        """Write what waits and let go of the database; for whoever makes more than one program in a process."""
        self.request_log.close()
        self.transactions.database.engine.dispose()


def create_ports(settings: Settings) -> Ports:
    """The real world."""
    post: Post = SmtpPost(settings.smtp_url, sender=settings.mail_from) if settings.smtp_url else ConsolePost()
    return Ports(
        clock=SystemClock(),
        randomness=SystemRandomness(),
        dns=ResolverDns(settings.resolvers, allow_loopback=settings.allow_private_addresses),
        http=GuardedHttp(allow_private_addresses=settings.allow_private_addresses),
        post=post,
        sealing=KeyringSealing(settings.secret_keys),
        key_pairs=SystemKeyPairs(),
        base_url=settings.base_url,
    )


def create_program(settings: Settings, ports: Ports | None = None) -> Program:
    """The application with its database; `ports` replaces the real world in tests."""
    app = Flask("app.web", static_folder="static", template_folder="templates")
    transactions = Transactions(_database(app, settings), ports or create_ports(settings))
    _configure(app, settings)
    requests = RequestLog(transactions)
    saml = _saml(settings, transactions)
    kinds = _mount(app, settings, transactions, requests, saml)
    return Program(app, transactions, settings, requests, saml.read_published, kinds)


def create_app(settings: Settings, ports: Ports | None = None) -> Flask:
    """The WSGI application."""
    return create_program(settings, ports).app


def _database(app: Flask, settings: Settings) -> Database:
    """Flask-SQLAlchemy makes the engine; sessions are plain SQLAlchemy ones, so that services need no Flask."""
    # Absolute, because Flask-SQLAlchemy would look for a relative one in a folder of its own.
    path = settings.sqlite_path
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url if path is None else f"sqlite:///{path}"
    # An error that is logged names the statement, never what people or directories sent.
    # The connection used last is taken next: its caches are warm, and idle ones stay idle.
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "hide_parameters": True,
        "pool_use_lifo": True,
        "json_serializer": json_columns.dumps,
        "json_deserializer": json_columns.loads,
    }
    extension = SQLAlchemy(app, disable_autonaming=True)
    with app.app_context():
        return Database(prepare_engine(extension.engine))


def _configure(app: Flask, settings: Settings) -> None:
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_BODY_BYTES
    app.config["DOORWARD_SCIM_REQUEST_DAYS"] = settings.scim_request_days
    app.config["DOORWARD_SIGN_IN_DAYS"] = settings.sign_in_days
    app.config["DOORWARD_BANNER"] = settings.banner
    app.config["DOORWARD_SHOWS_STYLE"] = settings.allow_private_addresses
    app.config["DOORWARD_DEVELOPMENT"] = "" if settings.smtp_url else _CONSOLE_MAIL
    app.url_map.merge_slashes = False  # a path that is not ours is not found, rather than redirected to one that is
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's default provider has it
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.wsgi_app = _OwnHost(app.wsgi_app, settings.base_url)  # type: ignore[method-assign]  # as Flask documents it

    @app.after_request
    def protect(response: Response) -> Response:
        return protection.add_headers(current.keep_browser(response), is_https=settings.is_https)


class _OwnHost:
    """Scheme and host come from the settings, never from the request, which anybody can write."""

    def __init__(self, application: WSGIApplication, base_url: str) -> None:
        self._application = application
        parts = urlsplit(base_url)
        self._scheme, self._host = parts.scheme, parts.netloc

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["wsgi.url_scheme"], environ["HTTP_HOST"] = self._scheme, self._host
        return self._application(environ, start_response)


def _saml(settings: Settings, transactions: Transactions) -> SamlKind:
    ports, follow_up = transactions.ports, partial(following.follow_up, transactions)
    return SamlKind(base_url=settings.base_url, http=ports.http, clock=ports.clock, follow_up=follow_up)


def _mount(
    app: Flask, settings: Settings, transactions: Transactions, requests: RequestLog, saml: SamlKind
) -> Mapping[str, ConnectionKind]:
    """Put pages, API and SCIM in their places: the kinds of connections there are."""
    ports = transactions.ports
    oidc = OidcKind(base_url=settings.base_url, http=ports.http, cache=DocumentCache(transactions), clock=ports.clock)
    # Every way to sign in through an identity provider; a third protocol is one more line.
    kinds: Mapping[str, ConnectionKind] = {"saml": saml, "oidc": oidc}
    door, way_out = Door(kinds), sign_out.WayOut()
    token = settings.operator_token
    context = Context(transactions, ports.sealing.digest(token) if token else None, kinds)
    app.extensions["doorward"] = context
    for blueprint in (
        sign_in.pages,
        profile.pages,
        health.pages,
        style.pages,
        forward_auth.pages,
        create_saml(kind=saml, door=door, way_out=way_out),
        create_oidc(kind=oidc, door=door, way_out=way_out),
        create_api(),
        *settings_pages(),
        *setup_pages(),
    ):
        app.register_blueprint(blueprint)
    errors.register(app)
    guard_routes(app, context, TABLE)
    scim = ScimApplication(
        transactions=transactions,
        requests=requests,
        base_url=settings.base_url,
        cursor_secrets=settings.secret_keys,
        headers=protection.machine_headers(is_https=settings.is_https),
        requests_per_second=settings.scim_requests_per_second,
    )
    app.wsgi_app = _Beside(app.wsgi_app, scim)  # type: ignore[method-assign]  # as Flask documents it
    if settings.trusted_proxies:  # outermost: pages and directories alike are told where a request comes from
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies, x_proto=0, x_host=0)  # type: ignore[method-assign]  # the same
    return kinds


class _Beside:
    """Flask, and SCIM beside it: a directory's requests pass no web framework."""

    def __init__(self, pages: WSGIApplication, scim: ScimApplication) -> None:
        self._pages = pages
        self._scim = scim

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(SCIM_PREFIX):
            return self._scim(environ, start_response)
        return self._pages(environ, start_response)
