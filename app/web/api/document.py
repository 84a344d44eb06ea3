"""The OpenAPI 3.1 document, made from the operations and the route table: nothing in it is written twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from pydantic_core.core_schema import WithDefaultSchema

from app.rules.connections import ConnectionKind
from app.rules.decisions import Code
from app.web.api.connection_schemas import NEW, PATCHED, schema_of_any
from app.web.api.operations import Operation
from app.web.api.plans import DryRunQuery, PlanAnswer
from app.web.api.reading import NAMED, takes_nothing
from app.web.api.shapes import ID_BODY, Problem, Query
from app.web.routes import TABLE, Caller

_REFERENCE = "#/components/schemas/{model}"
_OPERATOR, _KEY = "operatorToken", "organizationKey"
_SCHEMES = {
    _OPERATOR: {"type": "http", "scheme": "bearer", "description": "Of whoever runs the server: every organization."},
    _KEY: {"type": "http", "scheme": "bearer", "description": "Of one organization (`dw_…`): nothing of any other."},
}
#: What opens an operation: any one of these.
_SECURITY: dict[Caller, list[dict[str, list[str]]]] = {
    Caller.ANYONE: [],
    Caller.OPERATOR: [{_OPERATOR: []}],
    Caller.PROGRAM: [{_OPERATOR: []}, {_KEY: []}],
}
_TEXTS = {
    HTTPStatus.BAD_REQUEST: "What was sent cannot be understood or accepted; `field` says where.",
    HTTPStatus.UNAUTHORIZED: "The bearer token is missing, wrong, revoked or expired.",
    HTTPStatus.FORBIDDEN: "Only the operator token may do this; this is a key of an organization.",
    HTTPStatus.NOT_FOUND: "There is no such thing in this organization.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not application/json.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many tries; `Retry-After` says when the next one may come.",
    HTTPStatus.BAD_GATEWAY: "The identity provider could not be reached.",
}


#: What a change answers that is held to a dry run.
_HELD_TO = (
    (HTTPStatus.PRECONDITION_FAILED, Code.PLAN_OUTDATED, "It has come to take more than the dry run said:"),
    (HTTPStatus.PRECONDITION_REQUIRED, Code.PLAN_REQUIRED, "It is made only with the hash of its dry run:"),
)


class _Schemas(GenerateJsonSchema):
    """JSON Schema without `default: null` on fields that may be left out but not be null."""

    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        made = super().default_schema(schema)
        return {name: value for name, value in made.items() if name != "default" or value is not None}


def describe(operations: Sequence[Operation], *, url: str, kinds: Iterable[ConnectionKind]) -> dict[str, Any]:
    """The whole API."""
    paths: dict[str, dict[str, Any]] = {"/openapi.json": {"get": _own_description()}}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _describe(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Doorward",
            "version": "1",
            "description": "Errors are RFC 9457 problem documents with a stable code; times are RFC 3339 in UTC.",
        },
        "servers": [{"url": url}],
        "security": _SECURITY[Caller.PROGRAM],
        "paths": paths,
        "components": {
            "schemas": _schemas(operations, tuple(kinds)),
            "securitySchemes": _SCHEMES,
        },
    }


def _schemas(operations: Sequence[Operation], kinds: Sequence[ConnectionKind]) -> dict[str, Any]:
    bodies = {operation.body for operation in operations if operation.body is not None}
    answers: set[type[BaseModel]] = {PlanAnswer, Problem}
    answers |= {operation.answer for operation in operations if operation.answer is not None}
    modes: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        *((body, "validation") for body in bodies),
        *((answer, "serialization") for answer in answers),
    ]
    modes.sort(key=lambda item: item[0].__name__)
    _, made = models_json_schema(modes, ref_template=_REFERENCE, schema_generator=_Schemas)
    schemas: dict[str, Any] = made["$defs"]
    for name in (NEW, PATCHED):
        schemas[name] = schema_of_any(kinds, schemas[name], is_new=name == NEW)
    return schemas


def _describe(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": operation.description,
        "tags": [operation.view.__module__.rpartition(".")[2]],
        "parameters": [*map(_id_parameter, operation.ids), *_query_parameters(operation), *_plan_parameters(operation)],
        "responses": {str(status.value): response for status, response in _responses(operation).items()},
    }
    described["security"] = _SECURITY[_caller(operation)]
    if operation.body is not None:
        content = {"application/json": {"schema": _reference(operation.body)}}
        described["requestBody"] = {"required": not takes_nothing(operation.body), "content": content}
    return described


def _id_parameter(name: str) -> dict[str, Any]:
    prefix, noun = NAMED[name]
    schema = {"type": "string", "pattern": f"^{prefix.value}_{ID_BODY}$"}
    return {"name": name, "in": "path", "required": True, "description": f"The {noun}.", "schema": schema}


def _plan_parameters(operation: Operation) -> list[dict[str, Any]]:
    """What asks for a dry run, and what holds the change to one."""
    if not operation.plans:
        return []
    text = "The `hash` of the dry run that was shown: the change is refused if it would take more than that by now."
    held_to = {"name": "If-Match", "in": "header", "description": text, "schema": {"type": "string"}}
    return [*_parameters(DryRunQuery), held_to]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [] if operation.query is None else _parameters(operation.query)


def _parameters(query: type[Query]) -> list[dict[str, Any]]:
    made = query.model_json_schema(schema_generator=_Schemas)
    return [
        {
            "name": name,
            "in": "query",
            "description": schema.pop("description", ""),
            "schema": _written_out(schema, made.get("$defs", {})),
        }
        for name, schema in made["properties"].items()
    ]


def _written_out(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter, which refers to nothing: an enumeration stands in it, or in one of several ways."""
    if "anyOf" in schema:
        schema = schema | {"anyOf": [_written_out(way, definitions) for way in schema["anyOf"]]}
    named = definitions.get(schema.get("$ref", "").removeprefix("#/$defs/"), {})
    of_its_own = {key: value for key, value in named.items() if key != "description"}
    whole = of_its_own | {key: value for key, value in schema.items() if key != "$ref"}
    return {key: value for key, value in whole.items() if key != "title"}


