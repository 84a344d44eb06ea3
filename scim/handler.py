"""DirectoryHandler: the library's sequence of steps, with answers made from stored rows instead of models."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, cast

from scim2_models import BulkOperation, Context, PatchOp, Resource, ResourceType
from scim2_server.conditions import Conditions
from scim2_server.handler import ScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.routing import Operation, Target

from app.rules.directories import Mirrored, MirrorPage, Position, ResourceKind
from scim import answers, filters, limits, mapping
from scim.groups import GroupOperation, operations_of_message
from scim.plain import Document
from scim.projection import Projection
from scim.protocol import DirectoryService
from scim.provider import MAX_RESULTS
from scim.recording import Journal
from scim.request import DirectoryRequest
from scim.storage import DirectoryStorage

#: More members than this in one answer are read as they are sent.
_MOST_IN_MEMORY = 2_000
#: With these parameters alone a search can be a look-up that needs no parser.
_LOOK_UP_PARAMETERS = frozenset({"filter", "startIndex", "count"})


class DirectoryHandler(ScimHandler):
    """Serves one request on one directory. `handle` is the only way in: it opens the provider for every operation."""

    service: DirectoryService
    storage: DirectoryStorage

    def __init__(self, service: DirectoryService, storage: DirectoryStorage) -> None:
        super().__init__(service, storage)
        self._bulk_journal: Journal | None = None

    def handle(self, request: ScimRequest) -> ScimResponse:
        """Serve a request with the method of its operation; what it acts on is found out once."""
        assert isinstance(request, DirectoryRequest), "`ScimApplication` makes no other"
        with self.service.provider:
            request.target = _plain_target(request) or self.service.match(request)
            response: ScimResponse = getattr(self, request.target.operation.value)(request)
            return response

    def create(self, request: ScimRequest) -> ScimResponse:
        _, resource_type = self._target(request, Operation.create)
        projection = self._projection(request, resource_type)
        body = self._read(resource_type, request, Context.RESOURCE_CREATION_REQUEST)
        with self.storage.operation():
            created = self.storage.add(resource_type, body)
            if created.kind is ResourceKind.GROUP and projection.wants_references(created.kind):
                created = self.storage.with_references(created)
        return answers.resource_response(request.base_url, created, projection=projection, status=HTTPStatus.CREATED)

    def query(self, request: ScimRequest) -> ScimResponse:
        target, resource_type = self._target(request, Operation.query)
        projection = self._projection(request, resource_type)
        conditions = self.service.read_conditions(request)
        if mapping.kind_of(resource_type) is ResourceKind.GROUP:
            return self._query_group(request, resource_type, _id_of(target), projection, conditions)
        found = self.storage.read(resource_type, _id_of(target), projection)
        if not conditions.check(mapping.version_tag(found.version), "GET"):
            return _not_modified(request, found)
        return answers.resource_response(request.base_url, found, projection=projection)

    def _query_group(
        self,
        request: ScimRequest,
        resource_type: ResourceType,
        group_id: str,
        projection: Projection,
        conditions: Conditions,
    ) -> ScimResponse:
        """A group: what is asked about it before its members are read, and these from rows when they are many."""
        with self.storage.operation():
            found = self.storage.read(resource_type, group_id, projection.without_members())
            if not conditions.check(mapping.version_tag(found.version), "GET"):
                return _not_modified(request, found)
            if not projection.wants_references(found.kind):
                return answers.resource_response(request.base_url, found, projection=projection)
            if projection.is_whole(found.kind):
                whole = self.storage.with_members(found, at_most=_MOST_IN_MEMORY)
                if whole is None:
                    members = self.storage.streamed_members([found.id])
                    return answers.streamed_group_response(request.base_url, found, members)
                return answers.resource_response(request.base_url, whole, projection=projection)
            whole = self.storage.with_references(found)
            return answers.resource_response(request.base_url, whole, projection=projection)

    def replace(self, request: ScimRequest) -> ScimResponse:
        target, resource_type = self._target(request, Operation.replace)
        projection = self._projection(request, resource_type)
        body = self._read(resource_type, request, Context.RESOURCE_REPLACEMENT_REQUEST)
        with self.storage.operation():
            replaced = self.storage.put(resource_type, _id_of(target), body, self.service.read_conditions(request))
            if projection.wants_references(replaced.kind):
                replaced = self.storage.with_references(replaced)
        return answers.resource_response(request.base_url, replaced, projection=projection)

    def _read(self, resource_type: ResourceType, request: ScimRequest, scim_ctx: Context) -> Resource[Any] | Document:
        """The body of a POST or PUT."""
        content_type = request.header("Content-Type")
        if mapping.kind_of(resource_type) is ResourceKind.USER:
            return self.service.read_user(resource_type, request.body, content_type, scim_ctx)
        model = self.service.get_model(resource_type)
        return self.service.read_body(model, request.body, content_type, scim_ctx)

    def patch(self, request: ScimRequest) -> ScimResponse:
        target, resource_type = self._target(request, Operation.patch)
        if mapping.kind_of(resource_type) is ResourceKind.GROUP:
            return self._patch_group(request, target, resource_type)
        projection = self._projection(request, resource_type)
        patch = self.service.read_user_patch(resource_type, request.body, request.header("Content-Type"))
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
            if answered is None and self.storage.journal is not None:
                self.storage.journal.status = HTTPStatus.NO_CONTENT
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
        target, resource_type = self._target(request, Operation.delete)
        with self.storage.operation():
            self.storage.remove(resource_type, _id_of(target), self.service.read_conditions(request))
        return self.service.deletion_response()

    def search(self, request: ScimRequest) -> ScimResponse:
        target = self.service.route(request, Operation.search)
        resource_types = self._searched(request, target)
        return self._look_up(request, resource_types) or self._searched_page(
            request, resource_types, query=dict(request.query)
        )

    def search_with_body(self, request: ScimRequest) -> ScimResponse:
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
            search, position = self.service.read_search_body(resource_types, request.body, content_type)
        else:
            search, position = self.service.read_search_query(resource_types, query)
        with self.storage.operation():
            page = self.storage.page(resource_types, search, None if position is None else Position(**position))
            projection = Projection.of(search)
            if search.cursor is None:
                paging = answers.Paging(start_index=search.start_index or 1)
            else:
                paging = answers.Paging(None, *self.service.cursors_of(resource_types, search, page))
            return self._answered_page(request, page, paging, projection)

    def _answered_page(
        self, request: ScimRequest, page: MirrorPage, paging: answers.Paging, projection: Projection
    ) -> ScimResponse:
        """A page; members of its groups are streamed when they are too many to hold."""
        members = self.storage.streamed_members_of(page, projection, at_most=_MOST_IN_MEMORY)
        if members is None:
            page = self.storage.with_members_of(page, projection)
        return answers.page_response(request.base_url, page, paging=paging, projection=projection, members=members)

    def _look_up(self, request: ScimRequest, resource_types: Sequence[ResourceType]) -> ScimResponse | None:
        """The answer to `userName eq "x"`, and to a plain page, without building a search request; None for others."""
        if len(resource_types) != 1 or not request.query.keys() <= _LOOK_UP_PARAMETERS:
            return None
        text = request.query.get("filter")
        start_index = _whole_number(request.query.get("startIndex"), otherwise=1)
        count = _whole_number(request.query.get("count"), otherwise=MAX_RESULTS)
        selection = filters.everything(resource_types[0]) if text is None else filters.look_up(resource_types[0], text)
        if selection is None or start_index is None or count is None:
            return None
        start_index = min(max(start_index, 1), limits.MAX_INDEX)
        count = min(max(count, 0), MAX_RESULTS)
        with self.storage.operation():
            page = self.storage.page_of([selection], offset=start_index - 1, limit=count, projection=Projection())
            return self._answered_page(request, page, answers.Paging(start_index=start_index), Projection())

    # Bulk: the library plans and reports; each operation is a unit of work of its own.

    def bulk(self, request: ScimRequest) -> ScimResponse:
        self._bulk_journal = self.storage.journal
        response = super().bulk(request)
        if self._bulk_journal is not None and response.body is not None:
            self._bulk_journal.note_operations(response.body.get("Operations", ()))
        return response

    def apply_bulk_operation(
        self, resource_type: ResourceType, operation: BulkOperation[Resource[Any]]
    ) -> Resource[Any] | None:
        if self._bulk_journal is not None and operation.method is not None:
            self.storage.journal = self._bulk_journal.of_operation(operation.method.value, operation.path or "")
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


def _plain_target(request: ScimRequest) -> Target | None:
    """What the four frequent paths act on, without trying every route; None for the others."""
    segments = request.path.split("/")
    if len(segments) not in (2, 3) or segments[0] or segments[1] not in ("Users", "Groups"):
        return None
    if len(segments) == 2:
        operation = _ON_ALL.get(request.method)
        return None if operation is None else Target(operation, endpoint=segments[1])
    operation = _ON_ONE.get(request.method)
    if operation is None or segments[2] in ("", ".search"):
        return None
    return Target(operation, endpoint=segments[1], resource_id=segments[2])


_ON_ALL = {"GET": Operation.search, "POST": Operation.create}
_ON_ONE = {
    "GET": Operation.query,
    "PUT": Operation.replace,
    "PATCH": Operation.patch,
    "DELETE": Operation.delete,
}


def _not_modified(request: ScimRequest, found: Mirrored) -> ScimResponse:
    return ScimResponse(HTTPStatus.NOT_MODIFIED, None, answers.headers_of(request.base_url, found))


def _id_of(target: Target) -> str:
    return target.resource_id or ""


def _whole_number(text: str | None, *, otherwise: int) -> int | None:
    """A paging parameter; None for what is not a plain number, which the library then refuses."""
    if text is None:
        return otherwise
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
