"""Every event there is: a stable tag, what its subject is, what it says, and one sentence of documentation."""

from __future__ import annotations

from enum import StrEnum

from app.rules.event_data import FLAG, NUMBER, TEXT, Field, Id, Record, Statement, Texts
from app.rules.ids import Prefix


class EventType(StrEnum):
    ORGANIZATION_CREATED = "organization.created"
    ORGANIZATION_UPDATED = "organization.updated"
    ORGANIZATION_MFA_REQUIRED = "organization.mfa_required"
    ORGANIZATION_MFA_RELEASED = "organization.mfa_released"
    ORGANIZATION_DEFAULT_ROLE_CHANGED = "organization.default_role_changed"
    ROLE_CREATED = "role.created"
    ROLE_UPDATED = "role.updated"
    ROLE_DELETED = "role.deleted"
    ROLES_REORDERED = "roles.reordered"
    ROLE_MAPPING_CREATED = "role_mapping.created"
    ROLE_MAPPING_DELETED = "role_mapping.deleted"
    DOMAIN_CLAIMED = "domain.claimed"
    DOMAIN_VERIFIED = "domain.verified"
    DOMAIN_FAILED = "domain.failed"
    DOMAIN_RECORD_MISSING = "domain.record_missing"
    DOMAIN_REMOVED = "domain.removed"
    CONNECTION_CREATED = "connection.created"
    CONNECTION_UPDATED = "connection.updated"
    CONNECTION_ACTIVATED = "connection.activated"
    CONNECTION_DEACTIVATED = "connection.deactivated"
    CONNECTION_REVISION_APPLIED = "connection.revision_applied"
    CONNECTION_REVISION_RESTORED = "connection.revision_restored"
    CONNECTION_REVISION_DISCARDED = "connection.revision_discarded"
    CONNECTION_METADATA_CHANGED = "connection.metadata_changed"
    CONNECTION_METADATA_FAILED = "connection.metadata_failed"
    CONNECTION_METADATA_RECOVERED = "connection.metadata_recovered"
    CONNECTION_EXPIRY_WARNED = "connection.expiry_warned"
    CONNECTION_DELETED = "connection.deleted"
    DIRECTORY_CREATED = "directory.created"
    DIRECTORY_UPDATED = "directory.updated"
    DIRECTORY_TOKEN_CREATED = "directory.token_created"  # noqa: S105 (a tag, not a token)
    DIRECTORY_TOKEN_REVOKED = "directory.token_revoked"  # noqa: S105 (the same)
    DIRECTORY_ACTIVATED = "directory.activated"
    DIRECTORY_DEACTIVATED = "directory.deactivated"
    DIRECTORY_DELETED = "directory.deleted"
    DIRECTORY_MASS_CHANGE_DETECTED = "directory.mass_change_detected"
    DIRECTORY_MASS_CHANGE_DISMISSED = "directory.mass_change_dismissed"
    MEMBER_CREATED = "member.created"
    MEMBER_LINKED = "member.linked"
    MEMBER_IDENTITY_LINKED = "member.identity_linked"
    MEMBER_UPDATED = "member.updated"
    MEMBER_ACTIVATED = "member.activated"
    MEMBER_DEACTIVATED = "member.deactivated"
    MEMBER_SUSPENDED = "member.suspended"
    MEMBER_RESTORED = "member.restored"
    MEMBER_REMOVED = "member.removed"
    MEMBER_ROLE_CHANGED = "member.role_changed"
    MEMBER_FACTOR_ENROLLED = "member.factor_enrolled"
    MEMBER_FACTOR_RESET = "member.factor_reset"
    MEMBER_FACTOR_LOCKED = "member.factor_locked"
    MEMBER_BACKUP_CODES_CREATED = "member.backup_codes_created"
    MEMBER_BACKUP_CODE_USED = "member.backup_code_used"
    MEMBER_SIGNED_IN = "member.signed_in"
    INVITATION_CREATED = "invitation.created"
    INVITATION_SENT_AGAIN = "invitation.sent_again"
    INVITATION_REVOKED = "invitation.revoked"
    INVITATION_ACCEPTED = "invitation.accepted"
    INVITATION_SUPERSEDED = "invitation.superseded"
    SETUP_LINK_CREATED = "setup_link.created"
    SETUP_LINK_USED = "setup_link.used"
    SETUP_LINK_REVOKED = "setup_link.revoked"
    MEMBER_SESSIONS_ENDED = "member.sessions_ended"
    SESSION_ENDED = "session.ended"
    ADMIN_HELD = "admin.held"
    ADMIN_RELEASED = "admin.released"
    KEY_CREATED = "key.created"
    KEY_REVOKED = "key.revoked"
    KEY_PAIR_ADDED = "key_pair.added"
    KEY_PAIR_SIGNS = "key_pair.signs"
    KEY_PAIR_RETIRED = "key_pair.retired"
    RECOVERY_CODES_CREATED = "recovery_codes.created"
    RECOVERY_CODES_CONFIRMED = "recovery_codes.confirmed"
    RECOVERY_LINK_MADE = "recovery.link_made"
    RECOVERY_USED = "recovery.used"


