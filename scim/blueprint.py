"""DirectoryServer: the routes under /scim/<key>/v2, who may use them, and every answer in SCIM's own form."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import cast

import orjson
from flask import Blueprint, Response, request
from scim2_flask import ScimServer
from scim2_models import NotFoundException, PayloadTooLargeException, SCIMException, UnauthorizedException
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.routing import Operation, Route
from scim2_server.storage import ScimStorage
from werkzeug.exceptions import HTTPException

from app.rules.directories import DirectoryEndpoint
from app.rules.errors import DoorwardError
from app.services import directories, mirror
from app.services.unit_of_work import Transactions
from scim.answers import PreparedResponse
from scim.dialects import Dialect, dialect_of
from scim.handler import DirectoryHandler
from scim.limits import check_path
from scim.protocol import DirectoryService, RateLimitedException, scim_exception
from scim.provider import MAX_BODY_BYTES, provider
from scim.storage import DirectoryStorage

log = logging.getLogger("doorward.scim")

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
_PARAMETERS = (
    "attributes",
    "excludedAttributes",
    "filter",
    "sortBy",
    "sortOrder",
    "startIndex",
    "count",
    "cursor",
)
_CANONICAL = {name.lower(): name for name in _PARAMETERS}


def create_blueprint(*, transactions: Transactions, base_url: str) -> Blueprint:
    """The SCIM endpoint of every directory. `base_url` is Doorward's own, without a trailing slash."""
    return DirectoryServer(transactions=transactions, base_url=base_url).create_blueprint()


class DirectoryServer(ScimServer):
    """scim2-flask's blueprint with one base URL per directory: path and token must agree.

    The library's views read one URL prefix and one storage per application; here both belong to the request, so each
    request gets a handler of its own.
    """

    def __init__(self, *, transactions: Transactions, base_url: str) -> None:
        no_shared_storage = cast(ScimStorage, None)
        super().__init__(no_shared_storage, provider(), url_prefix="/scim/<key>/v2", name="scim")
        self._transactions = transactions
        self._root = base_url.rstrip("/")
        self._services: dict[Dialect, DirectoryService] = {}

    def create_blueprint(self) -> Blueprint:
        """The routes of the library, `/v2` without its slash, and our own error handlers."""
        blueprint = super().create_blueprint()
        blueprint.add_url_rule("", "root", self._make_root_view(), methods=_METHODS)
        blueprint.add_url_rule("/", "any_method", self._fallback_view, methods=_METHODS, defaults={"path": ""})
        blueprint.add_url_rule("/<path:path>", "any_method", self._fallback_view, methods=_METHODS)
        blueprint.register_error_handler(DoorwardError, self._handle_doorward_error)
        blueprint.register_error_handler(Exception, self._handle_bug)
        return blueprint

    def _make_view(self, route: Route) -> Callable[..., Response]:
        def view(key: str, **_arguments: str) -> Response:
            return self._serve(key, route.operation)

        return view

    def _make_root_view(self) -> Callable[..., Response]:
        def view(key: str) -> Response:
            return self._serve(key, None)

        return view

    def _fallback_view(self, path: str, key: str = "") -> Response:
        return self._serve(key, None)

    def _serve(self, key: str, operation: Operation | None) -> Response:
        """One request on one directory. `operation` None: whatever the path and method say."""
        directory = self._directory(key)
        scim_request = self._read(key, directory)
        handler = self._handler(directory, scim_request)
        serve = handler.handle if operation is None else getattr(handler, operation.value)
        return self._to_response(serve(scim_request))

    def _directory(self, key: str) -> DirectoryEndpoint | None:
        """Whose request this is; None for the one document that tells how to authenticate.

        Authentication only reads, so that nobody without a token ever waits for, or holds, SQLite's one writer.
        """
        with self._transactions.reading() as unit:
            if _is_public():
                if not mirror.endpoint_exists(unit, key):
                    raise NotFoundException(
                        detail="There is no directory at this URL. Copy its base URL from Doorward."
                    )
                return None
            token = _bearer_token()
            directory, row = directories.authenticate(unit, key=key, token=token)
            endpoint, is_due = mirror.endpoint_of(directory), directories.wants_note(unit, row)
        if is_due:
            with self._transactions.writing() as unit:
                directories.note_request(unit, *directories.authenticate(unit, key=key, token=token))
        return endpoint

    def _handler(self, directory: DirectoryEndpoint | None, scim_request: ScimRequest) -> DirectoryHandler:
        writes = scim_request.method != "GET" and not scim_request.path.rstrip("/").endswith("/.search")
        storage = DirectoryStorage(self._transactions, cast(DirectoryEndpoint, directory), writes=writes)
        return DirectoryHandler(self._service_for(dialect_of(directory.provider if directory else "")), storage)

    def _service_for(self, dialect: Dialect) -> DirectoryService:
        service = self._services.get(dialect)
        if service is None:
            service = self._services[dialect] = DirectoryService(dialect)
        return service

    def _read(self, key: str, directory: DirectoryEndpoint | None) -> ScimRequest:
        """The request as the library takes it: parameters in any case, HEAD as the GET it stands for."""
        check_path(request.path)
        return ScimRequest(
            method="GET" if request.method == "HEAD" else request.method,
            base_url=f"{self._root}/scim/{key}/v2",
            path=request.path.removeprefix(f"/scim/{key}/v2"),
            query={_CANONICAL.get(name.lower(), name): value for name, value in request.args.items()},
            headers=list(request.headers.items()),
            subject=directory,
            body=_body(),
        )

    @staticmethod
    def _to_response(scim_response: ScimResponse) -> Response:
        body: bytes | None = None
        if isinstance(scim_response, PreparedResponse):
            body = scim_response.prepared
        elif scim_response.body is not None:
            body = orjson.dumps(scim_response.body)
        return Response(body, status=scim_response.status, headers=scim_response.headers)

    def _handle_scim_exception(self, exception: SCIMException) -> Response:
        response = self._to_response(self._service_for(dialect_of("")).error_response(exception))
        if isinstance(exception, RateLimitedException):
            response.headers["Retry-After"] = str(exception.retry_after)
        return response

    def _handle_doorward_error(self, error: DoorwardError) -> Response:
        return self._handle_scim_exception(scim_exception(error))

    def _handle_http_exception(self, exception: HTTPException) -> Response:
        status = exception.code or 500
        error = SCIMException(detail=exception.description or HTTPStatus(status).phrase)
        error.status = status
        return self._handle_scim_exception(error)

    def _handle_bug(self, error: Exception) -> Response:
        reference = uuid.uuid4().hex[:12]
        log.error("SCIM request failed (%s)", reference, exc_info=error)
        body = self._service_for(dialect_of("")).error_of_unexpected(reference).model_dump()
        return self._to_response(ScimResponse(HTTPStatus.INTERNAL_SERVER_ERROR, body))


def _is_public() -> bool:
    """RFC 7643 5: a client that has no token yet may read how to authenticate."""
    return request.method in ("GET", "HEAD") and request.path.rstrip("/").endswith("/v2/ServiceProviderConfig")


def _bearer_token() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise UnauthorizedException(
            detail="The request has no bearer token. Enter a token of this directory as the secret token (OAuth bearer"
            " token) of the provisioning settings."
        )
    return token.strip()


def _body() -> bytes:
    """The body, read up to one byte more than is accepted."""
    body: bytes = request.stream.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        raise PayloadTooLargeException(
            detail=f"The body is larger than {MAX_BODY_BYTES:,} bytes. Send fewer members or operations at a time."
        )
    return body
