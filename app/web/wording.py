"""Sentences for facts: why someone has a role, how someone comes in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from app.rules.actor import ON_BEHALF_OF, OPERATOR, SYSTEM
from app.rules.factors import MfaPolicy, SecondStep
from app.rules.lockout import Guests, WayIn
from app.rules.roles import RoleSource
from app.services.members import Explained
from app.web.presentation.elements import Failure

_WAYS = {
    "email_code": "an emailed code",
    "single_sign_on": "single sign-on",
    "recovery": "recovery",
}

_FACTORS = {"totp": "an authenticator app", "backup_code": "a backup code"}
#: What comes after a way in.
THEN = {
    None: "",
    SecondStep.CODE: ", then an authenticator app",
    SecondStep.ENROLL: ", then setting up an authenticator app",
}

#: Action of an audit entry -> what somebody did, and what they tried to do.
_ACTIONS = {
    "organization.created": ("founded the organization", "found the organization"),
    "organization.updated": ("changed the organization", "change the organization"),
    "organization.mfa_required": ("required a second factor of everybody", "require a second factor"),
    "organization.mfa_released": ("stopped requiring a second factor", "stop requiring a second factor"),
    "domain.claimed": ("added the domain", "add a domain"),
    "domain.verified": ("verified the domain", "verify the domain"),
    "domain.removed": ("removed the domain", "remove the domain"),
    "connection.setup_begun": ("began to set up the connection", "begin to set up a connection"),
    "connection.setup_discarded": ("discarded the setup of the connection", "discard the setup of a connection"),
    "connection.created": ("added the connection", "add a connection"),
    "connection.updated": ("changed the connection", "change the connection"),
    "connection.test_begun": ("began a test sign-in through", "test the connection"),
    "connection.activated": ("required single sign-on through", "require single sign-on through"),
    "connection.deactivated": ("turned off single sign-on through", "turn off single sign-on through"),
    "connection.revision_applied": ("put other settings in force for", "put other settings in force for"),
    "connection.revision_restored": ("went back to the previous settings of", "go back to the previous settings of"),
    "connection.revision_discarded": ("discarded the waiting settings of", "discard the waiting settings of"),
    "connection.metadata_changed": ("read other metadata for", "read the metadata of"),
    "connection.metadata_failed": ("could not follow the metadata of", "follow the metadata of"),
    "connection.metadata_recovered": ("could follow again the metadata of", "follow the metadata of"),
    "connection.expiry_warned": ("warned of the end of something in", "warn of the end of something in"),
    "connection.deleted": ("deleted the connection", "delete the connection"),
    "directory.created": ("added the directory", "add a directory"),
    "directory.updated": ("changed the directory", "change the directory"),
    "directory.token_created": ("made a token for the directory", "make a token for the directory"),
    "directory.token_revoked": ("revoked a token of the directory", "revoke a token of the directory"),
    "directory.activated": ("activated the directory", "activate the directory"),
    "directory.deactivated": ("turned off the directory", "turn off the directory"),
    "directory.deleted": ("deleted the directory", "delete the directory"),
    "directory.mass_change_detected": ("deactivated or demoted many people at once:", "deactivate many people"),
    "directory.mass_change_dismissed": ("dismissed the alarm about", "dismiss the alarm about"),
    "role.created": ("added the role", "add a role"),
    "role.updated": ("changed the role", "change the role"),
    "role.deleted": ("deleted the role", "delete the role"),
    "roles.reordered": ("put the roles into another order", "put the roles into another order"),
    "role_mapping.created": ("mapped the group", "map a group to a role"),
    "role_mapping.deleted": ("removed the mapping of", "remove the mapping of"),
    "member.created": ("added", "add"),
    "member.linked": ("let the directory manage", "let the directory manage"),
    "member.identity_linked": ("linked an identity to", "link an identity to"),
    "member.role_changed": ("changed the role of", "change the role of"),
    "member.role_granted": ("granted a role to", "grant a role to"),
    "member.suspended": ("suspended", "suspend"),
    "member.restored": ("lifted the suspension of", "lift the suspension of"),
    "member.activated": ("made active again", "make active again"),
    "member.removed": ("removed", "remove"),
    "member.updated": ("changed the name of", "change the name of"),
    "member.factor_enrolled": ("set up an authenticator app:", "set up an authenticator app"),
    "member.factor_reset": ("reset the authenticator app of", "reset the authenticator app of"),
    "member.factor_locked": ("typed too many wrong codes of the app of", "type wrong codes"),
    "member.backup_codes_created": ("made backup codes:", "make backup codes"),
    "member.backup_code_used": ("came in with a backup code:", "come in with a backup code"),
    "invitation.created": ("invited", "invite somebody"),
    "invitation.sent_again": ("invited again", "invite again"),
    "invitation.revoked": ("revoked the invitation of", "revoke an invitation"),
    "invitation.accepted": ("accepted an invitation:", "accept an invitation"),
    "invitation.superseded": ("closed the invitation of", "close an invitation"),
    "setup_link.created": ("made a setup link for", "make a setup link"),
    "setup_link.used": ("opened the setup link for", "open a setup link"),
    "setup_link.left": ("left the setup link for", "leave a setup link"),
    "setup_link.revoked": ("closed the setup link for", "revoke a setup link"),
    "member.sessions_ended": ("ended all sessions of", "end all sessions of"),
    "session.ended": ("ended a session of", "end a session of"),
    "admin.held": ("would have taken the last administrator, now on hold:", "take the last administrator"),
    "admin.released": ("settled the hold of", "settle the hold of"),
    "key.created": ("made the API key", "make an API key"),
    "key.revoked": ("revoked the API key", "revoke an API key"),
    "key_pair.added": ("made a second certificate of the organization", "make a second certificate"),
    "key_pair.signs": ("let the second certificate sign", "let the second certificate sign"),
    "key_pair.retired": ("retired the old certificate", "retire the old certificate"),
    "recovery.link_made": ("made a recovery link for", "make a recovery link for"),
    "recovery.used": ("came in by recovery:", "come in by recovery"),
    "recovery_codes.created": ("made new recovery codes", "make new recovery codes"),
    "recovery_codes.drilled": ("tried a recovery code", "try a recovery code"),
    "recovery_codes.confirmed": ("confirmed the recovery codes as stored:", "confirm the recovery codes"),
}
#: Reason of a refused sign-in -> a sentence for the administrator, and what to change. What is on record beside the
#: reason was said to the person at the browser.
_REASONS = {
    "not_a_member": (
        "The address is not a member of any organization here.",
        "Invite them under Members, or assign the application to them at the identity provider.",
    ),
    "not_provisioned": (
        "They are not a member, and sign-ins do not make new members here.",
        "Invite them under Members, or assign the application to them, so that the directory lists them.",
    ),
    "member_deactivated": ("They are deactivated.", "Assign the application to them again at the identity provider."),
    "member_suspended": ("They are suspended.", "Lift the suspension under Members if they may come in again."),
    "member_removed": (
        "They were removed from this organization.",
        "Invite them under Members if they may come in again.",
    ),
    "email_sign_in_off": (
        "Their address is at a verified domain, so they have to come through the identity provider.",
        "Nothing here: they start again with their address and are sent there.",
    ),
    "guests_refused": (
        "They are a guest, and guests may not sign in while single sign-on is required.",
        "Let guests sign in by email under Single Sign-On, or give them an account at the identity provider.",
    ),
    "address_in_use": (
        "Their address is a member of another organization.",
        "An administrator there removes it first; then they sign in again.",
    ),
    "recovery_code_wrong": (
        "The recovery code was wrong, or recovery is not for them.",
        "An administrator tries again with a code that is not used yet. Nobody tried? Make new codes.",
    ),
    "factor_wrong": (
        "What was typed is no present code of their authenticator app, and no unused backup code.",
        "They try the code that the app shows now. Have they lost the app? Reset it under Members.",
    ),
    "factor_locked": (
        "Too many wrong codes of their authenticator app were typed.",
        "They wait a while, then try again. Have they lost the app? Reset it under Members.",
    ),
    "subject_changed": (
        "The identity provider sent another identifier for them than before.",
        "Have the identity provider send the earlier one. Is it a new account? Remove them, then invite them again.",
    ),
    "sign_in_declined": (
        "They came from the identity provider, were asked, and said that it was not them.",
        "Ask them. If nobody they know began it, somebody may have tried to lure them in.",
    ),
}
_WITHOUT_A_NAME = {OPERATOR.label: "Server operator", SYSTEM.label: "Doorward"}
_REJECTED = "What the identity provider sent was not accepted."


def count(number: int, one: str, many: str) -> str:
    """A number with the word that fits: "1 session", "3 sessions"."""
    return f"{number} {one if number == 1 else many}"


def length(span: timedelta) -> str:
    """How long that is, in the largest unit that comes out even: "= 7 days"."""
    units = ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute"))
    unit, name = next((unit, name) for unit, name in units if not span % unit)
    return f"= {count(span // unit, name, f'{name}s')}"


def readable(name: str) -> str:
    """A field's name as a label: "last_name" becomes "Last name"."""
    return name.replace("_", " ").capitalize()