_HOST = (Field("host", TEXT, "The email host."),)
_ROLE = (
    Field("slug", TEXT, "What the role is known by; it never changes."),
    Field("name", TEXT, "What people call it."),
    Field("priority", NUMBER, "Of several mapped roles, the one with the highest counts."),
)
_MAPPING = (
    Field("source", TEXT, "`directory` or `sign_in`: where the group comes from."),
    Field("group", TEXT, "The SCIM id of a directory's group, or the value that a sign-in sends."),
    Field("role", TEXT, "The slug of the role."),
)
_SETTINGS = Record(
    (
        Field("name", TEXT),
        Field("guests", TEXT),
        Field("jit", FLAG),
        Field("default_role", TEXT),
        Field("session_idle_minutes", NUMBER),
        Field("session_hours", NUMBER),
    ),
)
_DIRECTORY = (Field("name", TEXT, "Its name."), Field("provider", TEXT, "Whose dialect it is spoken to in."))
_SCOPE = (Field("scope", TEXT, "What it is for: `sso` or `directory`."),)
_REPLACED = (
    Field("before", Id(Prefix.REVISION), "The settings that were in force."),
    Field("after", Id(Prefix.REVISION), "Those that are."),
)
_TOKEN = (Field("token", Id(Prefix.TOKEN), "Which token; never the token itself."),)

