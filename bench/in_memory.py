"""scim2-server's own test server, whose storage is a dictionary: what its command runs, as a WSGI application.

Its users and groups stand in it at start, because one process holds them and nothing fills it faster: `BENCH_USERS`
says how many, their ids go into the file `BENCH_IDS`.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scim2_models import Context, Resource, ScimProvider
from scim2_server.memory import InMemoryStorage
from scim2_server.service import ScimService
from scim2_server.testserver.application import BEARER_TOKEN_SCHEME, BearerTokenApplication
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)

from bench.people import SMALL_GROUP, Population, group_body, user_body

TOKEN = "in-memory-token"
SECRET = "a-secret-of-the-in-memory-server-0123456789"


def create_application(users: int, ids: Path) -> BearerTokenApplication:
    """The application of the `scim2-server` command with a bearer token, filled."""
    config = load_default_service_provider_config()
    config.authentication_schemes = [*(config.authentication_schemes or []), BEARER_TOKEN_SCHEME]
    provider = ScimProvider.from_discovery(
        load_default_schemas().values(), load_default_resource_types().values(), config=config
    )
    storage = InMemoryStorage()
    with provider:
        ids.write_text(json.dumps(asdict(_fill(storage, provider, users))), "ascii")
    return BearerTokenApplication(storage, provider, ScimService(provider, secret=SECRET), bearer_tokens=[TOKEN])


def _fill(storage: InMemoryStorage, provider: ScimProvider, users: int) -> Population:
    ids = [_add(storage, provider, "User", user_body(number)) for number in range(users)]
    small = _add(storage, provider, "Group", group_body("Small", ids[:SMALL_GROUP]))
    return Population(ids, small, _add(storage, provider, "Group", group_body("Large", ids)))


def _add(storage: InMemoryStorage, provider: ScimProvider, name: str, body: dict[str, Any]) -> str:
    resource_type = load_default_resource_types()[name]
    model = provider.model_for(resource_type)
    assert model is not None
    assert issubclass(model, Resource)
    made = storage.create(resource_type, model.model_validate(body, scim_ctx=Context.RESOURCE_CREATION_REQUEST))
    return str(made.id)


if "BENCH_USERS" in os.environ:
    application = create_application(int(os.environ["BENCH_USERS"]), Path(os.environ["BENCH_IDS"]))
