"""The service described: resource types, schemas, and a ServiceProviderConfig that announces only what works."""

from __future__ import annotations

from functools import cache
from typing import Any, Union

from scim2_models import (
    BulkRequest,
    BulkResponse,
    ListResponse,
    PatchOp,
    Path,
    Resource,
    ResourceType,
    ResponseParameters,
    Schema,
    ScimFilter,
    ScimPolicy,
    ScimProvider,
    SearchRequest,
    ServiceProviderConfig,
)
from scim2_server.utils import load_default_resource_types, load_default_schemas, parametrize

from scim.cursors import TIMEOUT

USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE_SCHEMA = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

#: The largest request body in bytes; a bulk request is a request body like any other.
MAX_BODY_BYTES = 1_048_576
MAX_BULK_OPERATIONS = 1_000
MAX_RESULTS = 1_000

#: Identity providers are read tolerantly, by one policy; what they are answered differs, see `dialects`.
POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)

_CONFIG: dict[str, Any] = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
    "patch": {"supported": True},
    "bulk": {"supported": True, "maxOperations": MAX_BULK_OPERATIONS, "maxPayloadSize": MAX_BODY_BYTES},
    "filter": {"supported": True, "maxResults": MAX_RESULTS},
    "changePassword": {"supported": False},
    "sort": {"supported": True},
    "etag": {"supported": True},
    "pagination": {
        "cursor": True,
        "index": True,
        "defaultPaginationMethod": "index",
        "defaultPageSize": MAX_RESULTS,
        "maxPageSize": MAX_RESULTS,
        "cursorTimeout": TIMEOUT,
    },
    "authenticationSchemes": [
        {
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "The directory's token from Doorward, sent as `Authorization: Bearer scim_...`.",
            "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
            "primary": True,
        }
    ],
}


@cache
def provider() -> ScimProvider:
    """The one description every directory shares.

    Models are built from the schema JSON: the static ones type emails as EmailStr and refuse addresses that identity
    providers' own samples contain.
    """
    return ScimProvider.from_discovery(
        _schemas(),
        _resource_types(),
        config=ServiceProviderConfig.model_validate(_CONFIG),
        policy=POLICY,
    )


@cache
def message_models() -> tuple[type[Any], ...]:
    """The models of messages about our resource types, kept.

    Pydantic holds the classes it makes of generic ones weakly, so that each request that needs one would build it anew,
    which takes longer than all the rest of the request.
    """
    models = [model_of(resource_type) for resource_type in provider().resource_types]
    every: Any = Union[tuple(models)]  # noqa: UP007 (as the library spells it: made at run time)
    of_one = [
        parametrize(message, one) for one in models for message in (PatchOp, ResponseParameters, Path, ScimFilter)
    ]
    # Union[X] is X: a search of one type is of its model.
    of_some = [parametrize(SearchRequest, some) for some in (*models, every)]
    return (*of_one, *of_some, *(parametrize(message, every) for message in (BulkRequest, BulkResponse, ListResponse)))


def model_of(resource_type: ResourceType) -> type[Resource[Any]]:
    """The model of a resource type, extensions included."""
    model = provider().model_for(resource_type)
    assert model is not None
    assert issubclass(model, Resource)
    return model


def _resource_types() -> list[ResourceType]:
    return list(load_default_resource_types().values())


def _schemas() -> list[Schema]:
    """RFC 7643's schemas, without what Doorward does not do: it keeps no passwords and no groups within groups."""
    described = [schema.model_dump() for schema in load_default_schemas().values()]
    for schema in described:
        if schema["id"] == USER_SCHEMA:
            schema["attributes"] = [one for one in schema["attributes"] if one["name"] != "password"]
        if schema["id"] == GROUP_SCHEMA:
            _only_users_as_members(schema)
    return [Schema.model_validate(schema) for schema in described]


def _only_users_as_members(group_schema: dict[str, Any]) -> None:
    members = next(one for one in group_schema["attributes"] if one["name"] == "members")
    # RFC 7643 8.7.1 has no display: a name kept per membership would go stale, one looked up costs a join per member.
    members["subAttributes"] = [one for one in members["subAttributes"] if one["name"] != "display"]
    for attribute in members["subAttributes"]:
        if attribute["name"] == "type":
            attribute["canonicalValues"] = ["User"]
        if attribute["name"] == "$ref":
            attribute["referenceTypes"] = ["User"]
