"""The door of the SCIM endpoint: bodies cut short, answers without a body, floods, and what the record keeps of it."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path, PosixPath
from typing import Any

import psycopg
import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.test import Client

from app.rules.scim_requests import EVERYTHING, ScimRequestRecord
from app.services import scim_requests
from app.store import events, push_locks
from app.store.directories import DirectoryToken
from app.store.mirror_tables import DirectoryUser
from app.store.pipeline import Pipeline
from app.store.turns import Turns
from scim import recording, redacted_bodies
from tests.scim.application import ERROR, GROUP, PATCH_OP, USER, Answer, Installation, Pushing

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
CANARY = "canary@acme.example"


def recorded(installation: Installation, pushing: Pushing) -> Sequence[ScimRequestRecord]:
    """What is on record of a directory, oldest first."""
    installation.requests.flush()
    directory = pushing.directory
    with installation.transactions.reading() as unit:
        return scim_requests.feed(unit, directory.organization_id, directory.id, wanted=EVERYTHING, after="", limit=500)


def test_body_shorter_than_announced_is_refused_and_nothing_is_stored(generic: Pushing) -> None:
    body = b'{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada"}'
    answer = generic.send("POST", "/Users", input_stream=BytesIO(body), environ_overrides={"CONTENT_LENGTH": "5000"})
    assert (answer.status_code, answer.json["scimType"]) == (400, "invalidSyntax")
    assert generic.get("/Users").json["totalResults"] == 0


def test_body_that_arrives_in_pieces_is_read_to_its_end(generic: Pushing) -> None:
    class Slow(BytesIO):
        def readinto(self, buffer: Any, /) -> int:
            return super().readinto(memoryview(buffer)[:7])

    body = b'{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada"}'
    answer = generic.send(
        "POST", "/Users", input_stream=Slow(body), environ_overrides={"CONTENT_LENGTH": str(len(body))}
    )
    assert answer.status_code == 201


def test_answers_without_a_body_announce_no_length(generic: Pushing) -> None:
    user = generic.user("ada")
    unchanged = generic.get(f"/Users/{user['id']}", headers={"If-None-Match": user["meta"]["version"]})
    deleted = generic.delete(f"/Users/{user['id']}")
    assert (unchanged.status_code, deleted.status_code) == (304, 204)
    assert "Content-Length" not in unchanged.headers
    assert "Content-Length" not in deleted.headers


def test_record_of_a_refused_request_quotes_nothing_of_it(installation: Installation, generic: Pushing) -> None:
    generic.get(f"/{generic.token}")
    generic.get(f"/Schemas/{generic.token}")
    generic.get(f"/Users/{CANARY}")
    generic.get(f"/User/{CANARY}")
    generic.filter("/Users", f'active eq "{CANARY}"')
    generic.filter("/Users", f"displayName eq {CANARY} Le Guin")
    generic.post("/Users", {"schemas": [USER], "userName": "ada", "profileUrl": f"not a URL: {CANARY}"})
    generic.post("/Groups", {"schemas": [GROUP], "displayName": "A", "members": [{"value": CANARY}]})
    kept = repr(recorded(installation, generic))
    assert len(recorded(installation, generic)) == 8
    assert CANARY not in kept
    assert generic.token not in kept
    assert "Guin" not in kept


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/Users/{ada}", {"schemas": [PATCH_OP], "Operations": [{"op": "Canary", "path": "title"}]}),
        ("PATCH", "/Users/{ada}", {"schemas": [PATCH_OP], "Operations": [{"op": "x" * 900_000}]}),
        ("POST", "/Users/.search", {"schemas": [SEARCH], "filter": 'meta.created gt "canary@acme.example"'}),
        ("POST", "/Users/.search", {"schemas": [SEARCH], "filter": 'meta.created gt "a\\"canary"'}),
        ("POST", "/Users", {"schemas": [USER], "userName": "x", "profileUrl": "https://canary.lopez:99999/x"}),
        (
            "POST",
            "/Users",
            {
                "schemas": [USER],
                "userName": "x",
                "profileUrl": "no URL of canary",
                "emails": [{"value": f"{number}@acme.example"} for number in range(400)],
                "phoneNumbers": [{"value": str(number)} for number in range(400)],
                "ims": [{"value": str(number)} for number in range(400)],
            },
        ),
        ("POST", "/Users", {"schemas": [USER, "https://acme.example/canary"], "userName": "x"}),
        ("GET", "/Users?attributes={token}", None),
        ("GET", "/Users?sortBy={token}", None),
        ("GET", "/Users?filter={token}%20eq%201", None),
        ("GET", "/Schemas/urn:{token}", None),
    ],
)
def test_record_holds_nothing_of_a_request_that_is_wrong_in_any_way(
    installation: Installation, generic: Pushing, method: str, path: str, body: Any
) -> None:
    ada = generic.user("ada")["id"]
    generic.send(method, path.format(ada=ada, token=generic.token), body)

    refused = recorded(installation, generic)[-1]

    assert "canary" not in repr(refused).lower()
    assert generic.token.lower() not in repr(refused).lower()
    assert len(refused.detail or "") <= 1_001


@pytest.mark.parametrize("text", ["(" * 1_000_000, "a " * 500_000])
def test_filter_of_any_length_is_cut_before_it_is_read(text: str) -> None:
    shown = redacted_bodies.redacted_body(json.dumps({"filter": text}).encode())
    assert shown is not None
    assert len(shown) <= redacted_bodies.LONGEST_BODY


def test_request_is_made_presentable_before_its_transaction(
    installation: Installation, generic: Pushing, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    shown, lock = redacted_bodies.redacted_body, push_locks.lock_later

    def show(body: bytes) -> str | None:
        order.append("shown")
        return shown(body)

    def locked(*given: Any, **named: Any) -> Any:
        order.append("locked")
        return lock(*given, **named)

    monkeypatch.setattr(recording, "redacted_body", show)
    monkeypatch.setattr("app.services.pushes.lock_later", locked)

    generic.user("ada")

    assert order == ["shown", "locked"]


class Revoking(BytesIO):
    """A body during whose arrival an administrator revokes the tokens of its directory."""

    def __init__(self, body: Any, installation: Installation, pushing: Pushing) -> None:
        super().__init__(json.dumps(body).encode())
        self.length = str(len(self.getvalue()))
        self._transactions = installation.transactions
        self._theirs = DirectoryToken.directory_id == pushing.directory.id

    def readinto(self, buffer: Any, /) -> int:
        with self._transactions.writing() as unit:
            unit.session.execute(update(DirectoryToken).values(revoked_at=unit.now).where(self._theirs))
        return super().readinto(buffer)


def test_token_revoked_while_the_body_arrives_writes_nothing(installation: Installation, generic: Pushing) -> None:
    body = Revoking({"schemas": [USER], "userName": "ada"}, installation, generic)
    answer = generic.send("POST", "/Users", input_stream=body, environ_overrides={"CONTENT_LENGTH": body.length})

    assert (answer.status_code, answer.json["schemas"]) == (401, [ERROR])
    with installation.transactions.reading() as unit:
        users = select(DirectoryUser).where(DirectoryUser.directory_id == generic.directory.id)
        assert unit.session.scalars(users).all() == []


@pytest.mark.parametrize("headers", [{}, {"If-Match": 'W/"7"'}], ids=["taken", "outdated"])
def test_token_revoked_while_the_body_arrives_tells_nothing_of_what_is_there(
    installation: Installation, generic: Pushing, headers: dict[str, str]
) -> None:
    generic.user("ada")
    bob = generic.user("bob")
    body = Revoking({"schemas": [USER], "userName": "ada"}, installation, generic)
    answer = generic.send(
        "PUT",
        f"/Users/{bob['id']}",
        input_stream=body,
        headers=headers,
        environ_overrides={"CONTENT_LENGTH": body.length},
    )

    assert answer.status_code == 401


def test_method_in_small_letters_and_a_length_beyond_numbers_are_no_bugs(generic: Pushing) -> None:
    body = b'{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada"}'
    assert generic.send("get", "/Users").status_code == 200
    answer = generic.send(
        "POST", "/Users", input_stream=BytesIO(body), environ_overrides={"CONTENT_LENGTH": "9" * 5_000}
    )
    assert answer.status_code < 500


def test_detail_of_a_refused_request_still_says_what_was_wrong(installation: Installation, generic: Pushing) -> None:
    generic.post("/Users", {"schemas": [USER], "userName": ""})
    generic.filter("/Users", "nonsense eq 1")
    details = [one.detail or "" for one in recorded(installation, generic)]
    assert "userName must not be empty" in details[0]
    assert "nonsense" in details[1]


def test_name_of_any_length_is_cut_before_it_is_remembered() -> None:
    """The names of a body are remembered, so that the same ones are not read again; whoever sends them has no say."""
    shown = redacted_bodies.redacted_body(b'{"' + b"k" * 100_000 + b'":"x"}')
    assert shown == '{"' + "k" * 200 + '":"\u2026"}'


def test_flood_at_the_door_leaves_few_records(installation: Installation, generic: Pushing) -> None:
    slow = replace(generic, http=Client(installation.serving(requests_per_second=1.0), Answer))
    statuses = [slow.get("/Users?count=0").status_code for _ in range(60)]
    assert 40 < statuses.count(429) < 60
    assert sum(one.status == 429 for one in recorded(installation, generic)) <= 4
    strangers = replace(generic, token="scim_unknown", http=Client(installation.serving(), Answer))
    assert {strangers.get("/Users").status_code for _ in range(50)} == {401}
    assert sum(one.status == 401 for one in recorded(installation, generic)) <= 4


class Nobodys(PosixPath):
    """A file that belongs to nobody: only root could give one away, and tests run as anybody."""

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        found = super().stat(follow_symlinks=follow_symlinks)
        return os.stat_result((*found[:4], 65_534, 65_534, *found[6:]))


def test_lock_of_the_turns_belongs_to_whoever_the_database_belongs_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Nobodys(tmp_path / "doorward.db")
    database.touch(0o640)
    given: list[tuple[int, int, int]] = []

    def give(descriptor: int, user: int, group: int) -> None:
        given.append((os.fstat(descriptor).st_ino, user, group))

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "fchown", give)
    with Turns(database).turn():
        pass
    assert given == [((tmp_path / "doorward.db.writer").stat().st_ino, 65_534, 65_534)]


def test_lock_of_the_turns_is_as_closed_as_the_database(tmp_path: Path) -> None:
    database = tmp_path / "doorward.db"
    database.touch(0o640)
    with Turns(database).turn():
        pass
    assert stat.S_IMODE((tmp_path / "doorward.db.writer").stat().st_mode) == stat.S_IMODE(database.stat().st_mode)


def test_database_whose_connections_are_all_in_use_answers_503(
    installation: Installation, generic: Pushing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted() -> None:
        raise PoolTimeoutError

    monkeypatch.setattr(installation.transactions.database, "looking", exhausted)
    answer = generic.get("/Users")
    assert (answer.status_code, answer.headers["Retry-After"], answer.json["status"]) == (503, "5", "503")


def test_push_whose_commit_fails_is_on_record_as_refused(
    installation: Installation, generic: Pushing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OperationalError("COMMIT", {}, TimeoutError("the disk"))

    monkeypatch.setattr(events, "write", fail)
    answer = generic.post("/Users", {"schemas": [USER], "userName": "ada"})
    monkeypatch.undo()

    assert answer.status_code == 503
    assert "Nothing was changed" in answer.json["detail"]
    (refused,) = recorded(installation, generic)
    assert (refused.status, refused.method, refused.resource_id, refused.changes) == (503, "POST", None, {})


def test_refused_creation_names_no_resource_that_never_was(installation: Installation, generic: Pushing) -> None:
    ada = generic.user("ada")

    assert generic.post("/Users", {"schemas": [USER], "userName": "ADA"}).status_code == 409

    created, refused = recorded(installation, generic)
    assert created.resource_id == ada["id"]
    assert (refused.status, refused.resource_id, refused.changes) == (409, None, {})


@pytest.fixture
def on_postgresql(request: pytest.FixtureRequest) -> Iterator[Pushing]:
    """A directory in a database that is a connection away."""
    made = Installation.at(request.getfixturevalue("postgres").create_database())
    yield made.directory()
    made.close()


@pytest.mark.parametrize("is_confirmed", [True, False])
def test_connection_lost_around_the_commit_claims_no_more_than_is_known(
    on_postgresql: Pushing, monkeypatch: pytest.MonkeyPatch, is_confirmed: bool
) -> None:
    exchange = Pipeline._exchange

    def lose(pipeline: Pipeline, waiting: Any, *, begins: bool, commit: bool) -> Any:
        if commit and not is_confirmed:
            raise psycopg.OperationalError("server closed the connection")
        failed = exchange(pipeline, waiting, begins=begins, commit=commit)
        if commit:
            raise psycopg.OperationalError("server closed the connection")
        return failed

    monkeypatch.setattr(Pipeline, "_exchange", lose)
    answer = on_postgresql.post("/Users", {"schemas": [USER], "userName": "ada"})
    monkeypatch.undo()

    found = on_postgresql.filter("/Users", 'userName eq "ada"').json["totalResults"]
    if is_confirmed:
        assert (answer.status_code, found) == (201, 1)
    else:
        assert (answer.status_code, found) == (503, 0)
        assert "cannot tell whether it was carried out" in answer.json["detail"]
        assert int(answer.headers["Retry-After"]) > 0
