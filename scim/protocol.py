"""DirectoryService: the library's protocol with our reading of bodies; the one table DoorwardError -> SCIM error."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pydantic import ValidationError
from scim2_models import (
    BulkOperation,
    ConflictException,
    Context,
    Error,
    ForbiddenException,
    InvalidFilterException,
    InvalidValueException,
    NotFoundException,
    PatchOp,
    Resource,
    ResourceType,
    ResponseParameters,
    SCIMException,
    SearchRequest,
    UnauthorizedException,
    UniquenessException,
)
from scim2_server.errors import MethodNotAllowedException, UnsupportedMediaTypeException
from scim2_server.requests import ScimRequest
from scim2_server.routing import Operation, Target
from scim2_server.service import ModelT, ScimService, scim_exception_of
from scim2_server.utils import parametrize

from app.rules.directories import MirrorPage
from app.rules.errors import (
    ConflictError,
    DoorwardError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    TooManyError,
    UnauthenticatedError,
)
from scim import limits
from scim.cursors import DirectoryCursors
from scim.dialects import Deviation, Dialect
from scim.filter_faults import fault_of
from scim.groups import GroupOperation, operations_of
from scim.plain import Document, PlainPatch, plain_patch, plain_user
from scim.provider import MAX_BODY_BYTES, provider
from scim.request import DirectoryRequest
from scim.sentences import listed, sentence_of
from scim.understanding import Understood, understand_filter, understand_patch, understand_resource

log = logging.getLogger("doorward.scim")


class RetryException(SCIMException):
    """To be sent again later: too many requests (RFC 6585) or none at the moment; `retry_after` in seconds."""

    def __init__(self, status: int, detail: str, retry_after: int) -> None:
        super().__init__(detail=detail)
        self.status = status
        self.retry_after = retry_after


_EXCEPTIONS: dict[type[DoorwardError], type[SCIMException]] = {
    InvalidInputError: InvalidValueException,
    NotFoundError: NotFoundException,
    ConflictError: ConflictException,
    UnauthenticatedError: UnauthorizedException,
    ForbiddenError: ForbiddenException,
}


def scim_exception(error: DoorwardError) -> SCIMException:
    """The SCIM error of a use case that could not be carried out; its sentence is the detail an administrator reads."""
    kind = next((one for known, one in _EXCEPTIONS.items() if isinstance(error, known)), SCIMException)
    if isinstance(error, ConflictError):
        kind = UniquenessException
    if isinstance(error, TooManyError):
        return RetryException(429, error.sentence, error.retry_after)
    return kind(detail=error.sentence)


class DirectoryService(ScimService):
    """The protocol for one request, in the dialect of its directory.

    `secrets` seal cursors with the first and open them with any; `scope` is what a cursor is good for.
    """

    def __init__(
        self, dialect: Dialect, *, secrets: Sequence[str], scope: str = "", deviations: set[Deviation] | None = None
    ) -> None:
        # First, because the library's own part asks for the cursors.
        self._secrets, self._scope = secrets, scope
        super().__init__(provider(), secret=secrets[0])
        self.dialect = dialect
        #: What of the request was outside the RFCs and understood all the same.
        self.deviations: set[Deviation] = set() if deviations is None else deviations

    def _build_cursors(self, secret: str | bytes | None) -> DirectoryCursors:  # type: ignore[override]  # of all secrets
        """What the library asks for when it begins."""
        return DirectoryCursors(self._secrets, self._scope)

    def route(self, request: ScimRequest, operation: Operation) -> Target:
        """What the request acts on, which its handler has found out already."""
        assert isinstance(request, DirectoryRequest), "`ScimApplication` makes no other"
        target = request.target
        return super().route(request, operation) if target is None or target.me else target

    def authorize(self, request: ScimRequest, target: Target, resource_type: ResourceType) -> None:
        """A token opens its own directory and nothing else; `ScimApplication` found both in one look-up."""
        if request.subject is None:
            raise UnauthorizedException

    def max_body_size(self, request: ScimRequest) -> int | None:
        """The same cap for every request; `ScimApplication` answers 413 above it."""
        return MAX_BODY_BYTES

    def read_body(self, model: type[ModelT], body: bytes, content_type: str | None, scim_ctx: Context) -> ModelT:
        """Validate a body that was decoded here: within limits, and in the RFC's shape."""
        self.ensure_json(content_type)
        return _validated(model, self._noted(understand_resource(limits.decode(body))), scim_ctx)

    def read_user(
        self, resource_type: ResourceType, body: bytes, content_type: str | None, scim_ctx: Context
    ) -> Resource[Any] | Document:
        """Validate the body of a POST or PUT of a user: a document where it is plain, else a model."""
        self.ensure_json(content_type)
        value = self._noted(understand_resource(limits.decode(body)))
        document = plain_user(value)
        return document if document is not None else _validated(self.get_model(resource_type), value, scim_ctx)

    def decode_body(self, body: bytes, content_type: str | None) -> Any:
        """The JSON value of a body, within limits."""
        self.ensure_json(content_type)
        return limits.decode(body)

    def read_user_patch(
        self, resource_type: ResourceType, body: bytes, content_type: str | None
    ) -> PatchOp[Any] | PlainPatch | None:
        """Validate the body of a PATCH of a user; None for one that has no operation, which changes nothing."""
        decoded = self.decode_body(body, content_type)
        plain = plain_patch(decoded)
        if plain is not None:
            return plain
        understood = understand_patch(decoded)
        value = self._noted(understood)
        if Deviation.NO_OPERATIONS in understood.deviations:
            return None
        model: type[PatchOp[Any]] = parametrize(PatchOp, self.get_model(resource_type))
        patch = _validated(model, value, Context.RESOURCE_PATCH_REQUEST)
        if len(patch.operations or ()) > limits.MAX_OPERATIONS:
            raise InvalidValueException(detail=f"A PATCH holds at most {limits.MAX_OPERATIONS:,} operations.")
        return patch

    def read_group_patch(self, body: bytes, content_type: str | None) -> list[GroupOperation]:
        """Validate the body of a PATCH of a group."""
        return operations_of(self._noted(understand_patch(self.decode_body(body, content_type))))

    def read_wanted(self, resource_type: ResourceType, query: Mapping[str, str]) -> ResponseParameters[Any] | None:
        """The attributes a client asks for, validated; None when it asks for nothing in particular."""
        if "attributes" not in query and "excludedAttributes" not in query:
            return None
        return self.read_response_parameters(resource_type, query)

    def read_search(self, resource_types: list[ResourceType], payload: Any) -> tuple[SearchRequest[Any], Any]:
        """Validate a search, within limits."""
        if isinstance(payload, dict):
            limits.check_search(payload)
            payload = {name: self._read_filter(name, value) for name, value in payload.items()}
        try:
            request, position = super().read_search(resource_types, payload)
        except InvalidFilterException as error:
            raise _explained(error, payload) from error
        if request.start_index is not None:
            request.start_index = min(request.start_index, limits.MAX_INDEX)
        return request, position

    def _read_filter(self, name: str, value: Any) -> Any:
        is_filter = name.lower() == "filter" and isinstance(value, str)
        return self._noted(understand_filter(value)) if is_filter else value

    def ensure_json(self, content_type: str | None) -> None:  # type: ignore[override]  # so that it can be noted
        """JSON under its registered names (RFC 7644 3.8), and under the one it had before it was registered."""
        if content_type and content_type.partition(";")[0].strip().lower() == "text/json":
            self.deviations.add(Deviation.TEXT_JSON)
            return
        try:
            ScimService.ensure_json(content_type)
        except UnsupportedMediaTypeException as error:
            raise UnsupportedMediaTypeException(detail=_not_json(content_type or "")) from error

    def _noted(self, understood: Understood) -> Any:
        self.deviations |= understood.deviations
        return understood.value

    def cursors_of(
        self, resource_types: list[ResourceType], request: SearchRequest[Any], page: MirrorPage
    ) -> tuple[str | None, str | None]:
        """The cursors of the pages after and before this one (RFC 9865 2)."""
        following, preceding = (
            self._seal(resource_types, request, position and asdict(position))
            for position in (page.next, page.previous)
        )
        return following, preceding

    @staticmethod
    def bulk_validation_failure(
        operation: BulkOperation[Resource[Any]], outcome: dict[str, Any]
    ) -> dict[str, Any] | None:
        """The outcome of a bulk operation that was found invalid as the request was read, in words to be read."""
        failure = ScimService.bulk_validation_failure(operation, outcome)
        error = failure.get("response") if failure is not None else None
        if isinstance(error, Error) and error.detail is not None:
            error.detail = sentence_of(error.detail)
        return failure

    def bulk_failure(self, outcome: dict[str, Any], exception: Exception) -> dict[str, Any]:
        """The outcome of a bulk operation that failed; a bug is logged here, since the answer hides it."""
        if not isinstance(exception, SCIMException):
            log.error("bulk operation failed", exc_info=exception)
        return super().bulk_failure(outcome, exception)

    @staticmethod
    def error_of(exception: Exception) -> Error:
        """The SCIM error of an exception, with a detail written to be read: an administrator sees nothing else."""
        if isinstance(exception, MethodNotAllowedException) and exception.allowed:
            return Error(status=405, detail=f"{_NO_SUCH_METHOD}; it supports {listed(exception.allowed)}.")
        error = ScimService.error_of(exception)
        if error.detail is not None:
            error.detail = sentence_of(error.detail)
        return error

    def error_of_unexpected(self, reference: str) -> Error:
        """What a bug is answered: nothing but the number under which the log has it."""
        return Error(
            status=500, detail=f"Doorward could not answer this request. The reason is in its log: {reference}."
        )


_NO_SUCH_METHOD = "This endpoint does not support this method"
#: A media type that may be told back (RFC 6838 4.2 allows more); anybody can put anything there.
_MEDIA_TYPE = re.compile(r"[a-z]{1,20}/[a-z0-9.+-]{1,60}")


def _not_json(content_type: str) -> str:
    """What to send instead of a body under another content type."""
    sent = content_type.partition(";")[0].strip().lower()
    named = f"'{sent}'" if _MEDIA_TYPE.fullmatch(sent) else "another one"
    return f"The content type must be application/scim+json or application/json, and {named} was sent."


def _explained(error: InvalidFilterException, payload: Any) -> InvalidFilterException:
    """A filter that could not be parsed, with what is wrong in it; the parser says no more than a column."""
    fields = {name.lower(): value for name, value in payload.items()} if isinstance(payload, dict) else {}
    text = fields.get("filter")
    if isinstance(text, str) and error.detail.startswith("invalid syntax"):
        return InvalidFilterException(detail=fault_of(text))
    return error


def _validated(model: type[ModelT], value: Any, scim_ctx: Context) -> ModelT:
    try:
        return model.model_validate(value, scim_ctx=scim_ctx)
    except ValidationError as error:
        raise scim_exception_of(error) from error