def _responses(operation: Operation) -> dict[HTTPStatus, dict[str, Any]]:
    success: dict[str, Any] = {"description": operation.status.phrase}
    if operation.answer is not None:
        success["content"] = {"application/json": {"schema": _reference(operation.answer)}}
    plan = {"description": "The dry run.", "content": {"application/json": {"schema": _reference(PlanAnswer)}}}
    if operation.media:
        success["content"] = {media_type: {"schema": {"type": "string"}} for media_type in operation.media}
    statuses = [HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.REQUEST_ENTITY_TOO_LARGE]
    if _caller(operation) is Caller.OPERATOR:
        statuses.append(HTTPStatus.FORBIDDEN)
    if operation.limited:
        statuses.append(HTTPStatus.TOO_MANY_REQUESTS)
    if operation.ids:
        statuses.append(HTTPStatus.NOT_FOUND)
    if operation.body is not None:
        statuses.append(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    if operation.body is not None and operation.body.__name__ in {NEW, PATCHED}:
        statuses.append(HTTPStatus.BAD_GATEWAY)
    found = {operation.status: success} | {status: _problem(_TEXTS[status]) for status in sorted(statuses)}
    if operation.plans:
        found |= {status: _problem(f"{text} `{code}`.") for status, code, text in _HELD_TO}
        found[HTTPStatus.OK] = _either(success, plan) if operation.status is HTTPStatus.OK else plan
    if operation.codes:
        codes = ", ".join(f"`{code}`" for code in operation.codes)
        found[HTTPStatus.CONFLICT] = _problem(f"Refused, and why: {codes}.") | {
            "x-codes": list(map(str, operation.codes))
        }
    return found


def _either(success: dict[str, Any], plan: dict[str, Any]) -> dict[str, Any]:
    """The change itself, or the dry run where that was asked for."""
    schemas = [answer["content"]["application/json"]["schema"] for answer in (success, plan)]
    return success | {"content": {"application/json": {"schema": {"anyOf": schemas}}}}


def _caller(operation: Operation) -> Caller:
    return TABLE[operation.endpoint][operation.method].caller


def _own_description() -> dict[str, Any]:
    content = {"application/json": {"schema": {"type": "object"}}}
    return {
        "operationId": "openapi",
        "summary": "Read this document.",
        "security": [],
        "responses": {"200": {"description": "OK", "content": content}},
    }


def _problem(text: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/problem+json": {"schema": _reference(Problem)}}}


def _reference(model: type[BaseModel]) -> dict[str, str]:
    name = model.__name__.replace("[", "_").replace("]", "_")
    return {"$ref": _REFERENCE.format(model=name)}
