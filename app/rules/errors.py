"""What goes wrong in words: a stable code, a sentence for the person, a detail for the log; no HTTP numbers in here."""

from __future__ import annotations


class DoorwardError(Exception):
    """A use case could not be carried out. `code` is stable, `sentence` may be shown to anyone, `detail` goes to the
    log only.

    `field` names the input at fault, in the caller's own spelling (`admin_email`, `idp.metadata_xml`), where there is
    one.
    """

    code = "error"

    def __init__(
        self, sentence: str, *, code: str | None = None, detail: str | None = None, field: str | None = None
    ) -> None:
        super().__init__(sentence)
        self.code = code or type(self).code
        self.sentence = sentence
        self.detail = detail
        self.field = field


class InvalidInputError(DoorwardError):
    """What was sent cannot be understood or accepted; `field` says where."""

    code = "invalid_input"


class NotFoundError(DoorwardError):
    """There is no such thing in this organization; also the answer for another organization's ids."""

    code = "not_found"


class ConflictError(DoorwardError):
    """Something else already holds the name, address or number that was asked for."""

    code = "conflict"


class UnauthenticatedError(DoorwardError):
    """Nobody is signed in, or the key is wrong."""

    code = "unauthenticated"


class ForbiddenError(DoorwardError):
    """Somebody is signed in who may not do this."""

    code = "forbidden"


class TooManyError(DoorwardError):
    """Too many tries; `retry_after` is in whole seconds."""

    code = "too_many_requests"

    def __init__(self, sentence: str, *, retry_after: int, code: str | None = None) -> None:
        super().__init__(sentence, code=code)
        self.retry_after = retry_after


class UnreachableError(DoorwardError):
    """A peer (DNS, identity provider) could not be reached or answered nonsense."""

    code = "unreachable"
