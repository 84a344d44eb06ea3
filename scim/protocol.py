"""DirectoryService: the library's protocol with our reading of bodies; the one table DoorwardError -> SCIM error."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from scim2_models import (
    ConflictException,
    Context,
    Error,
    ForbiddenException,
    InvalidValueException,
    NotFoundException,
    PatchOp,
    ResourceType,
    ResponseParameters,
    SCIMException,
    SearchRequest,
    UnauthorizedException,
    UniquenessException,
)
from scim2_server.requests import ScimRequest
from scim2_server.routing import Target
from scim2_server.service import ModelT, ScimService, scim_exception_of
from scim2_server.utils import parametrize

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
from scim.dialects import Dialect, Understood, understand_patch, understand_resource
from scim.groups import GroupOperation, operations_of
from scim.provider import MAX_BODY_BYTES, provider

log = logging.getLogger("doorward.scim")


class RateLimitedException(SCIMException):
    """Too many requests (RFC 6585); `retry_after` in seconds."""

    status = 429
    retry_after = 1


_EXCEPTIONS: dict[type[DoorwardError], type[SCIMException]] = {
    InvalidInputError: InvalidValueException,
    NotFoundError: NotFoundException,
    ConflictError: ConflictException,
    UnauthenticatedError: UnauthorizedException,
    ForbiddenError: ForbiddenException,
    TooManyError: RateLimitedException,
}


def scim_exception(error: DoorwardError) -> SCIMException:
    """The SCIM error of a use case that could not be carried out; its sentence is the detail an administrator reads."""
    kind = next((one for known, one in _EXCEPTIONS.items() if isinstance(error, known)), SCIMException)
    if isinstance(error, ConflictError):
        kind = UniquenessException
    exception = kind(detail=error.sentence)
    if isinstance(exception, RateLimitedException) and isinstance(error, TooManyError):
        exception.retry_after = error.retry_after
    return exception


class DirectoryService(ScimService):
    """The protocol for the directories of one dialect."""

    def __init__(self, dialect: Dialect, *, secret: str | None = None) -> None:
        super().__init__(provider(), secret=secret)
        self.dialect = dialect

    def authorize(self, request: ScimRequest, target: Target, resource_type: ResourceType) -> None:
        """A token opens its own directory and nothing else; the blueprint found both in one look-up."""
        if request.subject is None:
            raise UnauthorizedException

    def max_body_size(self, request: ScimRequest) -> int | None:
        """The same cap for every request; the blueprint answers 413 above it."""
        return MAX_BODY_BYTES

    def read_body(self, model: type[ModelT], body: bytes, content_type: str | None, scim_ctx: Context) -> ModelT:
        """Validate a body that was decoded here: within limits, and in the RFC's shape."""
        self.ensure_json(content_type)
        return _validated(model, _noted(understand_resource(limits.decode(body))), scim_ctx)

    def decode_body(self, body: bytes, content_type: str | None) -> Any:
        """The JSON value of a body, within limits."""
        self.ensure_json(content_type)
        return limits.decode(body)

    def read_patch(self, resource_type: ResourceType, body: bytes, content_type: str | None) -> PatchOp[Any]:
        """Validate the body of a PATCH of a user."""
        value = _noted(understand_patch(self.decode_body(body, content_type)))
        model: type[PatchOp[Any]] = parametrize(PatchOp, self.get_model(resource_type))
        patch = _validated(model, value, Context.RESOURCE_PATCH_REQUEST)
        if len(patch.operations or ()) > limits.MAX_OPERATIONS:
            raise InvalidValueException(detail=f"A PATCH holds at most {limits.MAX_OPERATIONS:,} operations.")
        return patch

    def read_group_patch(self, body: bytes, content_type: str | None) -> list[GroupOperation]:
        """Validate the body of a PATCH of a group."""
        return operations_of(self.decode_body(body, content_type))

    def read_wanted(self, resource_type: ResourceType, query: Mapping[str, str]) -> ResponseParameters[Any] | None:
        """The attributes a client asks for, validated; None when it asks for nothing in particular."""
        if "attributes" not in query and "excludedAttributes" not in query:
            return None
        return self.read_response_parameters(resource_type, query)

    def read_search(self, resource_types: list[ResourceType], payload: Any) -> tuple[SearchRequest[Any], Any]:
        """Validate a search, within limits."""
        if isinstance(payload, dict):
            limits.check_search(payload)
        request, position = super().read_search(resource_types, payload)
        if request.start_index is not None:
            request.start_index = min(request.start_index, limits.MAX_INDEX)
        return request, position

    def bulk_failure(self, outcome: dict[str, Any], exception: Exception) -> dict[str, Any]:
        """The outcome of a bulk operation that failed; a bug is logged here, since the answer hides it."""
        if not isinstance(exception, SCIMException):
            log.error("bulk operation failed", exc_info=exception)
        return super().bulk_failure(outcome, exception)

    def error_of_unexpected(self, reference: str) -> Error:
        """What a bug is answered: nothing but the number under which the log has it."""
        return Error(
            status=500, detail=f"Doorward could not answer this request. The reason is in its log: {reference}."
        )


def _validated(model: type[ModelT], value: Any, scim_ctx: Context) -> ModelT:
    try:
        return model.model_validate(value, scim_ctx=scim_ctx)
    except ValidationError as error:
        raise scim_exception_of(error) from error


def _noted(understood: Understood) -> Any:
    """The value; the request record of the directory will list the deviations, until then the log does."""
    if understood.deviations:
        log.info("understood %s", ", ".join(sorted(understood.deviations)))
    return understood.value
