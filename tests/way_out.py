"""A way out that knows one connection and one sign-out under way, for the routes of the protocols."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from flask.typing import ResponseReturnValue

from app.rules.connections import Revision
from app.rules.errors import NotFoundError
from app.rules.identity import Rejection
from app.rules.logout import EndedThere, LoggedOut, LogoutRefused, SignOutOutcome, VerifyLogout, VerifyReturn


@dataclass
class OneWayOut:
    """`request_id` is what the sign-out with the handle `handle` asked with."""

    revision: Revision
    now: datetime
    request_id: str = "_logout"
    verdicts: list[EndedThere | Rejection] = field(default_factory=list)
    outcomes: list[SignOutOutcome | Rejection] = field(default_factory=list)

    def told(self, connection_id: str, *, protocol: str, verify: VerifyLogout) -> LoggedOut | LogoutRefused:
        if connection_id != self.revision.connection_id:
            raise NotFoundError("There is no such connection.")
        result = verify(self.revision, self.now)
        self.verdicts.append(result)
        return LogoutRefused(result, "sin_1") if isinstance(result, Rejection) else LoggedOut(self.revision, result)

    def returned(self, connection_id: str, *, protocol: str, handle: str, verify: VerifyReturn) -> ResponseReturnValue:
        if handle == "handle":
            self.outcomes.append(verify(self.revision, self.request_id, self.now))
        return f"returned {handle}"

    def refused(self, refused: LogoutRefused) -> ResponseReturnValue:
        return refused.rejection.name, 403

    def leave(self, url: str | None) -> ResponseReturnValue:
        return url or "signed out"
