"""Who is acting: a member, whoever holds a setup link, a directory, the operator, a program with a key, a sign-in or
the system itself. Every change names one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class ActorKind(StrEnum):
    MEMBER = "member"
    RECOVERY = "recovery"
    SETUP_LINK = "setup_link"
    DIRECTORY = "directory"
    OPERATOR = "operator"
    API_KEY = "api_key"
    SIGN_IN = "sign_in"
    SYSTEM = "system"


#: Those who answer for what they ask: the guard refuses them. The others only report what happened elsewhere: the
#: guard holds.
PERSONS = frozenset({ActorKind.MEMBER, ActorKind.RECOVERY, ActorKind.SETUP_LINK, ActorKind.OPERATOR, ActorKind.API_KEY})


#: Stands between who acts and whom they act for, in the label of an actor.
ON_BEHALF_OF = " on behalf of "


@dataclass(frozen=True, slots=True)
class Actor:
    """`id` is a member id for members and recovery sessions, that of a directory, an organization key or a setup link
    for those, else None. `asked_at` is when a member was last asked who they are, None where nobody knows.
    """

    kind: ActorKind
    id: str | None = None
    label: str = ""
    asked_at: datetime | None = None

    @property
    def is_person(self) -> bool:
        """Whether a refusal reaches someone who can do something else instead."""
        return self.kind in PERSONS

    def on_behalf_of(self, email: str) -> Actor:
        """The same, as acting for somebody."""
        return replace(self, label=f"{self.label}{ON_BEHALF_OF}{email}")


SYSTEM = Actor(ActorKind.SYSTEM, label="system")
OPERATOR = Actor(ActorKind.OPERATOR, label="operator")
