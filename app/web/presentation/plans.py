"""A change before it is made, as its page shows it: what it does, to whom, and the button that makes it."""

from __future__ import annotations

from dataclasses import dataclass

from app.web.presentation.elements import Choice, Control


@dataclass(frozen=True, slots=True)
class Side:
    """How somebody stands on one side of a change: the role and where it comes from, the way in or why there is none.

    `role` is "" for somebody who is no member on that side.
    """

    role: str = ""
    role_why: str = ""
    way_in: str = ""


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One person; `was` is the address they had, where it becomes another one. `losses` are the words of what is taken
    from them, `role_differs` and `way_in_differs` tell which of the two has changed.
    """

    member_id: str
    email: str
    before: Side
    after: Side
    was: str = ""
    losses: tuple[str, ...] = ()
    is_new: bool = False
    role_differs: bool = False
    way_in_differs: bool = False


@dataclass(frozen=True, slots=True)
class AsideRow:
    """Somebody the change leaves as they are, and why."""

    email: str
    why: str


@dataclass(frozen=True, slots=True)
class PlanPage:
    """settings/plan.html. `title` asks, `effects` are whole sentences, `proof` says who can still get in afterwards.

    The form posts `fields`, the hash of what is shown as `plan_hash`, and where `typed` is not "" that text as
    `confirm`, to `action`. `control` says whether it may be pressed. `more` counts the people that are not listed.
    `area` is the entry of the navigation this belongs to, `back` where the page came from, `look` a page with more.
    """

    area: str
    title: str
    action: str
    verb: str
    back: str
    control: Control
    plan_hash: str
    effects: tuple[str, ...]
    rows: tuple[PlanRow, ...]
    asides: tuple[AsideRow, ...]
    fields: tuple[Choice, ...] = ()
    proof: str = ""
    typed: str = ""
    dangerous: bool = True
    look: Choice | None = None
    more: int = 0
    more_asides: int = 0