def way_in(opened_by: str, second_factor: str | None = None) -> str:
    """How a session was opened, or somebody came in."""
    way = _WAYS.get(opened_by, opened_by)
    return f"{way} and {factor(second_factor)}" if second_factor else way


def factor(method: str) -> str:
    """What somebody proved a second factor with."""
    return _FACTORS.get(method, method)


def way_in_sentence(way: WayIn | None, then: SecondStep | None) -> str:
    """How someone would sign in."""
    return f"Signs in with {_WAYS[way]}{THEN[then]}" if way is not None else "Has no proven way in"


def ways_in_now(connection: str | None, *, hosts: str, guests: Guests, mfa: MfaPolicy) -> str:
    """How people sign in at present; `connection` is the active one's name."""
    by_email = "a code by email, then an authenticator app" if mfa is MfaPolicy.REQUIRED else "a code by email"
    if connection is None:
        return f"Everyone signs in with {by_email}."
    others = f"use {by_email}" if guests is Guests.EMAIL_CODE else "cannot sign in"
    return f"Everyone at {hosts} signs in through {connection}; guests at other domains {others}."


def role_reason(explained: Explained) -> str:
    """Where a role comes from, without a full stop."""
    match explained.source:
        case RoleSource.MAPPED:
            return f"From the group {explained.group}" if explained.group else "From a group"
        case RoleSource.GRANTED:
            return "Kept from a directory that was turned off" if explained.origin == "directory" else "Granted by hand"
        case RoleSource.HELD:
            return "On hold: a push would have taken the last administrator"
        case RoleSource.DEFAULT:
            return "The default role"


