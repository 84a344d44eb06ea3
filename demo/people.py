"""The people and groups of the example company."""

from __future__ import annotations

from dataclasses import dataclass

HOST = "example.test"
ADMINISTRATORS = "IT Administrators"
SUPPORT = "Customer Support"
#: Everybody is in it, so that a role follows for each from a group: otherwise whoever founded the organization would
#: fall back on the role that was granted to them then.
EVERYONE = "Everyone"
GROUPS = (ADMINISTRATORS, SUPPORT, EVERYONE)
CROWD_SIZE = 500


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as the identity provider knows them. `assigned`: is to be in Doorward; `id` never changes.

    `groups` are besides the one that everybody is in, `memberships` are all.
    """

    id: str
    first_name: str
    last_name: str
    groups: frozenset[str] = frozenset()
    assigned: bool = True
    suspended: bool = False

    @property
    def email(self) -> str:
        return f"{self.id}@{HOST}"

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def memberships(self) -> frozenset[str]:
        return self.groups | {EVERYONE}

    @property
    def active(self) -> bool:
        """What a push says: whoever is suspended, or assigned no longer, is not to come in."""
        return self.assigned and not self.suspended


ADA = Person("ada", "Ada", "Lovelace", frozenset({ADMINISTRATORS}))
GRACE = Person("grace", "Grace", "Hopper", frozenset({SUPPORT}))
EDSGER = Person("edsger", "Edsger", "Dijkstra")
BARBARA = Person("barbara", "Barbara", "Liskov", frozenset({SUPPORT}))
CAST = (
    ADA,
    GRACE,
    EDSGER,
    BARBARA,
    Person("katherine", "Katherine", "Johnson"),
    Person("alan", "Alan", "Turing", assigned=False),
)


def crowd() -> tuple[Person, ...]:
    """The rest of a larger company."""
    return tuple(Person(f"person{n:03d}", "Person", f"{n:03d}") for n in range(1, CROWD_SIZE + 1))
