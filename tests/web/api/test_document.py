"""The OpenAPI document: valid, complete, and generated from what runs."""

from __future__ import annotations

from openapi_spec_validator import validate

from app.web.api.blueprint import OPERATIONS
from app.web.routes import TABLE
from tests.application import World
from tests.web.api.caller import Api, document


def test_document_is_valid_openapi() -> None:
    assert document()["openapi"].startswith("3.1")
    validate(document())


def test_every_route_of_the_api_is_documented(world: World) -> None:
    listed = {
        (rule.rule.removeprefix("/api/v1").replace("<", "{").replace(">", "}"), method.lower())
        for rule in world.program.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint.startswith("api.")
    }
    documented = {(path, method) for path, entry in document()["paths"].items() for method in entry}

    assert documented == listed
    assert {endpoint for endpoint in TABLE if endpoint.startswith("api.")} == {
        "api.openapi",
        *(operation.endpoint for operation in OPERATIONS),
    }


def test_every_operation_says_what_it_does_in_a_sentence() -> None:
    for operation in OPERATIONS:
        assert operation.summary.endswith("."), operation.name
        assert operation.answer is not None or operation.media or operation.status == 204, operation.name
        assert (operation.body is None) == (operation.method in {"GET", "DELETE"}), operation.name


def test_setting_that_asks_for_caution_says_why() -> None:
    (saml,) = (kind for kind in document()["components"]["schemas"]["NewConnection"]["anyOf"] if "idp" in str(kind))
    described = saml["properties"]["allow_idp_initiated"]["description"]
    assert "Leave it off where people begin here. People may come in" in described


def test_every_body_and_answer_refuses_what_it_does_not_name() -> None:
    for name, schema in document()["components"]["schemas"].items():
        if schema.get("type") == "object":
            assert schema["additionalProperties"] is False, name


def test_calls_for_what_this_version_does_not_have_are_refused_never_ignored(world: World) -> None:
    api = Api(world)
    body = {"name": "Acme", "admin_email": "ada@acme.test"}

    for options in (
        {"query_string": {"dry_run": "true"}},
        {"query_string": {"dry_run": "1"}},
        {"headers": {"If-Match": '"abc"'}},
    ):
        problem = api.refused("POST", "/organizations", body, status=400, **options)
        assert problem["code"] == "not_supported"

    assert api.get("/organizations")["data"] == []
