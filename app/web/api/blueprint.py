"""The routes of /api/v1: every operation behind one reader of calls and one writer of answers."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from app.rules.decisions import Refused
from app.services.plans import Planned
from app.services.rows import Member
from app.web import request as current
from app.web.api import (
    alarms,
    audit,
    connections,
    directories,
    document,
    domains,
    factors,
    feeds,
    invitations,
    keys,
    members,
    organizations,
    policy,
    recovery,
    revisions,
    role_mappings,
    roles,
    sessions,
    setup_links,
)
from app.web.api.acting import name_admin
from app.web.api.operations import Operation, Outcome
from app.web.api.plans import DryRunQuery, PlanAnswer, asked, settled
from app.web.api.reading import check_ids, read_body, read_query, refuse_dry_run
from app.web.api.shapes import Body, ChangeBody, ChangeQuery, Query
from app.web.downloads import Download, send
from app.web.errors import STATUS_OF_REFUSAL, problem
from app.web.routes import TABLE, Transaction

PREFIX = "/api/v1"
OPERATIONS: tuple[Operation, ...] = (
    *organizations.OPERATIONS,
    *domains.OPERATIONS,
    *connections.OPERATIONS,
    *revisions.OPERATIONS,
    *directories.OPERATIONS,
    *roles.OPERATIONS,
    *role_mappings.OPERATIONS,
    *members.OPERATIONS,
    *invitations.OPERATIONS,
    *setup_links.OPERATIONS,
    *factors.OPERATIONS,
    *sessions.OPERATIONS,
    *policy.OPERATIONS,
    *recovery.OPERATIONS,
    *keys.OPERATIONS,
    *alarms.OPERATIONS,
    *feeds.OPERATIONS,
    *audit.OPERATIONS,
)
log = logging.getLogger("doorward.api")


def create_blueprint() -> Blueprint:
    """The JSON API."""
    api = Blueprint("api", __name__, url_prefix=PREFIX)
    api.before_request(_take_body)
    for operation in OPERATIONS:
        view = partial(_answer, operation)
        api.add_url_rule(operation.rule, endpoint=operation.name, view_func=view, methods=[operation.method])

    @api.get("/openapi.json")
    def openapi() -> ResponseReturnValue:
        base_url = current.transactions().ports.base_url
        return document.describe(OPERATIONS, url=base_url + PREFIX, kinds=current.kinds().values())

    return api


def _take_body() -> None:
    """Take the whole body in before any transaction begins: a slow sender must not hold the writer's lock."""
    request.get_data()


def _answer(operation: Operation, **ids: str) -> Response:
    check_ids(ids)
    if operation.plans:
        asked()
    else:
        refuse_dry_run()
    query = read_query(operation.query or Query, apart=DryRunQuery if operation.plans else None)
    body = read_body(operation.body)
    acting = _act(operation, ids, query if body is None else body)
    given = {**ids, "query": query, "body": body, "acting": acting}
    found = operation.view(**{name: given[name] for name in operation.wants})
    return _respond(operation, settled(found) if isinstance(found, Planned) else found)


def _act(operation: Operation, ids: Mapping[str, str], sent: Body | Query) -> Member | None:
    """Find whom a program acts for, under the organization's lock; calls with units of their own do it there."""
    if not isinstance(sent, ChangeBody | ChangeQuery):
        return None
    if TABLE[operation.endpoint][operation.method].transaction is not Transaction.WRITE:
        return None
    unit = current.unit()
    unit.lock(ids["org"])
    return name_admin(unit, ids["org"], sent.on_behalf_of)


def _respond(operation: Operation, outcome: Outcome) -> Response:
    if isinstance(outcome, Refused):
        status = STATUS_OF_REFUSAL.get(outcome.code, HTTPStatus.CONFLICT)
        return problem(status, code=outcome.code, detail=outcome.sentence, fix=outcome.fix)
    if isinstance(outcome, PlanAnswer):
        etag = {"ETag": f'"{outcome.hash}"'}
        return Response(outcome.model_dump_json(), headers=etag, mimetype="application/json")
    if isinstance(outcome, Download):
        return send(outcome)
    if outcome is None:
        return Response(status=operation.status)
    return Response(outcome.model_dump_json(), status=operation.status, mimetype="application/json")
