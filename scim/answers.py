"""Stored resources as response bytes: the document spliced with meta, groups and members, never rebuilt as a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

import orjson
from scim2_server.responses import ScimResponse

from app.rules.directories import Mirrored, MirrorPage, ResourceKind
from scim.mapping import meta_of, reference_of, version_tag
from scim.projection import Projection

_ENDPOINTS = {ResourceKind.USER: "Users", ResourceKind.GROUP: "Groups"}
_WHOLE = Projection()


@dataclass
class PreparedResponse(ScimResponse):
    """A response whose body is bytes already."""

    prepared: bytes | None = None


def location_of(base_url: str, mirrored: Mirrored) -> str:
    """The URL of a resource."""
    return f"{base_url}/{_ENDPOINTS[mirrored.kind]}/{mirrored.id}"


def resource_response(
    base_url: str, mirrored: Mirrored, *, projection: Projection = _WHOLE, status: HTTPStatus = HTTPStatus.OK
) -> ScimResponse:
    """One resource with its location (RFC 7643 3.1: Content-Location too) and its version."""
    headers = headers_of(base_url, mirrored)
    return PreparedResponse(status=status, headers=headers, prepared=resource_json(base_url, mirrored, projection))


def headers_of(base_url: str, mirrored: Mirrored) -> dict[str, str]:
    """Location stands on every answer about one resource, because one of the conformance suites asks for it."""
    location = location_of(base_url, mirrored)
    return {"Location": location, "Content-Location": location, "ETag": version_tag(mirrored.version)}


def page_response(
    base_url: str, page: MirrorPage, *, start_index: int, projection: Projection = _WHOLE
) -> ScimResponse:
    """A ListResponse (RFC 7644 3.4.2) of an index-paged search."""
    resources = b",".join(resource_json(base_url, one, projection) for one in page.resources)
    head = (
        '{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],'
        f'"totalResults":{page.total},"itemsPerPage":{len(page.resources)},"startIndex":{start_index},"Resources":['
    )
    return PreparedResponse(status=HTTPStatus.OK, prepared=head.encode() + resources + b"]}")


def resource_json(base_url: str, mirrored: Mirrored, projection: Projection) -> bytes:
    """A resource as JSON. What is stored ends in a brace, before which the rest goes."""
    whole = b"".join(
        (
            mirrored.document[:-1].encode(),
            _references_json(base_url, mirrored),
            b',"meta":',
            orjson.dumps({**meta_of(mirrored), "location": location_of(base_url, mirrored)}),
            b"}",
        )
    )
    if projection.is_whole(mirrored.kind):
        return whole
    return orjson.dumps(projection.apply(orjson.loads(whole)))


def _references_json(base_url: str, mirrored: Mirrored) -> bytes:
    """Members always, when they were looked up, `[]` included; the groups of a user when there are any."""
    if mirrored.references is None or (mirrored.kind is ResourceKind.USER and not mirrored.references):
        return b""
    name = b',"groups":' if mirrored.kind is ResourceKind.USER else b',"members":'
    root = f"{base_url}/"
    entries: Sequence[dict[str, str]] = [
        reference_of(mirrored.kind, reference, base_url=root) for reference in mirrored.references
    ]
    return name + orjson.dumps(entries)
