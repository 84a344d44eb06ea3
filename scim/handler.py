"""DirectoryHandler: the library's sequence of steps, with answers made from stored rows instead of models."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, cast

from scim2_models import BulkOperation, PatchOp, Resource, ResourceType
from scim2_server.conditions import Conditions
from scim2_server.handler import ScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.routing import Operation, Target

from app.rules.directories import Mirrored, ResourceKind
from scim import answers, filters, limits, mapping
from scim.groups import GroupOperation, operations_of_message
from scim.projection import Projection
from scim.protocol import DirectoryService
from scim.provider import MAX_RESULTS
from scim.storage import DirectoryStorage

#: With these parameters alone a search can be a look-up that needs no parser.
_LOOK_UP_PARAMETERS = frozenset({"filter", "startIndex", "count"})


class DirectoryHandler(ScimHandler):
    """Serves one request on one directory."""

    service: DirectoryService
    storage: DirectoryStorage

    def __init__(self, service: DirectoryService, storage: DirectoryStorage) -> None:
        super().__init__(service, storage)

    def create(self, request: ScimRequest) -> ScimResponse:
        with self.service.provider:
            _, resource_type = self._target(request, Operation.create)
            projection = self._projection(request, resource_type)
            body = self.service.read_creation(resource_type, request.body, request.header("Content-Type"))
            with self.storage.operation():
                created = self.storage.add(resource_type, body)
                if created.kind is ResourceKind.GROUP and projection.wants_references(created.kind):
                    created = self.storage.with_references(created)
            return answers.resource_response(
                request.base_url, created, projection=projection, status=HTTPStatus.CREATED
            )

    def query(self, request: ScimRequest) -> ScimResponse:
        with self.service.provider:
            target, resource_type = self._target(request, Operation.query)
            projection = self._projection(request, resource_type)
            with self.storage.operation():
                found = self.storage.read(resource_type, _id_of(target), projection)
            if self.service.read_conditions(request).check(mapping.version_tag(found.version), "GET"):
                return answers.resource_response(request.base_url, found, projection=projection)
            headers = answers.headers_of(request.base_url, found)
            return ScimResponse(HTTPStatus.NOT_MODIFIED, None, headers)

    def replace(self, request: ScimRequest) -> ScimResponse:
        with self.service.provider:
            target, resource_type = self._target(request, Operation.replace)
            projection = self._projection(request, resource_type)
            body = self.service.read_replacement(resource_type, request.body, request.header("Content-Type"))
            with self.storage.operation():
                replaced = self.storage.put(resource_type, _id_of(target), body, self.service.read_conditions(request))
                if projection.wants_references(replaced.kind):
                    replaced = self.storage.with_references(replaced)
            return answers.resource_response(request.base_url, replaced, projection=projection)

    def patch(self, request: ScimRequest) -> ScimResponse:
        with self.service.provider:
            target, resource_type = self._target(request, Operation.patch)
            if mapping.kind_of(resource_type) is ResourceKind.GROUP:
                return self._patch_group(request, target, resource_type)
            projection = self._projection(request, resource_type)
            patch = self.service.read_patch(resource_type, request.body, request.header("Content-Type"))
            with self.storage.operation():
                patched = self.storage.patch_user(
                    resource_type, _id_of(target), patch, self.service.read_conditions(request)
                )
                if projection.wants_references(patched.kind):
                    patched = self.storage.with_references(patched)
            return answers.resource_response(request.base_url, patched, projection=projection)

    def _patch_group(self, request: ScimRequest, target: Target, resource_type: ResourceType) -> ScimResponse:
        projection = self._projection(request, resource_type)
        operations = self.service.read_group_patch(request.body, request.header("Content-Type"))
        with self.storage.operation():
            patched = self.storage.patch_group(
                resource_type, _id_of(target), operations, self.service.read_conditions(request)
            )
            answered = self._group_in_answer(patched, projection)
        if answered is None:
            return ScimResponse(HTTPStatus.NO_CONTENT, None, answers.headers_of(request.base_url, patched))
        return answers.resource_response(request.base_url, answered, projection=projection)

    def _group_in_answer(self, group: Mirrored, projection: Projection) -> Mirrored | None:
        """What a group PATCH answers: what was asked for, else by dialect and size; None for 204 (RFC 7644 3.5.2)."""
        asked = projection != Projection()
        if not projection.wants_references(group.kind):
            return group
        if asked:
            return self.storage.with_references(group)
        largest = self.service.dialect.largest_group_in_answer
        return None if largest is None else self.storage.with_members(group, at_most=largest)

    def delete(self, request: ScimRequest) -> ScimResponse:
        with self.service.provider:
            target, resource_type = self._target(request, Operation.delete)
            with self.storage.operation():
                self.storage.remove(resource_type, _id_of(target), self.service.read_conditions(request))
            return self.service.deletion_response()

    def search(self, request: ScimRequest) -> ScimResponse:
        with self.service.provider:
            target = self.service.route(request, Operation.search)
            resource_types = self._searched(request, target)
            return self._look_up(request, resource_types) or self._searched_page(
                request, resource_types, query=dict(request.query)
            )

    def search_with_body(self, request: ScimRequest) -> ScimResponse:
        with self.service.provider:
            target = self.service.route(request, Operation.search_with_body)
            return self._searched_page(request, self._searched(request, target), query=None)

    def _searched(self, request: ScimRequest, target: Target) -> list[ResourceType]:
        resource_types = self.service.searched_types(target.endpoint)
        return self.service.authorized_types(request, target, resource_types)

    def _searched_page(
        self, request: ScimRequest, resource_types: list[ResourceType], *, query: dict[str, str] | None
    ) -> ScimResponse:
        if query is None:
            content_type = request.header("Content-Type")
            search, _ = self.service.read_search_body(resource_types, request.body, content_type)
        else:
            search, _ = self.service.read_search_query(resource_types, query)
        with self.storage.operation():
            page = self.storage.page(resource_types, search)
        projection = Projection.of(search)
        return answers.page_response(request.base_url, page, start_index=search.start_index or 1, projection=projection)

    def _look_up(self, request: ScimRequest, resource_types: Sequence[ResourceType]) -> ScimResponse | None:
        """The answer to `userName eq "x"` and its like without building a search request; None for another search."""
        text = request.query.get("filter")
        if text is None or len(resource_types) != 1 or not request.query.keys() <= _LOOK_UP_PARAMETERS:
            return None
        start_index = _whole_number(request.query.get("startIndex"), otherwise=1)
        count = _whole_number(request.query.get("count"), otherwise=MAX_RESULTS)
        selection = filters.look_up(self.storage.directory.id, resource_types[0], text)
        if selection is None or start_index is None or count is None:
            return None
        start_index = min(max(start_index, 1), limits.MAX_INDEX)
        count = min(max(count, 0), MAX_RESULTS)
        with self.storage.operation():
            page = self.storage.page_of([selection], offset=start_index - 1, limit=count, projection=Projection())
        return answers.page_response(request.base_url, page, start_index=start_index)

    # Bulk: the library plans and reports; each operation is a unit of work of its own.

    def apply_bulk_operation(
        self, resource_type: ResourceType, operation: BulkOperation[Resource[Any]]
    ) -> Resource[Any] | None:
        conditions = Conditions(if_match=operation.version)
        resource_id = operation.resource_id or ""
        match operation.method:
            case BulkOperation.Method.post:
                done = self.storage.add(resource_type, cast(Resource[Any], operation.data))
            case BulkOperation.Method.put:
                done = self.storage.put(resource_type, resource_id, cast(Resource[Any], operation.data), conditions)
            case BulkOperation.Method.patch:
                done = self._bulk_patch(resource_type, resource_id, cast("PatchOp[Any]", operation.data), conditions)
            case _:
                self.storage.remove(resource_type, resource_id, conditions)
                return None
        return mapping.resource_of(done, resource_type)

    def _bulk_patch(
        self, resource_type: ResourceType, resource_id: str, patch: PatchOp[Any], conditions: Conditions
    ) -> Mirrored:
        if mapping.kind_of(resource_type) is ResourceKind.USER:
            return self.storage.patch_user(resource_type, resource_id, patch, conditions)
        operations: Sequence[GroupOperation] = operations_of_message(patch)
        return self.storage.patch_group(resource_type, resource_id, operations, conditions)

    def _target(self, request: ScimRequest, operation: Operation) -> tuple[Target, ResourceType]:
        target = self.service.route(request, operation)
        resource_type = self.service.resource_type_at(target.endpoint or "")
        self.service.authorize(request, target, resource_type)
        return target, resource_type

    def _projection(self, request: ScimRequest, resource_type: ResourceType) -> Projection:
        return Projection.of(self.service.read_wanted(resource_type, request.query))


def _id_of(target: Target) -> str:
    return target.resource_id or ""


def _whole_number(text: str | None, *, otherwise: int) -> int | None:
    """A paging parameter; None for what is not a plain number, which the library then refuses."""
    if text is None:
        return otherwise
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
