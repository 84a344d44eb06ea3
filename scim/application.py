"""The SCIM endpoint of every directory, /scim/<key>/v2, as a WSGI application that stands beside Flask.

A look-up costs little more than what a web framework costs by itself, so there is none in between; see
docs/decisions/. Who may call, and in which transaction, is decided in one place: `_serve`.
"""

from __future__ import annotations

import logging
import math
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson
from scim2_models import NotFoundException, SCIMException
from scim2_server.responses import ScimResponse
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.rules.directories import DirectoryEndpoint
from app.rules.errors import DoorwardError
from app.services import directory_access, mirror
from app.services.directory_access import Admitted, TokenRefusedError
from app.services.request_log import RequestLog
from app.services.unit_of_work import Transactions, Visitor
from scim.answers import PreparedResponse
from scim.dialects import dialect_of
from scim.handler import DirectoryHandler
from scim.limits import check_path
from scim.protocol import DirectoryService, RetryException, scim_exception
from scim.provider import message_models
from scim.rates import RateLimit
from scim.recording import Journal
from scim.request import DirectoryRequest
from scim.sentences import sent
from scim.storage import DirectoryStorage

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PREFIX = "/scim/"
log = logging.getLogger("doorward.scim")

_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_BUSY_SECONDS = 5
#: Busy, gone, read-only after a failover, all connections in use, or an address that another organization took at the
#: same moment, whose lock is not ours: nothing was done, and a moment later it works.
_UNAVAILABLE = (OperationalError, InternalError, IntegrityError, PoolTimeoutError)
#: How often requests are recorded that are turned away at the door, for their token or their pace: anyone can send any
#: number of them.
_FLOOD_PER_SECOND = 0.2
_TOO_FAST = "This directory sends requests faster than Doorward takes them. Nothing was stored; send it again later."
_BUSY = "Doorward's database is busy. Nothing was changed; send the request again."
_LOST = "Doorward lost its database during this request and cannot tell whether it was carried out; send it again."
_NO_SUCH_ENDPOINT = "There is no SCIM endpoint with such a path. Copy the base URL from Doorward."


