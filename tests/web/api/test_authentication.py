"""Who may call: the operator token, or a key (test_keys.py), nobody else; what is not there is a problem document."""

from __future__ import annotations

import pytest

from app.factory import create_app
from app.web.api.blueprint import OPERATIONS
from app.web.routes import TABLE, Caller
from tests.application import BASE_URL, OPERATOR_TOKEN, World, settings_for
from tests.web.api.caller import PREFIX, Api


@pytest.mark.parametrize(
    "header",
    [{}, {"Authorization": ""}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {OPERATOR_TOKEN}"}],
    ids=["missing", "empty", "wrong", "basic"],
)
def test_call_without_a_token_is_refused_on_every_route(world: World, header: dict[str, str]) -> None:
    for operation in OPERATIONS:
        path = PREFIX + operation.path.replace("{", "").replace("}", "")
        answer = world.program.app.test_client().open(
            path, method=operation.method, base_url=BASE_URL, headers=header, json={}
        )

        assert (answer.status_code, answer.content_type) == (401, "application/problem+json"), operation.name
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_without_a_configured_token_nobody_is_accepted() -> None:
    settings = settings_for("sqlite:///:memory:").model_copy(update={"operator_token": None})
    client = create_app(settings).test_client()

    for token in ("None", "", OPERATOR_TOKEN):
        answer = client.get(f"{PREFIX}/organizations", base_url=BASE_URL, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401


def test_session_of_an_administrator_opens_no_route(world: World) -> None:
    browser = world.first_admin()

    assert browser.get(f"{PREFIX}/organizations").status_code == 401


def test_every_route_but_the_document_is_for_programs() -> None:
    callers = {endpoint: routes for endpoint, routes in TABLE.items() if endpoint.startswith("api.")}

    open_to_all = {name for name, routes in callers.items() if any(r.caller is Caller.ANYONE for r in routes.values())}

    assert open_to_all == {"api.openapi"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/organizations/", 404),
        ("PUT", "/organizations", 405),
        ("DELETE", "/organizations", 405),
        ("POST", "/openapi.json", 405),
    ],
)
def test_what_is_not_there_is_a_problem_document(world: World, method: str, path: str, status: int) -> None:
    answer = Api(world).send(method, path)

    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    if status == 405:
        assert "GET" in answer.headers["Allow"]
