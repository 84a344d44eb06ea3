"""Every event there is: a stable tag, what its subject is, and one sentence of documentation."""

from __future__ import annotations

from enum import StrEnum


class EventType(StrEnum):
    ORGANIZATION_CREATED = "organization.created"
    ORGANIZATION_DEFAULT_ROLE_CHANGED = "organization.default_role_changed"
    ROLE_CREATED = "role.created"
    ROLE_UPDATED = "role.updated"
    ROLE_DELETED = "role.deleted"
    ROLES_REORDERED = "roles.reordered"
    DOMAIN_VERIFIED = "domain.verified"
    DOMAIN_FAILED = "domain.failed"
    DOMAIN_RECORD_MISSING = "domain.record_missing"
    DOMAIN_REMOVED = "domain.removed"
    CONNECTION_ACTIVATED = "connection.activated"
    CONNECTION_DEACTIVATED = "connection.deactivated"
    DIRECTORY_ACTIVATED = "directory.activated"
    DIRECTORY_DEACTIVATED = "directory.deactivated"
    DIRECTORY_DELETED = "directory.deleted"
    MEMBER_CREATED = "member.created"
    MEMBER_LINKED = "member.linked"
    MEMBER_UPDATED = "member.updated"
    MEMBER_ACTIVATED = "member.activated"
    MEMBER_DEACTIVATED = "member.deactivated"
    MEMBER_SUSPENDED = "member.suspended"
    MEMBER_RESTORED = "member.restored"
    MEMBER_REMOVED = "member.removed"
    MEMBER_ROLE_CHANGED = "member.role_changed"
    MEMBER_SIGNED_IN = "member.signed_in"
    ADMIN_HELD = "admin.held"
    ADMIN_RELEASED = "admin.released"
    KEY_CREATED = "key.created"
    KEY_REVOKED = "key.revoked"
    RECOVERY_CODES_CREATED = "recovery_codes.created"
    RECOVERY_USED = "recovery.used"


DESCRIPTIONS: dict[EventType, str] = {
    EventType.ORGANIZATION_CREATED: "An organization was made, with its first administrator.",
    EventType.ORGANIZATION_DEFAULT_ROLE_CHANGED: "Whoever has no other role has another default role from now on.",
    EventType.ROLE_CREATED: "A role was added.",
    EventType.ROLE_UPDATED: "A role got another name or priority.",
    EventType.ROLE_DELETED: "A role was deleted, with the mappings to it and the grants of it.",
    EventType.ROLES_REORDERED: "The organization's roles have another order.",
    EventType.DOMAIN_VERIFIED: "A domain of the organization counts as verified.",
    EventType.DOMAIN_FAILED: "A domain was not verified within 30 days.",
    EventType.DOMAIN_RECORD_MISSING: "The DNS record of a verified domain is gone; the domain stays verified.",
    EventType.DOMAIN_REMOVED: "A domain was removed.",
    EventType.CONNECTION_ACTIVATED: "Single sign-on through this connection is required from now on.",
    EventType.CONNECTION_DEACTIVATED: "Single sign-on was turned off.",
    EventType.DIRECTORY_ACTIVATED: "Membership and roles follow this directory from now on.",
    EventType.DIRECTORY_DEACTIVATED: "The directory no longer has effects.",
    EventType.DIRECTORY_DELETED: "The directory was deleted; its endpoint answers 404.",
    EventType.MEMBER_CREATED: "Someone became a member.",
    EventType.MEMBER_LINKED: "An existing member is managed by the directory from now on.",
    EventType.MEMBER_UPDATED: "A member's name or address changed.",
    EventType.MEMBER_ACTIVATED: "A deactivated member is active again.",
    EventType.MEMBER_DEACTIVATED: "A member was deactivated; their sessions ended.",
    EventType.MEMBER_SUSPENDED: "A member was suspended by hand; their sessions ended.",
    EventType.MEMBER_RESTORED: "A suspension was lifted.",
    EventType.MEMBER_REMOVED: "A member was removed by hand.",
    EventType.MEMBER_ROLE_CHANGED: "A member's effective role changed.",
    EventType.MEMBER_SIGNED_IN: "A member signed in.",
    EventType.ADMIN_HELD: "A push would have taken the last usable administrator; the role is held.",
    EventType.ADMIN_RELEASED: "A held role was released and the pushed state applies.",
    EventType.KEY_CREATED: "A key of the organization was made: a program may act with it from now on.",
    EventType.KEY_REVOKED: "A key of the organization opens nothing any more.",
    EventType.RECOVERY_CODES_CREATED: "A new set of recovery codes replaced the old one.",
    EventType.RECOVERY_USED: "Someone came in by recovery.",
}
