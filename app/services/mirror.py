"""What the mirror answers: resources found by id, looked up by name, searched, paged by index and by cursor.

Asked with a connection, not a unit of work: most requests of an identity provider only read, and a unit has a price.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy.engine import Connection

from app.rules.directories import Mirrored, MirrorPage, Position, ResourceKind
from app.rules.errors import NotFoundError
from app.services import memberships
from app.store import mirror as rows
from app.store.mirror_tables import Selection

__all__ = [
    "Selection",  # the store's, for signatures in scim/, which may not import the store
    "endpoint_exists",
    "find",
    "search",
    "search_from",
]


def endpoint_exists(connection: Connection, key: str) -> bool:
    """Whether a directory answers under this key; what may be known without a token."""
    return key.isalnum() and rows.endpoint_exists(connection, key)


def find(
    connection: Connection, directory_id: str, kind: ResourceKind, resource_id: str, *, with_references: bool = True
) -> Mirrored:
    """One resource, with its groups or members unless they are not wanted. Raises NotFoundError."""
    is_user = kind is ResourceKind.USER
    found = rows.find(connection, directory_id, kind, resource_id, with_groups=with_references and is_user)
    if found is None:
        raise NotFoundError(f"This directory has no {kind.value} with the id {resource_id}.")
    return memberships.with_references(connection, [found])[0] if with_references else found


def search(
    connection: Connection,
    directory_id: str,
    selections: Sequence[Selection],
    *,
    offset: int = 0,
    limit: int | None = None,
    descending: bool = False,
    references_of: Collection[ResourceKind] = frozenset(ResourceKind),
) -> MirrorPage:
    """One page of what the selections hold, as a single collection. Counts only when the page itself does not tell.

    Groups and members are looked up for the kinds in `references_of`.
    """
    found: tuple[Mirrored, ...] = ()
    if limit != 0:
        found = _page(
            connection, directory_id, selections, offset, limit, descending=descending, references_of=references_of
        )
    is_last_page = bool(found or (offset == 0 and limit != 0)) and (limit is None or len(found) < limit)
    total = offset + len(found) if is_last_page else rows.count(connection, directory_id, selections)
    return MirrorPage(total=total, resources=memberships.with_references(connection, found, references_of))


def _page(
    connection: Connection,
    directory_id: str,
    selections: Sequence[Selection],
    offset: int,
    limit: int | None,
    *,
    descending: bool,
    references_of: Collection[ResourceKind],
) -> tuple[Mirrored, ...]:
    """The rows of a page, by the shortest way there is."""
    only = selections[0] if len(selections) == 1 else None
    if only is not None and only.named is not None:
        with_groups = ResourceKind.USER in references_of
        found = rows.look_up(connection, directory_id, only, with_groups=with_groups)
        return found[offset:] if limit is None else found[offset : offset + limit]
    if only is not None and only.is_everything and limit is not None and not descending:
        with_groups = ResourceKind.USER in references_of
        return rows.plain_page(connection, directory_id, only.kind, offset=offset, limit=limit, with_groups=with_groups)
    return rows.page(connection, directory_id, selections, offset=offset, limit=limit, descending=descending)


def search_from(
    connection: Connection,
    directory_id: str,
    selections: Sequence[Selection],
    *,
    position: Position | None,
    limit: int,
    descending: bool = False,
    references_of: Collection[ResourceKind] = frozenset(ResourceKind),
) -> MirrorPage:
    """The page at a position (RFC 9865), the first one without, with the positions of its neighbours.

    Filtered matches are not counted: that would cost as much as finding all of them, on every page.
    """
    plain = all(selection.condition is None and selection.named is None for selection in selections)
    total = rows.count(connection, directory_id, selections) if plain else None
    if limit == 0:
        return MirrorPage(total=total)
    found = rows.slice_at(connection, directory_id, selections, position=position, limit=limit, descending=descending)
    backwards = position is not None and position.backwards
    follows = found.has_more or backwards
    precedes = found.has_more if backwards else position is not None
    return MirrorPage(
        total=total,
        resources=memberships.with_references(connection, found.found, references_of),
        next=found.last if follows else None,
        previous=replace(found.first, backwards=True) if precedes and found.first is not None else None,
    )
