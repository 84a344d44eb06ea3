"""The two places where connections are set up: the settings pages, and the pages of whoever holds a setup link."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Response
from flask.typing import ResponseReturnValue

from app.rules.decisions import Refused
from app.rules.prerequisites import Acting
from app.services.unit_of_work import UnitOfWork

#: Finds the administrator whose address and test count.
WhoseFacts = Callable[[UnitOfWork], Acting | None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the pages stand: the address of the connections, and the page that lists them. `afterwards` says what comes
    after a test. `show` shows a page there, `refuse` that list with a refusal; `organization_id` and `acting` are of
    whoever is there.
    """

    connections: str
    back: str
    back_label: str
    afterwards: str
    show: Callable[..., Response]
    refuse: Callable[[Refused], ResponseReturnValue]
    organization_id: Callable[[], str]
    acting: WhoseFacts

    def listed(self, done: str) -> str:
        """The page that lists the connections, saying that this was done."""
        page, _, anchor = self.back.partition("#")
        return f"{page}?done={done}" + (f"#{anchor}" if anchor else "")

    def setup(self, connection_id: str, step: int | None = None) -> str:
        """The page of a setup: of one step, or of the one where it stands."""
        return f"{self.connections}/setup/{connection_id}" + ("" if step is None else f"?step={step}")

    def guide(self, connection_id: str) -> str:
        """The page of the whole guide, to read again."""
        return f"{self.connections}/{connection_id}/guide"

    def test(self, connection_id: str) -> str:
        """The page of the test sign-in, the last of every setup."""
        return f"{self.connections}/{connection_id}/test"
