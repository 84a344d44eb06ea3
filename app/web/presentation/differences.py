"""How settings of a connection differ."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One setting that two revisions do not share. Both sides are empty for a secret that is another one."""

    label: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
