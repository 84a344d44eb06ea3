"""Who may push: a request's directory and token recognised, and what is remembered of their use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from app.ports.bundle import Ports
from app.rules.directories import DirectoryEndpoint, TokenStanding, token_standing
from app.rules.errors import NotFoundError, UnauthenticatedError
from app.services.unit_of_work import UnitOfWork
from app.store import directories
from app.store.directories import Knock

_NOTE_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A push that may come in: the directory it is for, and the token it came with."""

    directory: DirectoryEndpoint
    token_id: str
    wants_note: bool


class TokenRefusedError(UnauthenticatedError):
    """A request for this directory whose token is not, or no longer, good for it.

    `token_id` names the token where it once was; `wants_note` is whether that use is still to be noted.
    """

    def __init__(self, sentence: str, directory: DirectoryEndpoint, token_id: str | None, *, wants_note: bool) -> None:
        super().__init__(sentence)
        self.directory = directory
        self.token_id = token_id
        self.wants_note = wants_note


def admit(connection: Connection, ports: Ports, *, key: str, token: str) -> Admitted:
    """Recognise a push: path and token must agree. Only reads, so that nobody without a token holds up a writer.

    Raises NotFoundError or TokenRefusedError.
    """
    knock = directories.knock(connection, key=key, digest=ports.sealing.digest(token)) if key.isalnum() else None
    if knock is None:
        raise NotFoundError("There is no directory at this address: check the base URL in the identity provider.")
    endpoint = DirectoryEndpoint(knock.id, knock.organization_id, knock.key, knock.name, knock.provider)
    now = ports.clock.now()
    refusal = _refusal(knock, now)
    if refusal is not None or knock.token_id is None:
        wants_note = knock.token_id is not None and _is_due(knock.refused_at, now)
        sentence = refusal or (_NOT_VALID if token else NOTHING_BROUGHT)
        raise TokenRefusedError(sentence, endpoint, knock.token_id, wants_note=wants_note)
    return Admitted(endpoint, knock.token_id, _is_due(knock.last_used_at, now))


#: Whoever reads the record tells by it a request without a token from one with a token nobody knows.
NOTHING_BROUGHT = (
    "The request has no bearer token. Enter a token of this directory as the secret token (OAuth bearer token) of the"
    " provisioning settings."
)
_NOT_VALID = "The bearer token is not valid for this directory: paste a current one."


def _refusal(knock: Knock, now: datetime) -> str | None:
    """Why a token is no good any more, as an administrator reads it in the identity provider."""
    match token_standing(expires_at=knock.expires_at, revoked_at=knock.revoked_at, now=now):
        case TokenStanding.REVOKED:
            return _NOT_VALID
        case TokenStanding.EXPIRED:
            return "The bearer token has expired: make a new one and paste it."
        case _:
            return None


def note_request(unit: UnitOfWork, admitted: Admitted) -> None:
    """Remember that the directory was reached and the token used; asked for at most once a minute."""
    directories.note_request(unit.connection, admitted.directory.id, admitted.token_id, now=unit.now)


def note_refused_token(unit: UnitOfWork, token_id: str) -> None:
    """Remember that a revoked or expired token was used: somebody still pushes with it. At most once a minute."""
    directories.note_refused_token(unit.connection, token_id, now=unit.now)


def _is_due(noted_at: datetime | None, now: datetime) -> bool:
    return noted_at is None or now - noted_at >= _NOTE_EVERY