class ScimApplication:
    """Serves every directory: path and token must agree, and every answer is in SCIM's own form.

    `base_url` is Doorward's own, without a trailing slash; `headers` go with every answer; `cursor_secrets` seal
    cursors with the first and open them with any; `requests_per_second` is the pace of one directory, None for any.
    """

    def __init__(
        self,
        *,
        transactions: Transactions,
        requests: RequestLog,
        base_url: str,
        cursor_secrets: Sequence[str],
        headers: Sequence[tuple[str, str]] = (),
        requests_per_second: float | None = None,
    ) -> None:
        message_models()  # at the start, not in somebody's first request
        self._transactions = transactions
        self._requests = requests
        self._root = base_url.rstrip("/")
        self._secrets = tuple(cursor_secrets)
        self._headers = list(headers)
        self._pace = RateLimit(requests_per_second) if requests_per_second else None
        self._flood = RateLimit(_FLOOD_PER_SECOND)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333), and have it recorded."""
        visit = Visit(time.perf_counter())
        try:
            response = self._serve(environ, visit)
        except Exception as error:  # noqa: BLE001 (the last resort of a WSGI application)
            response = self._answer_of(error)
        try:
            self._note(visit, response)
        except Exception:  # what cannot be recorded is answered all the same
            log.exception("SCIM request not recorded")
        return self._started(response, environ, start_response)

    def _note(self, visit: Visit, response: ScimResponse) -> None:
        """Have it recorded, and remember that a token was used that is good no more."""
        if visit.note_refused_token is not None:
            with self._transactions.writing() as unit:
                directory_access.note_refused_token(unit, visit.note_refused_token)
        journal = visit.journal
        if journal is not None and not journal.is_written:
            self._requests.add(journal.record(int(response.status), _detail_of(response)))

    def _serve(self, environ: WSGIEnvironment, visit: Visit) -> ScimResponse:
        """One request: recognised by a read, answered from the same connection or from a writing transaction."""
        path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
        check_path(path)
        key, _, rest = path[len(PREFIX) :].partition("/")
        version, slash, rest = rest.partition("/")
        if version != "v2":
            raise NotFoundException(detail=_NO_SUCH_ENDPOINT)
        request = DirectoryRequest(environ, base_url=f"{self._root}{PREFIX}{key}/v2", path=slash + rest)
        with self._transactions.looking() as connection:
            if request.is_public:
                return self._serve_public(request, connection, key)
            admitted = self._admit(connection, request, visit, key)
            if request.method == "GET" and not admitted.wants_note:
                storage = DirectoryStorage(
                    self._transactions, admitted.directory, connection=connection, journal=visit.journal
                )
                return self._handler(admitted.directory, storage).handle(request)
        request.read_body()  # with no connection held meanwhile: a client may be slow
        if visit.journal is not None:
            visit.journal.body = request.body
        return self._serve_apart(request, admitted, visit)

    def _serve_public(self, request: DirectoryRequest, connection: Connection, key: str) -> ScimResponse:
        """The one document that tells how to authenticate."""
        if not mirror.endpoint_exists(connection, key):
            raise NotFoundException(detail="There is no directory at this URL. Copy its base URL from Doorward.")
        return self._handler(None, DirectoryStorage(self._transactions, None)).handle(request)

    def _admit(self, connection: Connection, request: DirectoryRequest, visit: Visit, key: str) -> Admitted:
        """Whose request this is, at the pace it may have. Whoever is turned away is recorded too."""
        ports, token = self._transactions.ports, request.bearer_token
        try:
            admitted = directory_access.admit(connection, ports, key=key, token=token)
        except TokenRefusedError as refused:
            visit.note_refused_token = refused.token_id if refused.wants_note else None
            if not self._flood.seconds_to_wait(refused.directory.id):
                visit.journal = self._journal(request, visit, refused.directory.id, refused.token_id)
            raise
        request.subject = admitted.directory
        seconds = 0.0 if self._pace is None else self._pace.seconds_to_wait(admitted.directory.id)
        if not seconds or not self._flood.seconds_to_wait(admitted.directory.id):
            visit.journal = self._journal(request, visit, admitted.directory.id, admitted.token_id)
        if seconds:
            raise RetryException(429, _TOO_FAST, math.ceil(seconds))
        return admitted

    def _journal(self, request: DirectoryRequest, visit: Visit, directory_id: str, token_id: str | None) -> Journal:
        return Journal(
            directory_id=directory_id,
            token_id=token_id,
            at=self._transactions.ports.clock.now(),
            began=visit.began,
            method=request.method,
            path=request.path,
            query=request.query,
            body=b"",
        )

    def _serve_apart(self, request: DirectoryRequest, admitted: Admitted, visit: Visit) -> ScimResponse:
        """A request that writes, or the one a minute after which the directory's last use is noted."""
        if admitted.wants_note:
            with self._transactions.writing() as unit:
                directory_access.note_request(unit, admitted)
        storage = DirectoryStorage(
            self._transactions.for_request_of(Visitor(request.network_address)),
            admitted.directory,
            writes=request.writes,
            journal=visit.journal,
            token_id=admitted.token_id,
        )
        return self._handler(admitted.directory, storage).handle(request)

    def _handler(self, directory: DirectoryEndpoint | None, storage: DirectoryStorage) -> DirectoryHandler:
        service = DirectoryService(
            dialect_of(directory.provider if directory else ""),
            secrets=self._secrets,
            scope=directory.id if directory else "",
            deviations=storage.journal.deviations if storage.journal else None,
        )
        return DirectoryHandler(service, storage)

    def _started(
        self, response: ScimResponse, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        headers = [*response.headers.items(), *self._headers]
        is_head = environ["REQUEST_METHOD"] == "HEAD"
        if isinstance(response, PreparedResponse) and response.streamed is not None:
            start_response(_STATUS_LINES[response.status], headers)
            return () if is_head else response.streamed
        body = _body_of(response)
        if response.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):  # RFC 9110 8.6
            headers.append(("Content-Length", str(len(body))))
        start_response(_STATUS_LINES[response.status], headers)
        return () if is_head else (body,)

    def _answer_of(self, error: Exception) -> ScimResponse:
        """An error in SCIM's own form; a bug says nothing but the number under which the log has it."""
        service = DirectoryService(dialect_of(""), secrets=self._secrets)
        if isinstance(error, DoorwardError):
            error = scim_exception(error)
        if isinstance(error, _UNAVAILABLE):
            log.warning("database not available", exc_info=error)
            error = RetryException(503, _LOST if _is_lost(error) else _BUSY, _BUSY_SECONDS)
        if isinstance(error, SCIMException):
            response = service.error_response(error)
            if isinstance(error, RetryException):
                response.headers["Retry-After"] = str(error.retry_after)
            return response
        reference = uuid.uuid4().hex[:12]
        log.error("SCIM request failed (%s)", reference, exc_info=error)
        return ScimResponse(HTTPStatus.INTERNAL_SERVER_ERROR, service.error_of_unexpected(reference).model_dump())


@dataclass
class Visit:
    """One request on its way: when it came, and what will be recorded of it once it is known whose it is."""

    began: float
    journal: Journal | None = None
    #: A token that was revoked or has expired, whose use is still to be noted.
    note_refused_token: str | None = None


def _is_lost(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _detail_of(response: ScimResponse) -> str | None:
    """What an error said."""
    return str(response.body.get("detail")) if response.status >= HTTPStatus.BAD_REQUEST and response.body else None


def _body_of(response: ScimResponse) -> bytes:
    if isinstance(response, PreparedResponse) and response.prepared is not None:
        return response.prepared
    if response.body is None:
        return b""
    detail = _detail_of(response)
    return orjson.dumps(response.body if detail is None else {**response.body, "detail": sent(detail)})
