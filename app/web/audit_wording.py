"""An audit entry in words: who did what by which door, from what to what, and who could still get in."""

from __future__ import annotations

from datetime import datetime

from app.rules.actor import ActorKind
from app.services.overview.activity import EntryFacts
from app.web.moments import moment
from app.web.presentation.activity import AuditRow, Difference
from app.web.wording import action, proof_sentence, readable

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


def door(kind: str) -> str:
    """How whoever acted came in."""
    return _DOORS.get(ActorKind(kind), kind) if kind in set(ActorKind) else kind


def entry_row(facts: EntryFacts, *, now: datetime) -> AuditRow:
    """One entry as it is shown."""
    return AuditRow(
        id=facts.id,
        at=moment(facts.at, now=now),
        actor=facts.actor,
        door=door(facts.actor_kind),
        action=action(facts.action, refused=facts.refused),
        code=facts.action,
        subject=facts.subject,
        refused=facts.refused,
        reason=facts.reason.partition(": ")[2] or facts.reason,
        proof=proof_sentence(facts.proof),
        differences=_differences(facts),
        network_address=facts.network_address,
        position=facts.position,
    )


def _differences(facts: EntryFacts) -> tuple[Difference, ...]:
    names = dict.fromkeys((*facts.before, *facts.after))
    rows = ((name, _text(facts.before.get(name)), _text(facts.after.get(name))) for name in names)
    return tuple(Difference(readable(name), before, after) for name, before, after in rows if before != after)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
