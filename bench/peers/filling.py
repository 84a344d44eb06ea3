"""Fills a peer through its own endpoint, as nobody here knows its tables."""

from __future__ import annotations

import orjson

from bench.client import Answer, Connection
from bench.operations import MEMBERSHIP, patch_body
from bench.people import SMALL_GROUP, Population, group_body, user_body

#: Members named in one request.
_CHUNK = 500


class NotFilledError(Exception):
    """What a peer answered instead of taking a user or a group."""


def fill(connection: Connection, root: str, users: int) -> tuple[Population, dict[str, str]]:
    """Push the users, a small and a large group; what failed of the memberships, by operation."""
    ids = [_add(connection, f"{root}/Users", user_body(number)) for number in range(users)]
    groups, failures = {}, {}
    for operation, name, members in zip(MEMBERSHIP, ("Small", "Large"), (ids[:SMALL_GROUP], ids), strict=True):
        groups[name] = ""
        try:
            groups[name] = _add(connection, f"{root}/Groups", group_body(name, []))
            _add_members(connection, f"{root}/Groups/{groups[name]}", members)
        except NotFilledError as error:
            failures[operation] = str(error)
    return Population(ids, groups["Small"], groups["Large"]), failures


def _add(connection: Connection, path: str, content: dict[str, object]) -> str:
    answer = connection.exchange("POST", path, orjson.dumps(content))
    if answer.status != 201:
        raise NotFilledError(_said("POST", path, answer))
    return str(orjson.loads(answer.body)["id"])


def _add_members(connection: Connection, path: str, ids: list[str]) -> None:
    for start in range(0, len(ids), _CHUNK):
        members = [{"value": user_id} for user_id in ids[start : start + _CHUNK]]
        content = patch_body({"op": "add", "path": "members", "value": members})
        answer = connection.exchange("PATCH", path, orjson.dumps(content))
        if answer.status not in {200, 204}:
            raise NotFilledError(_said("PATCH", path, answer))


def _said(method: str, path: str, answer: Answer) -> str:
    return f"{method} {path} was answered {answer.status} {answer.body[:300].decode('utf-8', 'replace')}"
