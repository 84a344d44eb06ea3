"""Every table at once: importing this module makes the metadata complete, for migrations and for whoever drops or
compares.
"""

from __future__ import annotations

from app.store import (
    attempts,
    audit,
    connection_setups,
    connections,
    directories,
    events,
    expiry_notices,
    factors,
    following,
    invitations,
    jobs,
    key_pairs,
    known_browsers,
    mass_changes,
    members,
    mirror_tables,
    organization_keys,
    organizations,
    provider_sessions,
    recovery_drills,
    revisions,
    roles,
    scim_requests,
    setup_links,
    sign_ins,
    tries,
)
from app.store.database import Base

#: The modules that declare tables, so that none is forgotten.
MODULES = (
    attempts,
    audit,
    connection_setups,
    connections,
    directories,
    events,
    expiry_notices,
    factors,
    following,
    invitations,
    jobs,
    key_pairs,
    known_browsers,
    mass_changes,
    members,
    mirror_tables,
    organization_keys,
    organizations,
    provider_sessions,
    recovery_drills,
    revisions,
    roles,
    scim_requests,
    setup_links,
    sign_ins,
    tries,
)
METADATA = Base.metadata
