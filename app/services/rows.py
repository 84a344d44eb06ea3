"""The store's rows under names that wire code, which may not import the store, can put into its signatures."""

from __future__ import annotations

from app.store.connection_setups import ConnectionSetup
from app.store.connections import Connection
from app.store.directories import Directory, DirectoryToken
from app.store.events import Event
from app.store.figures import Enrollment
from app.store.invitations import Invitation
from app.store.mass_changes import MassChange, PersonRow
from app.store.members import Member
from app.store.mirror_tables import DirectoryGroup, DirectoryUser
from app.store.organization_keys import OrganizationKey
from app.store.organizations import Domain, Organization
from app.store.revisions import RevisionTerm
from app.store.roles import Role, RoleMapping
from app.store.setup_links import SetupLink
from app.store.sign_ins import SignInSession

__all__ = [
    "Connection",
    "ConnectionSetup",
    "Directory",
    "DirectoryGroup",
    "DirectoryToken",
    "DirectoryUser",
    "Domain",
    "Enrollment",
    "Event",
    "Invitation",
    "MassChange",
    "Member",
    "Organization",
    "OrganizationKey",
    "PersonRow",
    "RevisionTerm",
    "Role",
    "RoleMapping",
    "SetupLink",
    "SignInSession",
]
