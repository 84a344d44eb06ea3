"""What stands on the authentication page while a directory has taken much from many people."""

from __future__ import annotations

from dataclasses import dataclass

from app.web.presentation.elements import Moment


@dataclass(frozen=True, slots=True)
class LostPerson:
    """One line of the list. `what` is what became of them: "Deactivated", "Admin → Member"."""

    member_id: str
    name: str
    email: str
    what: str
    at: Moment


@dataclass(frozen=True, slots=True)
class MassChange:
    """One alarm. `headline` and `meaning` are whole sentences; `people` are listed, `more` is how many are not."""

    id: str
    headline: str
    meaning: str
    began: Moment
    latest: Moment
    people: tuple[LostPerson, ...]
    more: int = 0
