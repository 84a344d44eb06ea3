"""The floor: the row work of an operation and prepared bytes as the answer, on the same gunicorn, without SCIM.

What every request does, with plain `sqlite3` (WAL, synchronous=FULL) or `psycopg`, over one connection for each thread:

- a read is one statement that finds the token by its SHA-256 digest and the row by id or user name, and answers the
  stored bytes. A page also counts the users, because its answer has to say how many there are;
- a write is one transaction that finds the token, locks the user's row and reads it, writes it and commits (on SQLite
  BEGIN IMMEDIATE, on PostgreSQL SELECT FOR UPDATE), and answers what it has stored. The body is read as JSON once,
  since user name and external id have unique columns and the document is kept with its id;
- a membership is one row that is inserted or deleted; the answer is 204.

There are no schemas, no validation, no other filters, no versions, no rows for the values of attributes, no members
that follow, no events and no audit: nothing but what cannot be left out.
"""

from __future__ import annotations

import hashlib
import os
import threading
import uuid
from collections.abc import Callable
from typing import Any

import orjson
from flask import Flask, Response, request

from bench.bare_rows import Rows, open_rows

_HEAD = b'{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":%d,"Resources":['


def create_application(rows: Callable[[], Rows]) -> Flask:
    """The application on a database that `bench.bare_rows.fill` has filled."""
    application = Flask(__name__, static_folder=None)
    routes: tuple[tuple[str, str, Callable[..., Response]], ...] = (
        ("/ready", "GET", lambda: Response(b"{}")),
        ("/Users", "GET", lambda: _users(rows())),
        ("/Users", "POST", lambda: _create(rows())),
        ("/Users/<user_id>", "GET", lambda user_id: _one(rows().user("id", user_id, _digest()))),
        ("/Users/<user_id>", "PATCH", lambda user_id: _change(rows(), user_id, _patched)),
        ("/Users/<user_id>", "PUT", lambda user_id: _change(rows(), user_id, _replaced)),
        ("/Groups", "GET", lambda: _groups(rows())),
        ("/Groups/<group_id>", "PATCH", lambda group_id: _membership(rows(), group_id)),
    )
    for number, (rule, method, view) in enumerate(routes):
        application.add_url_rule(rule, str(number), view, methods=[method])
    return application


def one_for_each_thread(url: str) -> Callable[[], Rows]:
    """Connections that stay open, as every server keeps them."""
    local = threading.local()

    def rows() -> Rows:
        if not hasattr(local, "rows"):
            local.rows = open_rows(url)
        found: Rows = local.rows
        return found

    return rows


def _digest() -> bytes:
    return hashlib.sha256(request.headers.get("Authorization", "").removeprefix("Bearer ").encode()).digest()


def _answer(content: bytes, status: int = 200) -> Response:
    return Response(content, status, mimetype="application/scim+json")


def _one(found: tuple[bytes | None] | None) -> Response:
    """A row without a document means a good token and nobody there; no row means a wrong token."""
    if found is None:
        return _answer(b"{}", 401)
    return _answer(b"{}", 404) if found[0] is None else _answer(found[0])


def _users(rows: Rows) -> Response:
    text = request.args.get("filter")
    if text is not None:
        found = rows.user("user_name", text.split('"')[1], _digest())
        if found is None:
            return _answer(b"{}", 401)
        documents = [] if found[0] is None else [found[0]]
        return _answer(_HEAD % len(documents) + b",".join(documents) + b"]}")
    page = rows.page(int(request.args["startIndex"]) - 1, int(request.args["count"]), _digest())
    if page is None:
        return _answer(b"{}", 401)
    return _answer(_HEAD % page[0] + b",".join(page[1]) + b"]}")


def _create(rows: Rows) -> Response:
    content: dict[str, Any] = {"id": str(uuid.uuid4()), **orjson.loads(request.get_data())}
    document = orjson.dumps(content)
    with rows.writing(_digest()) as known:
        if not known:
            return _answer(b"{}", 401)
        rows.insert(content["id"], content["userName"], content["externalId"], document)
    return _answer(document, 201)


def _change(rows: Rows, user_id: str, changed: Callable[[bytes, str], dict[str, Any]]) -> Response:
    with rows.writing(_digest()) as known:
        if not known:
            return _answer(b"{}", 401)
        before = rows.locked(user_id)
        if before is None:
            return _answer(b"{}", 404)
        content = changed(before, user_id)
        document = orjson.dumps(content)
        rows.update(user_id, content["userName"], content["externalId"], document)
    return _answer(document)


def _patched(before: bytes, _: str) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads(before)
    for operation in orjson.loads(request.get_data())["Operations"]:
        content[operation["path"]] = operation["value"]
    return content


def _replaced(_: bytes, user_id: str) -> dict[str, Any]:
    return {"id": user_id, **orjson.loads(request.get_data())}


def _membership(rows: Rows, group_id: str) -> Response:
    operation = orjson.loads(request.get_data())["Operations"][0]
    with rows.writing(_digest()) as known:
        if not known:
            return _answer(b"{}", 401)
        if operation["op"] == "add":
            rows.add_member(group_id, operation["value"][0]["value"])
        else:
            rows.remove_member(group_id, operation["path"].split('"')[1])
    return _answer(b"", 204)


def _groups(rows: Rows) -> Response:
    """Only what the proof of a membership asks: whether this one is in that group."""
    _, group_id, _, user_id, _ = request.args["filter"].split('"')
    return _answer(_HEAD % rows.is_member(group_id, user_id) + b"]}")


if "BENCH_BARE" in os.environ:
    application = create_application(one_for_each_thread(os.environ["BENCH_BARE"]))