STATEMENTS: dict[EventType, Statement] = {
    EventType.ORGANIZATION_CREATED: Statement(
        "An organization was made, with its first administrator.", Prefix.ORGANIZATION
    ),
    EventType.ORGANIZATION_UPDATED: Statement(
        "Settings of the organization have other values.",
        Prefix.ORGANIZATION,
        (Field("before", _SETTINGS, "How they were."), Field("after", _SETTINGS, "How they are.")),
    ),
    EventType.ORGANIZATION_MFA_REQUIRED: Statement(
        "Everyone who does not come through an identity provider needs a second factor from their next sign-in on.",
        Prefix.ORGANIZATION,
    ),
    EventType.ORGANIZATION_MFA_RELEASED: Statement(
        "A second factor is no longer required; whoever has one is asked for it as before.", Prefix.ORGANIZATION
    ),
    EventType.ORGANIZATION_DEFAULT_ROLE_CHANGED: Statement(
        "Whoever has no other role has another default role from now on.",
        Prefix.ORGANIZATION,
        (Field("before", TEXT, "The slug of the earlier role."), Field("after", TEXT, "The slug of the new one.")),
    ),
    EventType.ROLE_CREATED: Statement("A role was added.", Prefix.ROLE, _ROLE),
    EventType.ROLE_UPDATED: Statement(
        "A role got another name or priority.",
        Prefix.ROLE,
        (Field("before", Record(_ROLE), "How it was."), Field("after", Record(_ROLE), "How it is.")),
    ),
    EventType.ROLE_DELETED: Statement(
        "A role was deleted, with the mappings to it and the grants of it.", Prefix.ROLE, _ROLE
    ),
    EventType.ROLES_REORDERED: Statement(
        "The organization's roles have another order.",
        Prefix.ORGANIZATION,
        (
            Field("before", Texts(), "The slugs as they stood, highest first."),
            Field("after", Texts(), "The slugs as they stand."),
        ),
    ),
    EventType.ROLE_MAPPING_CREATED: Statement("A group gives a role from now on.", Prefix.MAPPING, _MAPPING),
    EventType.ROLE_MAPPING_DELETED: Statement("A group no longer gives a role.", Prefix.MAPPING, _MAPPING),
    EventType.DOMAIN_CLAIMED: Statement(
        "A domain was added; nothing counts until it is verified.", Prefix.DOMAIN, _HOST
    ),
    EventType.DOMAIN_VERIFIED: Statement("A domain of the organization counts as verified.", Prefix.DOMAIN, _HOST),
    EventType.DOMAIN_FAILED: Statement("A domain was not verified within 30 days.", Prefix.DOMAIN, _HOST),
    EventType.DOMAIN_RECORD_MISSING: Statement(
        "The DNS record of a verified domain is gone; the domain stays verified.", Prefix.DOMAIN, _HOST
    ),
    EventType.DOMAIN_REMOVED: Statement("A domain was removed.", Prefix.DOMAIN, _HOST),
    EventType.CONNECTION_CREATED: Statement(
        "A connection to an identity provider was added; it is not in force yet.",
        Prefix.CONNECTION,
        (Field("protocol", TEXT, "`saml` or `oidc`."), Field("name", TEXT, "Its name.")),
    ),
    EventType.CONNECTION_UPDATED: Statement(
        "A connection was renamed, or has new settings that are not in force before they are activated.",
        Prefix.CONNECTION,
        (
            Field("name", TEXT, "Its name."),
            Field("revision", Id(Prefix.REVISION), "The latest settings."),
        ),
    ),
    EventType.CONNECTION_ACTIVATED: Statement(
        "Single sign-on through this connection is required from now on; sessions opened otherwise ended.",
        Prefix.CONNECTION,
    ),
    EventType.CONNECTION_DEACTIVATED: Statement(
        "Single sign-on through this connection was turned off, and sessions opened through it ended. Where another one"
        " took its place, that one's connection.activated follows at once.",
        Prefix.CONNECTION,
    ),
    EventType.CONNECTION_REVISION_APPLIED: Statement(
        "People sign in through other settings of the active connection from now on; sessions stay.",
        Prefix.CONNECTION,
        _REPLACED,
    ),
    EventType.CONNECTION_REVISION_RESTORED: Statement(
        "People sign in through the previous settings of the active connection again; sessions stay.",
        Prefix.CONNECTION,
        _REPLACED,
    ),
    EventType.CONNECTION_REVISION_DISCARDED: Statement(
        "Settings that waited to replace those in force were dropped.",
        Prefix.CONNECTION,
        (Field("revision", Id(Prefix.REVISION), "Which settings."),),
    ),
    EventType.CONNECTION_METADATA_CHANGED: Statement(
        "The metadata that an active connection follows says something else than before. Certificates that appeared "
        "are trusted from now on; another sign-on URL, and the end of certificates that stand in the settings, wait "
        "for somebody to take them over.",
        Prefix.CONNECTION,
        (
            Field("appeared", Texts(), "The SHA-256 fingerprints of new certificates."),
            Field("vanished", Texts(), "Those of certificates that are gone from it."),
            Field("sso_url", TEXT, "The sign-on URL, where it is another one.", optional=True),
        ),
    ),
    EventType.CONNECTION_METADATA_FAILED: Statement(
        "The metadata that an active connection follows can no longer be read; what it last said stays in force. Told "
        "when it begins.",
        Prefix.CONNECTION,
        (Field("reason", TEXT, "Why, as a sentence."),),
    ),
    EventType.CONNECTION_METADATA_RECOVERED: Statement(
        "The metadata that an active connection follows can be read again.", Prefix.CONNECTION
    ),
    EventType.CONNECTION_EXPIRY_WARNED: Statement(
        "A certificate or client secret on which the active connection relies ends soon or has ended; where several "
        "stand in for each other, the last of them. Told 90, 60, 30, 7 and 1 days before the end, at the end, and each "
        "day after it.",
        Prefix.CONNECTION,
        (
            Field("what", TEXT, "`signing_certificate`, `client_secret` or `own_certificate`."),
            Field("at", TEXT, "When it ends (RFC 3339, UTC)."),
            Field(
                "days",
                NUMBER,
                "Days until the end at which this is told; from the end on 0, then minus the days since.",
            ),
        ),
    ),
    EventType.CONNECTION_DELETED: Statement(
        "A connection was deleted.", Prefix.CONNECTION, (Field("name", TEXT, "What it was called."),)
    ),
    EventType.DIRECTORY_CREATED: Statement(
        "A directory was added; it has no effect until it is activated.", Prefix.DIRECTORY, _DIRECTORY
    ),
    EventType.DIRECTORY_UPDATED: Statement(
        "A directory was renamed, or is spoken to in another dialect.", Prefix.DIRECTORY, _DIRECTORY
    ),
    EventType.DIRECTORY_TOKEN_CREATED: Statement("A token of the directory was made.", Prefix.DIRECTORY, _TOKEN),
    EventType.DIRECTORY_TOKEN_REVOKED: Statement("A token of the directory was revoked.", Prefix.DIRECTORY, _TOKEN),
    EventType.DIRECTORY_ACTIVATED: Statement(
        "Membership and roles follow this directory from now on.", Prefix.DIRECTORY
    ),
    EventType.DIRECTORY_DEACTIVATED: Statement("The directory no longer has effects.", Prefix.DIRECTORY),
    EventType.DIRECTORY_DELETED: Statement("The directory was deleted; its endpoint answers 404.", Prefix.DIRECTORY),
    EventType.DIRECTORY_MASS_CHANGE_DETECTED: Statement(
        "The directory has deactivated or demoted many people within ten minutes. Once for each burst of that; every "
        "person is told of in an event of their own.",
        Prefix.DIRECTORY,
        (
            Field("alarm", Id(Prefix.ALARM), "The alarm, which lists the people."),
            Field("people", NUMBER, "How many people it was until now."),
            Field("managed", NUMBER, "How many active people the directory managed before."),
        ),
    ),
    EventType.DIRECTORY_MASS_CHANGE_DISMISSED: Statement(
        "An administrator has dismissed the alarm.", Prefix.DIRECTORY, (Field("alarm", Id(Prefix.ALARM), "Which one."),)
    ),
    EventType.MEMBER_CREATED: Statement(
        "Someone became a member.",
        Prefix.MEMBER,
        (
            Field("directory", Id(Prefix.DIRECTORY), "The directory that brought them.", optional=True),
            Field("invitation", Id(Prefix.INVITATION), "The invitation that they accepted.", optional=True),
        ),
    ),
    EventType.MEMBER_LINKED: Statement(
        "An existing member is managed by the directory from now on.",
        Prefix.MEMBER,
        (Field("directory", Id(Prefix.DIRECTORY), "Which directory."),),
    ),
    EventType.MEMBER_IDENTITY_LINKED: Statement(
        "A member came in through a connection for the first time; its identity is theirs from now on.",
        Prefix.MEMBER,
        (Field("connection", Id(Prefix.CONNECTION), "Which connection."),),
    ),
    EventType.MEMBER_UPDATED: Statement(
        "A member's name or address changed.",
        Prefix.MEMBER,
        (
            Field("name", TEXT, "The new name.", optional=True),
            Field(
                "email",
                Record((Field("before", TEXT), Field("after", TEXT))),
                "The addresses; their sessions ended.",
                optional=True,
            ),
        ),
    ),
    EventType.MEMBER_ACTIVATED: Statement("A deactivated member is active again.", Prefix.MEMBER),
    EventType.MEMBER_DEACTIVATED: Statement("A member was deactivated; their sessions ended.", Prefix.MEMBER),
    EventType.MEMBER_SUSPENDED: Statement("A member was suspended by hand; their sessions ended.", Prefix.MEMBER),
    EventType.MEMBER_RESTORED: Statement("A suspension was lifted.", Prefix.MEMBER),
    EventType.MEMBER_REMOVED: Statement(
        "A member was removed; their sessions ended.",
        Prefix.MEMBER,
        (
            Field(
                "reason",
                TEXT,
                "`claimed_by_owner_of_host`: they were a guest, and the organization that has verified their host "
                "manages this address now. Left out where they were removed by hand.",
                optional=True,
            ),
        ),
    ),
    EventType.MEMBER_ROLE_CHANGED: Statement(
        "A member's effective role changed.",
        Prefix.MEMBER,
        (
            Field("before", TEXT, "The slug of the earlier role."),
            Field("after", TEXT, "The slug of the new one."),
            Field("source", TEXT, "Where the new one comes from: `mapped`, `granted`, `default` or `held`."),
        ),
    ),
    EventType.MEMBER_FACTOR_ENROLLED: Statement(
        "A member has set up an authenticator app, in the place of an earlier one where there was one; their other "
        "sessions ended.",
        Prefix.MEMBER,
        (Field("factor", Id(Prefix.FACTOR), "Which one."),),
    ),
    EventType.MEMBER_FACTOR_RESET: Statement(
        "A member's authenticator app was taken away, with its backup codes; their sessions ended.",
        Prefix.MEMBER,
        (Field("factor", Id(Prefix.FACTOR), "Which one."),),
    ),
    EventType.MEMBER_FACTOR_LOCKED: Statement(
        "Too many wrong codes of a member's authenticator app: none is looked at for a while.",
        Prefix.MEMBER,
        (
            Field("factor", Id(Prefix.FACTOR), "Which one."),
            Field("seconds", NUMBER, "For how long."),
        ),
    ),
    EventType.MEMBER_BACKUP_CODES_CREATED: Statement(
        "A member has a new set of backup codes; the old ones are void.", Prefix.MEMBER
    ),
    EventType.MEMBER_BACKUP_CODE_USED: Statement(
        "A member came in with a backup code in the place of their authenticator app.",
        Prefix.MEMBER,
        (Field("left", NUMBER, "How many are left."),),
    ),
    EventType.MEMBER_SIGNED_IN: Statement("A member signed in.", Prefix.MEMBER),
    EventType.INVITATION_CREATED: Statement(
        "Somebody was asked to become a member.",
        Prefix.INVITATION,
        (Field("role", TEXT, "The slug of the role they are to have."),),
    ),
    EventType.INVITATION_SENT_AGAIN: Statement(
        "An invitation was mailed again, for another week; the earlier link is void.", Prefix.INVITATION
    ),
    EventType.INVITATION_REVOKED: Statement("An invitation can no longer be accepted.", Prefix.INVITATION),
    EventType.INVITATION_ACCEPTED: Statement(
        "Whoever was invited is a member.",
        Prefix.INVITATION,
        (
            Field("member", Id(Prefix.MEMBER), "Who they are."),
            Field("role", TEXT, "The slug of the role they have; not `admin` where the inviter is none any more."),
        ),
    ),
    EventType.INVITATION_SUPERSEDED: Statement(
        "An invitation was closed, because its person became a member otherwise.", Prefix.INVITATION
    ),
    EventType.SETUP_LINK_CREATED: Statement(
        "A setup link was made: whoever has it may set up a part of the organization, for a week.", Prefix.LINK, _SCOPE
    ),
    EventType.SETUP_LINK_USED: Statement("Somebody opened a setup link.", Prefix.LINK, _SCOPE),
    EventType.SETUP_LINK_REVOKED: Statement(
        "A setup link opens nothing any more; its sessions ended.",
        Prefix.LINK,
        (
            Field(
                "reason",
                TEXT,
                "`revoked` by somebody, or `orphaned`: the administrator behind it is none any more, or the key that "
                "made it works no longer.",
            ),
        ),
    ),
    EventType.MEMBER_SESSIONS_ENDED: Statement(
        "A member's sessions were ended at once: by themselves, all but the one they did it in, or by an "
        "administrator.",
        Prefix.MEMBER,
        (
            Field("sessions", NUMBER, "How many."),
            Field("reason", TEXT, "`ended_by_member` or `ended_by_administrator`."),
        ),
    ),
    EventType.SESSION_ENDED: Statement(
        "A session was ended: its member signed out, took it from the list on their profile or signed in again in the "
        "same browser, an administrator ended it, or the identity provider said that they signed out there.",
        Prefix.SESSION,
        (
            Field("member", Id(Prefix.MEMBER), "Whose session."),
            Field(
                "reason",
                TEXT,
                "`signed_out`, `ended_by_member`, `ended_by_administrator`, `signed_in_again` or "
                "`signed_out_at_provider`.",
            ),
        ),
    ),
    EventType.ADMIN_HELD: Statement(
        "A push would have taken the last usable administrator; the role is held, their sessions ended.", Prefix.MEMBER
    ),
    EventType.ADMIN_RELEASED: Statement("A held role was released and the pushed state applies.", Prefix.MEMBER),
    EventType.KEY_CREATED: Statement(
        "A key of the organization was made: a program may act with it from now on.", Prefix.KEY
    ),
    EventType.KEY_REVOKED: Statement("A key of the organization opens nothing any more.", Prefix.KEY),
    EventType.KEY_PAIR_ADDED: Statement(
        "Whoever runs the server made a second certificate of the organization: it decrypts beside the one there was.",
        Prefix.KEY_PAIR,
    ),
    EventType.KEY_PAIR_SIGNS: Statement(
        "Requests to identity providers are signed with the second certificate from now on.", Prefix.KEY_PAIR
    ),
    EventType.KEY_PAIR_RETIRED: Statement(
        "The old certificate is gone: what is encrypted for it cannot be read any more.", Prefix.KEY_PAIR
    ),
    EventType.RECOVERY_CODES_CREATED: Statement(
        "A new set of recovery codes replaced the old one.", Prefix.ORGANIZATION
    ),
    EventType.RECOVERY_CODES_CONFIRMED: Statement(
        "An administrator says that the recovery codes are stored.",
        Prefix.ORGANIZATION,
        (Field("member", Id(Prefix.MEMBER), "The administrator."),),
    ),
    EventType.RECOVERY_LINK_MADE: Statement(
        "Whoever runs the server made a link that lets an administrator in once.", Prefix.MEMBER
    ),
    EventType.RECOVERY_USED: Statement(
        "Someone came in by recovery.",
        Prefix.MEMBER,
        (Field("how", TEXT, "`recovery code` or `the server's own command line`."),),
    ),
}
