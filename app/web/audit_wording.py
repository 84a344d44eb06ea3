"""An audit entry in words: who did what by which door, from what to what, and who could still get in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from app.rules.actor import ON_BEHALF_OF, ActorKind
from app.services.overview.activity import EntryFacts
from app.web.moments import moment
from app.web.presentation.activity import AuditRow, Difference
from app.web.wording import action, proof_sentence, readable, whoever

_DOORS = {
    ActorKind.MEMBER: "Settings pages",
    ActorKind.RECOVERY: "Recovery session",
    ActorKind.SETUP_LINK: "Setup link",
    ActorKind.DIRECTORY: "Directory (SCIM)",
    ActorKind.OPERATOR: "Operator (API, command line)",
    ActorKind.API_KEY: "API key",
    ActorKind.SIGN_IN: "Sign-in",
    ActorKind.SYSTEM: "Doorward itself",
}
#: Beginning of an action -> what it is about.
AREAS = {
    "organization.": "The organization",
    "domain.": "Domains",
    "connection.": "Single sign-on",
    "directory.": "Directories",
    "role": "Roles and mappings",
    "member.": "Members",
    "admin.": "Holds",
    "recovery": "Recovery",
    "key.": "API keys",
    "setup_link.": "Setup links",
}
#: Fields that name a role by its slug, and what the fixed values of others are called.
_ROLE_FIELDS = frozenset({"role", "granted", "default_role"})
_VALUES: Mapping[str, Mapping[str, str]] = {
    "protocol": {"saml": "SAML 2.0", "oidc": "OpenID Connect"},
    "provider": {"okta": "Okta", "entra": "Entra ID", "google": "Google", "generic": "Other (SCIM 2.0)"},
    "source": {"directory": "Directory", "sign_in": "Sign-in"},
    "by": {"dns": "DNS record", "operator": "Server operator"},
}


def door(kind: str) -> str:
    """How whoever acted came in."""
    return _DOORS.get(ActorKind(kind), kind) if kind in set(ActorKind) else kind


def entry_row(facts: EntryFacts, *, roles: Mapping[str, str], now: datetime) -> AuditRow:
    """One entry as it is shown; `roles` are names by slug."""
    did, subject = action(facts.action, refused=facts.refused), facts.subject
    if did.endswith(":") and subject in (
        "",
        *facts.actor.split(ON_BEHALF_OF),
    ):  # of whoever acts for themselves it is said once
        did, subject = did.removesuffix(":"), ""
    return AuditRow(
        id=facts.id,
        at=moment(facts.at, now=now),
        actor=whoever(facts.actor),
        door=door(facts.actor_kind),
        action=did,
        code=facts.action,
        subject=subject,
        refused=facts.refused,
        reason=facts.reason.partition(": ")[2] or facts.reason,
        proof=proof_sentence(facts.proof),
        differences=_differences(facts, roles),
        network_address=facts.network_address,
        position=facts.position,
    )


def _differences(facts: EntryFacts, roles: Mapping[str, str]) -> tuple[Difference, ...]:
    names = dict.fromkeys((*facts.before, *facts.after))
    called = {name: roles if name in _ROLE_FIELDS else _VALUES.get(name, {}) for name in names}
    rows = (
        (name, _text(facts.before.get(name), called[name]), _text(facts.after.get(name), called[name]))
        for name in names
    )
    return tuple(Difference(readable(name), before, after) for name, before, after in rows if before != after)


def _text(value: object, called: Mapping[str, str]) -> str:
    if isinstance(value, str):
        return called.get(value, value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
