"""DoorwardError and Refused as pages or problem documents (RFC 9457); the one table of status codes lives here."""

from __future__ import annotations

import logging
from http import HTTPStatus

from flask import Flask, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException

from app.rules.decisions import Code
from app.rules.errors import (
    ConflictError,
    DoorwardError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    TooManyError,
    UnauthenticatedError,
    UnreachableError,
)
from app.services import members
from app.web import request as current
from app.web.presentation.errors import ErrorPage, Helper
from app.web.shell import shell_or_none

log = logging.getLogger("doorward.errors")
API_PREFIX = "/api/"

STATUS: dict[type[DoorwardError], HTTPStatus] = {
    InvalidInputError: HTTPStatus.BAD_REQUEST,
    UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    TooManyError: HTTPStatus.TOO_MANY_REQUESTS,
    UnreachableError: HTTPStatus.BAD_GATEWAY,
}

#: What a refusal is answered with where it is not a conflict with how things are.
STATUS_OF_REFUSAL: dict[Code, HTTPStatus] = {
    Code.PLAN_REQUIRED: HTTPStatus.PRECONDITION_REQUIRED,
    Code.PLAN_OUTDATED: HTTPStatus.PRECONDITION_FAILED,
}


def register(app: Flask) -> None:
    """Answer every error in the caller's own form."""
    app.register_error_handler(DoorwardError, _on_error)
    app.register_error_handler(HTTPException, _on_http)
    app.register_error_handler(IntegrityError, _on_race)
    app.register_error_handler(OperationalError, _on_database)
    app.register_error_handler(Exception, _on_bug)


def _on_error(error: DoorwardError) -> ResponseReturnValue:
    status = STATUS.get(type(error), HTTPStatus.INTERNAL_SERVER_ERROR)
    if error.detail:
        log.info("refused", extra={"reason": error.code, "detail": error.detail})
    if request.path.startswith(API_PREFIX):
        return problem(status, code=error.code, detail=error.sentence, field=error.field, retry_after=_retry(error))
    if status is HTTPStatus.UNAUTHORIZED:
        door = "/setup?ended" if current.is_for_holders() else "/sign-in"
        return Response(status=HTTPStatus.SEE_OTHER, headers={"Location": door})
    return _page(status, sentence=error.sentence, retry_after=_retry(error))


def _on_http(error: HTTPException) -> ResponseReturnValue:
    status = HTTPStatus(error.code or 500)
    if request.path.startswith(API_PREFIX):
        answer = problem(status, code=status.name.lower(), detail=error.description or status.phrase)
    else:
        answer = _page(status)
    for name, value in error.get_headers():
        if name.lower() == "allow":
            answer.headers[name] = value
    return answer


def _on_race(error: IntegrityError) -> ResponseReturnValue:
    """Two requests wanted the same address, host or name at the same moment, and the other one got it."""
    log.info("lost a race", extra={"route": str(request.url_rule), "reason": type(error.orig).__name__})
    sentence = "Somebody else has just taken that. Reload and try again."
    if request.path.startswith(API_PREFIX):
        return problem(HTTPStatus.CONFLICT, code="conflict", detail=sentence)
    return _page(HTTPStatus.CONFLICT, sentence=sentence)


def _on_database(error: OperationalError) -> ResponseReturnValue:
    """The database is busy, gone or in a deadlock: nothing was done, and a moment later it may work."""
    reference = current.reference()
    log.exception("database not available", extra={"reference": reference, "route": str(request.url_rule)})
    answer: Response
    if request.path.startswith(API_PREFIX):
        detail = "The database does not answer right now; nothing was changed."
        answer = problem(HTTPStatus.SERVICE_UNAVAILABLE, code="unavailable", detail=detail, reference=reference)
    else:
        answer = Response("The database does not answer right now. Nothing was changed.", 503, mimetype="text/plain")
    answer.headers["Retry-After"] = "2"
    return answer


def _on_bug(error: Exception) -> ResponseReturnValue:
    """A bug: the person gets a reference, the log gets the rest."""
    reference = current.reference()
    log.error("unexpected error", exc_info=error, extra={"reference": reference, "route": str(request.url_rule)})
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    if request.path.startswith(API_PREFIX):
        return problem(status, code="internal_error", detail="Something went wrong on our side.", reference=reference)
    return _page(status, reference=reference)


def problem(
    status: HTTPStatus,
    *,
    code: str,
    detail: str,
    field: str | None = None,
    fix: str | None = None,
    reference: str | None = None,
    retry_after: int = 0,
) -> Response:
    """A problem document with a stable `code`, and the `field` at fault where there is one."""
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "code": code, "detail": detail}
    extra = {"field": field, "fix": fix, "reference": reference}
    response = jsonify(body | {name: value for name, value in extra.items() if value})
    response.status_code, response.content_type = status.value, "application/problem+json"
    if status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="Doorward"'
    if retry_after:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _page(status: HTTPStatus, *, sentence: str = "", retry_after: int = 0, reference: str | None = None) -> Response:
    helpers = _helpers() if status is HTTPStatus.FORBIDDEN else ()
    page = ErrorPage(
        back_href="/setup" if current.is_for_holders() else "/",
        status=status.value,
        reference=reference or current.reference(),
        sentence=sentence,
        helpers=helpers,
        retry_after=retry_after,
    )
    response = Response(
        render_template("error.html", page=page, shell=shell_or_none(), form_token=current.form_token())
    )
    response.status_code = status.value
    if retry_after:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _helpers() -> tuple[Helper, ...]:
    """Who can help: the administrators, named to members of the organization only."""
    person = current.signed_in_or_none()
    if person is None:
        return ()
    with current.transactions().reading() as unit:
        admins = members.administrators(unit, person.organization_id)
        return tuple(Helper(name=admin.name or admin.email, email=admin.email) for admin in admins)


def _retry(error: DoorwardError) -> int:
    return error.retry_after if isinstance(error, TooManyError) else 0
