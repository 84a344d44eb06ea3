"""The library's storage on the mirror: each method one call into the service, each operation one unit of work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any, cast

import orjson
from scim2_models import PatchOp, Resource, ResourceType, ResponseParameters, SCIMException, SearchRequest
from scim2_server.conditions import Conditions
from scim2_server.storage import ScimStorage, SearchPage
from sqlalchemy.engine import Connection

from app.rules.directories import (
    DirectoryEndpoint,
    DirectoryGroupRecord,
    DirectoryUserRecord,
    MembershipChange,
    Mirrored,
    MirrorPage,
    Position,
    PushedUser,
    ResourceKind,
)
from app.rules.errors import DoorwardError
from app.services import memberships, mirror, mirroring
from app.services.pushes import Push, open_push
from app.services.unit_of_work import Transactions
from scim import filters, mapping
from scim.attributes import attributes_of
from scim.changes import DELETED, group_changes, user_changes
from scim.groups import GroupOperation, read_members, read_patch
from scim.plain import Document, PlainPatch, in_order
from scim.projection import Projection
from scim.protocol import scim_exception
from scim.provider import model_of
from scim.recording import Journal

_ANY = Conditions()


class DirectoryStorage(ScimStorage):
    """The mirror of one directory, for one request.

    `writes` says what `operation` opens: a push, or nothing but a connection to look with, which may be given. Outside
    of `operation` every method opens its own. A write takes the organization's lock before it reads, so concurrent
    writes wait for each other, none is refused.

    Beside the library's five methods, which speak in models, stand those the handler uses, which speak in stored rows.
    """

    supports_cursors = True

    def __init__(
        self,
        transactions: Transactions,
        directory: DirectoryEndpoint | None,
        *,
        writes: bool = False,
        connection: Connection | None = None,
        journal: Journal | None = None,
        token_id: str | None = None,
    ) -> None:
        self._transactions = transactions
        self._directory = directory
        self._token_id = token_id
        self._writes = writes
        self._connection = connection
        self._push: Push | None = None
        self.journal = journal

    @property
    def directory(self) -> DirectoryEndpoint:
        """Whose mirror it is. A storage of no directory serves documents that are about none."""
        assert self._directory is not None
        return self._directory

    @contextmanager
    def operation(self) -> Iterator[None]:
        """One unit of work: committed when the block ends, rolled back when it raises."""
        if self._writes:
            with self._writing():
                yield
        else:
            with self._reading():
                yield

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        if self._connection is not None:
            with _translated():
                if self._push is not None:
                    self._push.insert_new()
                yield self._connection
            return
        with _translated(), self._transactions.looking() as connection:
            self._connection = connection
            try:
                yield connection
            finally:
                self._connection = None

    @contextmanager
    def _writing(self) -> Iterator[Push]:
        if self._push is not None:
            yield self._push
            return
        if self.journal is not None:
            self.journal.prepare()
        with (
            _translated(),
            open_push(self._transactions, self.directory, token_id=self._token_id, last=self._record) as push,
        ):
            self._push, self._connection = push, push.unit.connection
            try:
                yield push
            finally:
                self._push = self._connection = None
        if self.journal is not None:
            self.journal.is_written = True  # with the commit, not before

    def _record(self, push: Push) -> None:
        """The last statement of a push: its record. Of a bulk request every operation has a journal of its own, which
        is there only once the operation is known.
        """
        if self.journal is not None:
            self.journal.write(push)

    # The library's face: models in, models out. The handler asks for stored rows instead; this side is there because
    # the library's contract of a storage is written, and tested, against it.

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
        page = self.page(resource_types, search_request, _position_of(position))
        page = self.with_members_of(page, Projection.of(search_request))
        by_kind = {mapping.kind_of(one): one for one in resource_types}
        resources = [mapping.resource_of(one, by_kind[one.kind]) for one in page.resources]
        return SearchPage(
            page.total,
            resources,
            next=page.next and asdict(page.next),
            previous=page.previous and asdict(page.previous),
        )

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
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
        with self._reading() as connection:
            return mirror.find(connection, self.directory.id, kind, resource_id, with_references=wanted)

    def page(
        self, resource_types: Sequence[ResourceType], request: SearchRequest[Any], position: Position | None = None
    ) -> MirrorPage:
        """The page a validated search asks for: by cursor when it has one, which is empty once it was opened."""
        projection = Projection.of(request)
        selections = [filters.selection(self.directory.id, one, request) for one in resource_types]
        descending = request.sort_by is not None and request.sort_order == SearchRequest.SortOrder.descending
        if request.cursor is None:
            return self.page_of(
                selections,
                offset=request.start_index_0 or 0,
                limit=request.count,
                descending=descending,
                projection=projection,
            )
        with self._reading() as connection:
            return mirror.search_from(
                connection,
                self.directory.id,
                selections,
                position=position,
                limit=request.count or 0,
                descending=descending,
                references_of=_wanted(projection),
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
        with self._reading() as connection:
            return mirror.search(
                connection,
                self.directory.id,
                selections,
                offset=offset,
                limit=limit,
                descending=descending,
                references_of=_wanted(projection),
            )

    def add(self, resource_type: ResourceType, resource: Resource[Any] | Document) -> Mirrored:
        """Create a resource."""
        with self._writing() as push:
            resource_id = push.unit.ports.randomness.uuid()
            if mapping.kind_of(resource_type) is ResourceKind.USER:
                user = self._user_record(resource_type, resource, resource_id, active=True)
                created = mirroring.create_user(push, resource_id, user)
                self._note(created, user_changes(None, user))
                return created
            body = cast(Resource[Any], resource)
            group = mapping.group_record(body, resource_id)
            created = mirroring.create_group(push, resource_id, group, read_members(body))
            self._note(created, group_changes(None, group, push.members))
            return created

    def put(
        self,
        resource_type: ResourceType,
        resource_id: str,
        resource: Resource[Any] | Document,
        conditions: Conditions = _ANY,
    ) -> Mirrored:
        """Replace a resource. What a body does not say about `active` and `members` stays as it is."""
        with self._writing() as push:
            if mapping.kind_of(resource_type) is ResourceKind.USER:
                user = mirroring.user(push, resource_id)
                _check(push, conditions, user.answered, "PUT")
                replacement = self._user_record(resource_type, resource, resource_id, active=user.record.active)
                return self._replaced_user(push, user, replacement)
            current, group = mirroring.group(push, resource_id)
            _check(push, conditions, current, "PUT")
            body = cast(Resource[Any], resource)
            after = mapping.group_record(body, resource_id)
            return self._replaced_group(push, current, after, group, read_members(body))

    def patch_user(
        self,
        resource_type: ResourceType,
        resource_id: str,
        patch: PatchOp[Any] | PlainPatch | None,
        conditions: Conditions = _ANY,
    ) -> Mirrored:
        """Apply a validated PATCH to a user; None changes nothing."""
        with self._writing() as push:
            user = mirroring.user(push, resource_id)
            current, active = user.answered, user.record.active
            _check(push, conditions, current, "PATCH")
            self._note(current, {})
            if patch is None:
                return current
            if isinstance(patch, PlainPatch):
                document = patch.apply(orjson.loads(current.document))
                after = mapping.user_record_of(document, model_of(resource_type), active=active)
                return self._replaced_user(push, user, after)
            resource = mapping.resource_of(current, resource_type)
            if not patch.patch(resource):
                return current
            after = mapping.user_record(resource, resource_id, active=active, says_active=False)
            return self._replaced_user(push, user, after)

    def patch_group(
        self,
        resource_type: ResourceType,
        resource_id: str,
        operations: Sequence[GroupOperation],
        conditions: Conditions = _ANY,
    ) -> Mirrored:
        """Apply a PATCH to a group by difference; its members are not read."""
        with self._writing() as push:
            current, before = mirroring.group(push, resource_id)
            _check(push, conditions, current, "PATCH")
            change = read_patch(operations, group_id=resource_id)
            after = _written(before, change.attributes, resource_type) if change.attributes else before
            return self._replaced_group(push, current, after, before, change.members)

    def remove(self, resource_type: ResourceType, resource_id: str, conditions: Conditions = _ANY) -> None:
        """Delete a resource."""
        kind = mapping.kind_of(resource_type)
        with self._writing() as push:
            current = mirror.find(push.unit.connection, push.directory.id, kind, resource_id, with_references=False)
            _check(push, conditions, current, "DELETE")
            mirroring.delete(push, current)
            self._note(current, DELETED)

    @staticmethod
    def _user_record(
        resource_type: ResourceType, resource: Resource[Any] | Document, resource_id: str, *, active: bool
    ) -> DirectoryUserRecord:
        """A pushed user as the mirror keeps it; `active` where the body is silent about it."""
        if isinstance(resource, dict):
            document = in_order({"active": active, **resource, "id": resource_id})
            return mapping.user_record_of(document, model_of(resource_type), active=active)
        return mapping.user_record(resource, resource_id, active=active)

    def _replaced_user(self, push: Push, user: PushedUser, after: DirectoryUserRecord) -> Mirrored:
        replaced = mirroring.replace_user(push, user, after)
        self._note(replaced, user_changes(user.record, after))
        return replaced

    def _replaced_group(
        self,
        push: Push,
        current: Mirrored,
        after: DirectoryGroupRecord,
        before: DirectoryGroupRecord,
        change: MembershipChange,
    ) -> Mirrored:
        replaced = mirroring.replace_group(push, current, after, before, change)
        self._note(replaced, group_changes(before, after, push.members))
        return replaced

    def _note(self, resource: Mirrored, changes: Mapping[str, Any]) -> None:
        if self.journal is not None:
            self.journal.note(resource.kind, resource.id, changes)

    def with_members(self, group: Mirrored, *, at_most: int) -> Mirrored | None:
        """The group with its members, or None when it has more of them."""
        with self._reading() as connection:
            return memberships.with_members(connection, group, at_most=at_most)

    def with_references(self, resource: Mirrored) -> Mirrored:
        """The resource with its groups or members."""
        with self._reading() as connection:
            return memberships.with_references(connection, [resource])[0]

    def streamed_members_of(
        self, page: MirrorPage, projection: Projection, *, at_most: int
    ) -> Iterator[Iterator[Sequence[str]]] | None:
        """Members of the groups of a page, as `streamed_members`, when there are more than `at_most` to be answered;
        None when they may be read at once.
        """
        groups = [one.id for one in page.resources if one.kind is ResourceKind.GROUP]
        if len(groups) < len(page.resources) or not groups or projection != Projection():
            return None
        with self._reading() as connection:
            return self.streamed_members(groups) if memberships.are_more_than(connection, groups, at_most) else None

    def with_members_of(self, page: MirrorPage, projection: Projection) -> MirrorPage:
        """The page with the groups or members of its resources, where the projection wants them."""
        kinds = frozenset(kind for kind in ResourceKind if projection.wants_references(kind))
        with self._reading() as connection:
            return replace(page, resources=memberships.with_references(connection, page.resources, kinds))

    def streamed_members(self, group_ids: Sequence[str]) -> Iterator[Iterator[Sequence[str]]]:
        """For each group its members in runs, all of one moment; to be read in order, or closed."""
        with self._transactions.reading() as unit:
            for group_id in group_ids:
                yield memberships.stream_members(unit.connection, group_id)


def _wanted(projection: Projection) -> frozenset[ResourceKind]:
    """What is read along with a page: the groups of users. Members are read apart, because they may be many."""
    return frozenset({ResourceKind.USER}) if projection.wants_references(ResourceKind.USER) else frozenset()


def _check(push: Push, conditions: Conditions, current: Mirrored, method: str) -> None:
    """Under the lock: a write without If-Match never gets 412; a mismatch does, unless nothing may be told any more."""
    try:
        conditions.check(mapping.version_tag(current.version), method)
    except SCIMException:
        push.locked()
        raise


def _position_of(position: Any) -> Position | None:
    """A position as a cursor carried it."""
    return None if position is None else Position(**position)


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
