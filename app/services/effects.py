"""The mirror's effects: what is pushed, and what a hold kept waiting, becomes members."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from app.rules.directories import DirectoryEndpoint
from app.services import policy
from app.services.linking import WAITS_FOR_HOLD, Linking
from app.services.policy import Defaults, Policy
from app.services.unit_of_work import UnitOfWork
from app.store import directories, listings
from app.store.directories import Directory
from app.store.listings import ListedUser


def link_push(
    unit: UnitOfWork,
    directory: DirectoryEndpoint,
    user_ids: Collection[str],
    *,
    known: Mapping[str, ListedUser] | None = None,
    defaults: Defaults,
) -> Linking:
    """Tie the users that a push touches (changed, deleted, or whose groups changed) to members, who are written; links
    are left to whoever writes the users, and what the members may then be settled. Called with the organization locked,
    when the directory is active.

    `known` are those of the users who need not be read, because the push has just said how they are.
    """
    unit.flush()
    in_force_later = policy.read_later(unit.connection, directory.organization_id, defaults)
    users = list((known or {}).values())
    users += listings.users(unit.connection, directory.id, set(user_ids) - {user.id for user in users})
    linking = Linking.of(unit, directory, users)
    linking.follow_all(in_force_later())
    linking.write()
    return linking


def follow_released(unit: UnitOfWork, organization_id: str, in_force: Policy) -> None:
    """A hold has ended: addresses that waited for it follow now, where a directory decides under these settings.

    Called with the organization locked.
    """
    directory = directories.one(unit.session, organization_id, in_force.directory_id or "")
    if directory is not None:
        unit.flush()
        waiting = listings.users_waiting(unit.connection, directory.id, reason=WAITS_FOR_HOLD)
        plan_links(unit, endpoint_of(directory), waiting, in_force).write_all()


def endpoint_of(directory: Directory) -> DirectoryEndpoint:
    """The directory as a value that outlives its unit of work."""
    return DirectoryEndpoint(
        id=directory.id,
        organization_id=directory.organization_id,
        key=directory.key,
        name=directory.name,
        provider=directory.provider,
    )


def plan_links(unit: UnitOfWork, directory: DirectoryEndpoint, user_ids: Collection[str], in_force: Policy) -> Linking:
    """Who each of these users would be under these settings; nothing is written yet."""
    unit.flush()
    linking = Linking.of(unit, directory, listings.users(unit.connection, directory.id, user_ids))
    linking.follow_all(in_force)
    return linking
