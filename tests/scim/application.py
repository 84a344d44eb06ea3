"""The SCIM application by itself, on a real database, with any number of directories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Engine, create_engine
from werkzeug.test import Client, TestResponse

import app.store.connections
import app.store.events
import app.store.jobs
import app.store.members
import app.store.roles
import app.store.scim_requests
import app.store.sign_ins  # noqa: F401 (every table must be known before they are created)
from app.ports.bundle import Ports
from app.ports.clock import SystemClock
from app.ports.http import HttpAnswer, HttpFailedError
from app.ports.key_pairs import KeyPair
from app.ports.mail import Mail
from app.ports.randomness import SystemRandomness
from app.ports.sealing import KeyringSealing
from app.rules.directories import DirectoryEndpoint
from app.rules.ids import Prefix
from app.rules.lockout import Guests
from app.services.effects import endpoint_of
from app.services.request_log import RequestLog
from app.services.unit_of_work import Transactions
from app.store.database import Base, Database, prepare_engine
from app.store.directories import Directory, DirectoryToken
from app.store.organizations import Organization
from scim.application import ScimApplication

BASE_URL = "https://doorward.example"
SCIM = "application/scim+json"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


class NoPeers:
    """DNS, HTTP and mail of a test that must not need them."""

    def txt(self, name: str) -> Any:
        raise HttpFailedError(name)

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        raise HttpFailedError(url)

    def post_form(self, url: str, fields: Mapping[str, str], *, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        raise HttpFailedError(url)

    def send(self, mail: Mail) -> None:
        raise HttpFailedError(mail.to)

    def make(self, *, name: str, now: datetime) -> KeyPair:
        raise HttpFailedError(name)


class Answer(TestResponse):
    """An answer whose body is read as JSON without asking whether there is one: a test that is wrong about it fails."""

    @property
    def json(self) -> Any:
        return self.get_json()


@dataclass(frozen=True)
class Pushing:
    """An identity provider with its own directory: sends requests as one, over WSGI, each with its `headers`."""

    directory: DirectoryEndpoint
    token: str
    http: Client
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/scim/{self.directory.key}/v2"

    @property
    def base_url(self) -> str:
        return f"{BASE_URL}{self.path}"

    def send(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        """`path` is below the base URL. `body` is sent as JSON; `data` instead sends bytes as they are."""
        headers = {"Authorization": f"Bearer {self.token}", **self.headers, **options.pop("headers", {})}
        if body is not None:
            options = {"json": body, "content_type": SCIM, **options}
        return cast(Answer, self.http.open(f"{self.path}{path}", method=method, headers=headers, **options))

    def get(self, path: str, **options: Any) -> Answer:
        return self.send("GET", path, **options)

    def filter(self, endpoint: str, text: str, **parameters: Any) -> Answer:
        return self.send("GET", endpoint, query_string={"filter": text, **parameters})

    def post(self, path: str, body: Any, **options: Any) -> Answer:
        return self.send("POST", path, body, **options)

    def put(self, path: str, body: Any, **options: Any) -> Answer:
        return self.send("PUT", path, body, **options)

    def patch(self, path: str, *operations: Any, **options: Any) -> Answer:
        return self.send("PATCH", path, {"schemas": [PATCH_OP], "Operations": list(operations)}, **options)

    def delete(self, path: str, **options: Any) -> Answer:
        return self.send("DELETE", path, **options)

    def user(self, user_name: str, **attributes: Any) -> Any:
        """Push a user; returns what came back."""
        answer = self.post("/Users", {"schemas": [USER], "userName": user_name, **attributes})
        assert answer.status_code == 201, answer.text
        return answer.json

    def group(self, display_name: str, *members: str, **attributes: Any) -> Any:
        """Push a group with members by id; returns what came back."""
        listed = {"members": [{"value": member} for member in members]} if members else {}
        body = {"schemas": [GROUP], "displayName": display_name, **listed, **attributes}
        answer = self.post("/Groups", body)
        assert answer.status_code == 201, answer.text
        return answer.json

    def member_ids(self, group_id: str) -> list[str]:
        """Who is in a group, as the directory answers it."""
        answer = self.get(f"/Groups/{group_id}")
        assert answer.status_code == 200, answer.text
        return [member["value"] for member in answer.json["members"]]


class Installation:
    """One database and the application on it; tests share it and each take directories of their own."""

    def __init__(self, engine: Engine) -> None:
        self.engine = prepare_engine(engine)
        Base.metadata.create_all(self.engine)
        peers = NoPeers()
        self.ports = Ports(
            clock=SystemClock(),
            randomness=SystemRandomness(),
            dns=peers,
            http=peers,
            post=peers,
            sealing=KeyringSealing(["a key for tests that is long enough"]),
            key_pairs=peers,
            base_url=BASE_URL,
        )
        self.transactions = Transactions(Database(self.engine), self.ports)
        self.requests = RequestLog(self.transactions)
        self.application = self.serving()

    def serving(self, **options: Any) -> ScimApplication:
        """The application with other options than those of most tests."""
        return ScimApplication(
            transactions=self.transactions,
            requests=self.requests,
            base_url=BASE_URL,
            cursor_secrets=["a key for tests that is long enough"],
            **options,
        )

    def close(self) -> None:
        """Write what waits and let go of the database."""
        self.requests.close()
        self.engine.dispose()

    @classmethod
    def at(cls, url: str) -> Installation:
        return cls(create_engine(url))

    def directory(self, provider: str = "generic") -> Pushing:
        """A new draft directory in an organization of its own, and the client that pushes into it."""
        token = "scim_" + self.ports.randomness.token()
        with self.transactions.writing() as unit:
            organization = Organization(
                id=unit.id(Prefix.ORGANIZATION),
                name="Acme",
                guests=Guests.REFUSE,
                jit=True,
                default_role="member",
                created_at=unit.now,
            )
            unit.session.add(organization)
            unit.session.flush()
            directory = Directory(
                id=unit.id(Prefix.DIRECTORY),
                organization_id=organization.id,
                key=self.ports.randomness.key(20),
                name="Acme directory",
                provider=provider,
                state="draft",
                created_at=unit.now,
            )
            unit.session.add(directory)
            unit.session.flush()
            unit.session.add(
                DirectoryToken(
                    id=unit.id(Prefix.TOKEN),
                    directory_id=directory.id,
                    digest=self.ports.sealing.digest(token),
                    label="",
                    hint=token[-4:],
                    created_at=unit.now,
                )
            )
            endpoint = endpoint_of(directory)
        return Pushing(endpoint, token, Client(self.application, Answer))
