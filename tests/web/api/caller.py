"""A program that calls the API, as a rule with the operator token, and checks every answer against the document."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from typing import Any

from openapi_schema_validator import OAS31Validator
from werkzeug.test import TestResponse

from app.factory import create_app
from tests.application import BASE_URL, OPERATOR_TOKEN, World, settings_for

PREFIX = "/api/v1"


@functools.cache
def document() -> dict[str, Any]:
    """The OpenAPI document, as anybody may read it."""
    answer = (
        create_app(settings_for("sqlite:///:memory:")).test_client().get(f"{PREFIX}/openapi.json", base_url=BASE_URL)
    )
    assert answer.status_code == 200, answer.text
    return dict(json.loads(answer.text))


@functools.cache
def _validator(reference: str) -> OAS31Validator:
    """What a component's schema accepts."""
    return OAS31Validator({"$ref": reference, "components": document()["components"]})


def described(method: str, path: str) -> dict[str, Any] | None:
    """The document's entry for a call, if there is one."""
    for template, operations in document()["paths"].items():
        if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)), path):
            entry: dict[str, Any] | None = operations.get(method.lower())
            if entry is not None:
                return entry
    return None


def check(answer: TestResponse, *, method: str, path: str) -> None:
    """The answer is one that the document announces for this call."""
    entry = described(method, path)
    if entry is None:
        assert answer.status_code in {401, 404, 405}, answer.text
        assert answer.content_type == "application/problem+json"
        _validate("#/components/schemas/Problem", answer=answer)
        return
    announced = entry["responses"].get(str(answer.status_code))
    assert announced is not None, f"{method} {path}: {answer.status_code} {answer.text}"
    if "content" not in announced:
        assert answer.data == b""
        return
    assert answer.mimetype in announced["content"], answer.content_type
    content = announced["content"][answer.mimetype]
    if answer.status_code == 409:
        assert json.loads(answer.text)["code"] in announced["x-codes"], answer.text
    if "$ref" in content["schema"] or "anyOf" in content["schema"]:
        _validate(*(one["$ref"] for one in content["schema"].get("anyOf", [content["schema"]])), answer=answer)


def _validate(*references: str, answer: TestResponse) -> None:
    """The answer is of one of these schemas."""
    problems = [
        [error.message for error in _validator(reference).iter_errors(json.loads(answer.text))]
        for reference in references
    ]
    assert not all(problems), (problems, answer.text)


@dataclass(frozen=True)
class Api:
    """Calls with one token."""

    world: World
    token: str = OPERATOR_TOKEN

    def send(self, method: str, path: str, body: Any = None, **options: Any) -> TestResponse:
        """Any call, below /api/v1; the answer as it came, checked against the document."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        if body is not None:
            options |= {"data": json.dumps(body), "content_type": "application/json"}
        client = self.world.program.app.test_client()
        answer = client.open(PREFIX + path, method=method, base_url=BASE_URL, headers=headers, **options)
        check(answer, method=method, path=path)
        return answer

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """A call that succeeds; what it answers."""
        answer = self.send(method, path, body, **options)
        assert answer.status_code in {200, 201, 204}, answer.text
        return json.loads(answer.text) if answer.data else None

    def get(self, path: str, **query: Any) -> Any:
        return self.call("GET", path, query_string=query)

    def post(self, path: str, body: Any = None) -> Any:
        return self.call("POST", path, {} if body is None else body)

    def plan(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The dry run of a change."""
        answer = self.send(method, path, body, query_string={"dry_run": "true", **query})
        assert answer.status_code == 200, answer.text
        plan = json.loads(answer.text)
        assert answer.headers["ETag"] == f'"{plan["hash"]}"'
        return plan

    def post_as_planned(self, path: str, body: Any = None) -> Any:
        """A change that was looked at first."""
        body = {} if body is None else body
        plan = self.plan("POST", path, body)
        return self.call("POST", path, body, headers={"If-Match": f'"{plan["hash"]}"'})

    def patch(self, path: str, body: Any) -> Any:
        return self.call("PATCH", path, body)

    def delete(self, path: str) -> None:
        self.call("DELETE", path)

    def refused(self, method: str, path: str, body: Any = None, *, status: int = 409, **options: Any) -> dict[str, Any]:
        """A call that is refused; the problem."""
        answer = self.send(method, path, body, **options)
        assert answer.status_code == status, answer.text
        return dict(json.loads(answer.text))