def whoever(label: str) -> str:
    """Who did something, from what was written down of them: the operator's program may have acted for somebody."""
    who, _, behalf = label.partition(ON_BEHALF_OF)
    named = _WITHOUT_A_NAME.get(who, who)
    return f"{named}, for {behalf}" if behalf else named


def as_written(told: str) -> str:
    """What was written down of whoever is told like this, the other way round."""
    return next((label for label, name in _WITHOUT_A_NAME.items() if name.lower() == told.lower()), told)


def action(code: str, *, refused: bool) -> str:
    """What somebody did, or tried to do, before its subject."""
    done, tried = _ACTIONS.get(code, (code, code))
    return f"tried to {tried}" if refused else done


def failure(reason: str, detail: Mapping[str, Any]) -> Failure:
    """Why a sign-in did not come about, for the administrator."""
    texts = {name: value for name, value in detail.items() if isinstance(value, str)}
    sentence, fix = _REASONS.get(reason) or (texts.get("sentence", _REJECTED), texts.get("fix", ""))
    return Failure(
        name=reason,
        sentence=sentence,
        expected=texts.get("expected", ""),
        received=texts.get("received", ""),
        fix=fix,
    )


def proof_sentence(proof: Mapping[str, Any]) -> str:
    """Who could still get in after a change, and how."""
    if not proof:
        return ""
    then = SecondStep(proof["second_step"]) if "second_step" in proof else None
    return f"{proof['email']}, with {_WAYS.get(str(proof['way_in']), str(proof['way_in']))}{THEN[then]}"
