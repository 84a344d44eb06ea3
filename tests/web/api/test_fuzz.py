"""Whatever a body holds, the answer is one that the document announces: never a 500."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.web.api.operations import Operation
from tests.application import World
from tests.scenes import ADA
from tests.web.api.caller import Api
from tests.web.api.test_bad_input import WITH_BODY, one_of_everything, path_of

TEXTS = st.text(max_size=40) | st.sampled_from(
    ["admin", "member", "saml", "oidc", "okta", "manual", "email_code", "sign_in", "directory", "sso", ADA, "acme.test"]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
NAMES = [
    *sorted({name for operation in WITH_BODY if operation.body for name in operation.body.model_fields}),
    "idp",
    "attributes",
    "issuer",
    "client_id",
    "client_secret",
    "scopes",
    "claims",
]
BODIES = st.dictionaries(st.sampled_from(NAMES) | TEXTS, VALUES, max_size=5)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(operation=st.sampled_from(WITH_BODY), body=BODIES)
def _fuzz(world: World, ids: dict[str, str], operation: Operation, body: dict[str, Any]) -> None:
    raw = json.dumps(body).encode()
    answer = Api(world).send(operation.method, path_of(operation, ids), data=raw, content_type="application/json")
    assert answer.status_code < 500 or answer.status_code == 502, (operation.name, raw, answer.text)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(operation=st.sampled_from(WITH_BODY), raw=st.binary(max_size=60))
def _fuzz_bytes(world: World, ids: dict[str, str], operation: Operation, raw: bytes) -> None:
    answer = Api(world).send(operation.method, path_of(operation, ids), data=raw, content_type="application/json")
    assert answer.status_code < 500, (operation.name, raw, answer.text)


def test_no_body_whatever_it_holds_is_a_server_error(world: World) -> None:
    ids = one_of_everything(world)

    _fuzz(world=world, ids=ids)
    _fuzz_bytes(world=world, ids=ids)
