"""The library's storage on the mirror: each method one call into the service, each operation one unit of work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import orjson
from scim2_models import PatchOp, Resource, ResourceType, ResponseParameters, SearchRequest
from scim2_server.conditions import Conditions
from scim2_server.storage import ScimStorage, SearchPage
from sqlalchemy.exc import IntegrityError

from app.rules.directories import DirectoryEndpoint, DirectoryGroupRecord, Mirrored, MirrorPage, ResourceKind
from app.rules.errors import ConflictError, DoorwardError
from app.services import memberships, mirror
from app.services.pushes import Push, open_push
from app.services.unit_of_work import Transactions, UnitOfWork
from scim import filters, mapping
from scim.attributes import attributes_of
from scim.groups import GroupOperation, read_members, read_patch
from scim.projection import Projection
from scim.protocol import scim_exception
from scim.provider import model_of

_ANY = Conditions()


class DirectoryStorage(ScimStorage):
    """The mirror of one directory, for one request.

    `writes` says what kind of unit of work `operation` opens; outside of `operation` every method opens its own.
    A write takes the organization's lock before it reads, so concurrent writes wait for each other, none is refused.

    Beside the library's five methods, which speak in models, stand those the handler uses, which speak in stored rows.
    """

    supports_cursors = False

    def __init__(self, transactions: Transactions, directory: DirectoryEndpoint, *, writes: bool) -> None:
        self._transactions = transactions
        self.directory = directory
        self._writes = writes
        self._unit: UnitOfWork | None = None
        self._push: Push | None = None

    @contextmanager
    def operation(self) -> Iterator[None]:
        """One unit of work: committed when the block ends, rolled back when it raises."""
        opened = self._writing() if self._writes else self._reading()
        with opened:
            yield

    @contextmanager
    def _reading(self) -> Iterator[UnitOfWork]:
        if self._unit is not None:
            yield self._unit
            return
        with _translated(), self._transactions.reading() as unit:
            self._unit = unit
            try:
                yield unit
            finally:
                self._unit = None

    @contextmanager
    def _writing(self) -> Iterator[Push]:
        if self._push is not None:
            yield self._push
            return
        with _translated(), open_push(self._transactions, self.directory) as push:
            self._push, self._unit = push, push.unit
            try:
                yield push
            finally:
                self._push = self._unit = None

    # The library's face: models in, models out.

    def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        found = self.read(resource_type, resource_id, Projection.of(response_parameters))
        return mapping.resource_of(found, resource_type)

    def search(
        self,
        resource_types: list[ResourceType],
        search_request: SearchRequest[Any],
        *,
        position: Any = None,
    ) -> SearchPage:
        page = self.page(resource_types, search_request)
        by_kind = {mapping.kind_of(one): one for one in resource_types}
        return SearchPage(page.total, [mapping.resource_of(one, by_kind[one.kind]) for one in page.resources])

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        with self._writing():
            created = self.add(resource_type, resource)
            return self.get(resource_type, created.id)

    def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        with self._writing():
            resource_id = cast(str, resource.id)
            self.put(resource_type, resource_id, resource, Conditions(if_match=expected_version))
            return self.get(resource_type, resource_id)

    def delete(self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None) -> None:
        self.remove(resource_type, resource_id, Conditions(if_match=expected_version))

    # The handler's face: stored rows out, nothing built that is not changed.

    def read(self, resource_type: ResourceType, resource_id: str, projection: Projection) -> Mirrored:
        """One resource, with its groups or members when the projection wants them."""
        kind = mapping.kind_of(resource_type)
        wanted = projection.wants_references(kind)
        with self._reading() as unit:
            return mirror.find(unit, self.directory.id, kind, resource_id, with_references=wanted)

    def page(self, resource_types: Sequence[ResourceType], request: SearchRequest[Any]) -> MirrorPage:
        """The page a validated search asks for."""
        projection = Projection.of(request)
        return self.page_of(
            [filters.selection(self.directory.id, one, request) for one in resource_types],
            offset=request.start_index_0 or 0,
            limit=request.count,
            descending=request.sort_by is not None and request.sort_order == SearchRequest.SortOrder.descending,
            projection=projection,
        )

    def page_of(
        self,
        selections: Sequence[mirror.Selection],
        *,
        offset: int,
        limit: int | None,
        descending: bool = False,
        projection: Projection,
    ) -> MirrorPage:
        """One page of what the selections hold."""
        wanted = frozenset(one.kind for one in selections if projection.wants_references(one.kind))
        with self._reading() as unit:
            return mirror.search(
                unit,
                self.directory.id,
                selections,
                offset=offset,
                limit=limit,
                descending=descending,
                references_of=wanted,
            )

    def add(self, resource_type: ResourceType, resource: Resource[Any]) -> Mirrored:
        """Create a resource."""
        with self._writing() as push:
            resource_id = push.unit.ports.randomness.uuid()
            if mapping.kind_of(resource_type) is ResourceKind.USER:
                return mirror.create_user(push, resource_id, mapping.user_record(resource, resource_id))
            record = mapping.group_record(resource, resource_id)
            return mirror.create_group(push, resource_id, record, read_members(resource))

    def put(
        self, resource_type: ResourceType, resource_id: str, resource: Resource[Any], conditions: Conditions = _ANY
    ) -> Mirrored:
        """Replace a resource. What a body does not say about `active` and `members` stays as it is."""
        kind = mapping.kind_of(resource_type)
        with self._writing() as push:
            current = self._current(push, kind, resource_id, conditions, "PUT")
            if kind is ResourceKind.USER:
                user = mirror.user_record(push.unit, push.directory.id, resource_id)
                replacement = mapping.user_record(resource, resource_id, active=user.active)
                return mirror.replace_user(push, current, replacement, user)
            group = mirror.group_record(push.unit, push.directory.id, resource_id)
            after = mapping.group_record(resource, resource_id)
            return mirror.replace_group(push, current, after, group, read_members(resource))

    def patch_user(
        self, resource_type: ResourceType, resource_id: str, patch: PatchOp[Any], conditions: Conditions = _ANY
    ) -> Mirrored:
        """Apply a validated PATCH to a user."""
        with self._writing() as push:
            current = self._current(push, ResourceKind.USER, resource_id, conditions, "PATCH")
            before = mirror.user_record(push.unit, push.directory.id, resource_id)
            resource = mapping.resource_of(current, resource_type)
            if not patch.patch(resource):
                return current
            after = mapping.user_record(resource, resource_id, active=before.active, says_active=False)
            return mirror.replace_user(push, current, after, before)

    def patch_group(
        self,
        resource_type: ResourceType,
        resource_id: str,
        operations: Sequence[GroupOperation],
        conditions: Conditions = _ANY,
    ) -> Mirrored:
        """Apply a PATCH to a group by difference; its members are not read."""
        with self._writing() as push:
            current = self._current(push, ResourceKind.GROUP, resource_id, conditions, "PATCH")
            before = mirror.group_record(push.unit, push.directory.id, resource_id)
            change = read_patch(operations, group_id=resource_id)
            after = _written(before, change.attributes, resource_type) if change.attributes else before
            return mirror.replace_group(push, current, after, before, change.members)

    def remove(self, resource_type: ResourceType, resource_id: str, conditions: Conditions = _ANY) -> None:
        """Delete a resource."""
        with self._writing() as push:
            current = self._current(push, mapping.kind_of(resource_type), resource_id, conditions, "DELETE")
            mirror.delete(push, current)

    def with_members(self, group: Mirrored, *, at_most: int) -> Mirrored | None:
        """The group with its members, or None when it has more of them."""
        with self._reading() as unit:
            if memberships.is_larger_than(unit, group.id, at_most):
                return None
            return memberships.with_references(unit, [group])[0]

    def with_references(self, resource: Mirrored) -> Mirrored:
        """The resource with its groups or members."""
        with self._reading() as unit:
            return memberships.with_references(unit, [resource])[0]

    @staticmethod
    def _current(push: Push, kind: ResourceKind, resource_id: str, conditions: Conditions, method: str) -> Mirrored:
        """What a write acts on, under the lock. A write without If-Match never gets 412; a mismatch does."""
        current = mirror.find(push.unit, push.directory.id, kind, resource_id, with_references=False)
        conditions.check(mapping.version_tag(current.version), method)
        return current


def _written(
    before: DirectoryGroupRecord, attributes: dict[str, str | None], resource_type: ResourceType
) -> DirectoryGroupRecord:
    document = {**orjson.loads(before.document), **attributes}
    kept = {name: value for name, value in document.items() if value is not None}
    return mapping.group_record_of(kept, attributes_of(model_of(resource_type)))


@contextmanager
def _translated() -> Iterator[None]:
    """What the service says, in the library's exceptions."""
    try:
        yield
    except DoorwardError as error:
        raise scim_exception(error) from error
    except IntegrityError as error:
        # The lock makes this unreachable by pushes; two uniqueness rules of the database stand behind it all the same.
        conflict = ConflictError("Another resource of this directory already has one of these values.")
        raise scim_exception(conflict) from error
