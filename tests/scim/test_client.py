"""scim2-client, which nobody here wrote, pushes people and groups and reads them back."""

from __future__ import annotations

from typing import Any

import pytest
from scim2_models import PatchOp, SCIMException
from scim2_server.utils import parametrize

from tests.scim.application import Installation, Pushing
from tests.scim.clients import scim_client


def test_a_client_pushes_users_and_groups_and_reads_them_back(installation: Installation, generic: Pushing) -> None:
    client = scim_client(installation, generic)
    user_model: Any = client.get_resource_model("User")
    group_model: Any = client.get_resource_model("Group")

    users = [client.create(user_model(user_name=f"user{number}@acme.example")) for number in range(3)]
    group = client.create(group_model(display_name="Engineering", members=[{"value": users[0].id}]))
    read = client.query(group_model, group.id)

    assert [member.value for member in read.members] == [users[0].id]
    assert client.query(user_model, users[0].id).groups[0].display == "Engineering"
    assert client.query(user_model).total_results == 3


def test_a_client_patches_replaces_and_deletes(installation: Installation, generic: Pushing) -> None:
    client = scim_client(installation, generic)
    user_model: Any = client.get_resource_model("User")
    user: Any = client.create(user_model(user_name="ada@acme.example", active=True))

    replace = {"op": "replace", "path": "active", "value": False}
    patch: Any = parametrize(PatchOp, user_model).model_validate({"operations": [replace]})
    patched: Any = client.modify(user_model, user.id, patch)
    assert patched.active is False
    patched.display_name = "Ada"
    assert client.replace(patched).display_name == "Ada"
    client.delete(user_model, user.id)
    with pytest.raises(SCIMException) as gone:
        client.query(user_model, user.id)
    assert gone.value.status == 404
