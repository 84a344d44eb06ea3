"""What is measured: each operation as a stream of requests, and what its answers must say."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import orjson

from bench.people import Population, user_body, user_name

_PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_PAGE = 100
#: Everybody draws the same users in the same order.
SEED = 7


@dataclass(frozen=True)
class Exchange:
    """A request, and whether the body of an answer with `status` is right.

    With a `proof` the answer may have no body (204): the proof is the request that shows that it was carried out.
    """

    method: str
    path: str
    content: dict[str, Any] | None
    status: int
    is_right: Callable[[dict[str, Any]], bool]
    proof: Exchange | None = None

    @property
    def body(self) -> bytes:
        return b"" if self.content is None else orjson.dumps(self.content)


@dataclass
class Client:
    """What one target has been sent so far; two of them with the same seed send the same."""

    people: Population
    chance: random.Random
    created: int = 0
    steps: int = 0
    inactive: set[int] = field(default_factory=set)

    def pick(self) -> int:
        """The number of a user."""
        return self.chance.randrange(len(self.people.users))


Operation = Callable[[Client], Exchange]


def look_up(client: Client) -> Exchange:
    """What comes before every write of an identity provider."""
    number = client.pick()
    text = quote(f'userName eq "{user_name(number)}"')

    def is_right(answer: dict[str, Any]) -> bool:
        found = answer["Resources"]
        return bool(answer["totalResults"] == 1 and found[0]["id"] == client.people.users[number])

    return Exchange("GET", f"/Users?filter={text}", None, 200, is_right)


def create(client: Client) -> Exchange:
    """Pushes somebody new."""
    number = len(client.people.users) + client.created
    client.created += 1

    def is_right(answer: dict[str, Any]) -> bool:
        return bool(answer["id"]) and answer["userName"] == user_name(number) and len(answer["emails"]) == 1

    return Exchange("POST", "/Users", user_body(number), 201, is_right)


def get(client: Client) -> Exchange:
    """Reads a user by id."""
    number = client.pick()
    return Exchange("GET", f"/Users/{client.people.users[number]}", None, 200, _is(client, number))


def patch_active(client: Client) -> Exchange:
    """Turns a user off, or on again: every request changes something."""
    number = client.pick()
    active = number in client.inactive
    client.inactive ^= {number}
    content = patch_body({"op": "replace", "path": "active", "value": active})
    path, right = f"/Users/{client.people.users[number]}", _is(client, number, active=active)
    return Exchange("PATCH", path, content, 200, right, proof=Exchange("GET", path, None, 200, right))


def put(client: Client) -> Exchange:
    """Replaces a user with one of another name, who is active."""
    number = client.pick()
    client.steps += 1
    client.inactive.discard(number)
    name = f"Given Family {number} the {client.steps}"
    content = user_body(number, display_name=name)
    right = _is(client, number, displayName=name)
    return Exchange("PUT", f"/Users/{client.people.users[number]}", content, 200, right)


def page(client: Client) -> Exchange:
    """One page after the other, as a reconciliation reads them."""
    pages = max(len(client.people.users) // _PAGE, 1)
    start = client.steps % pages * _PAGE + 1
    client.steps += 1

    def is_right(answer: dict[str, Any]) -> bool:
        found = answer["Resources"]
        whole = len(found) == _PAGE and len({one["id"] for one in found}) == _PAGE and "userName" in found[-1]
        return whole and answer["totalResults"] >= len(client.people.users)

    return Exchange("GET", f"/Users?startIndex={start}&count={_PAGE}", None, 200, is_right)


def small_group(client: Client) -> Exchange:
    """One member more or less."""
    return _member(client, client.people.small)


def large_group(client: Client) -> Exchange:
    """The same where everybody is in the group."""
    return _member(client, client.people.large)


def _member(client: Client, group_id: str) -> Exchange:
    """Adds the last user, or takes them out again: the group keeps its size."""
    member = client.people.users[-1]
    added = client.steps % 2 == 1
    client.steps += 1
    operation = (
        {"op": "add", "path": "members", "value": [{"value": member}]}
        if added
        else {"op": "remove", "path": f'members[value eq "{member}"]'}
    )

    def is_right(answer: dict[str, Any]) -> bool:
        return (member in {one["value"] for one in answer.get("members", ())}) is added

    def shows(answer: dict[str, Any]) -> bool:
        return bool(answer["totalResults"] == int(added))

    text = quote(f'id eq "{group_id}" and members.value eq "{member}"')
    proof = Exchange("GET", f"/Groups?filter={text}&excludedAttributes=members", None, 200, shows)
    return Exchange("PATCH", f"/Groups/{group_id}", patch_body(operation), 200, is_right, proof=proof)


def _is(client: Client, number: int, **attributes: Any) -> Callable[[dict[str, Any]], bool]:
    wanted = {"id": client.people.users[number], "userName": user_name(number), **attributes}
    return lambda answer: wanted.items() <= {name: answer.get(name) for name in wanted}.items()


def patch_body(operation: dict[str, Any]) -> dict[str, Any]:
    """One operation of a PATCH."""
    return {"schemas": [_PATCH], "Operations": [operation]}


#: The operations on a small and a large group.
MEMBERSHIP = ("member of a group of 10", "member of a large group")
OPERATIONS: dict[str, Operation] = {
    "look-up userName eq": look_up,
    "create": create,
    "get": get,
    "PATCH active": patch_active,
    "PUT": put,
    "page of 100": page,
    **dict(zip(MEMBERSHIP, (small_group, large_group), strict=True)),
}
