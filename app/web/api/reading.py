"""What a call sent, understood or refused by name: its ids, its query, and its JSON body, stricter than JSON itself."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, TypeVar

from flask import request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import UnsupportedMediaType

from app.rules.errors import InvalidInputError, NotFoundError
from app.rules.ids import Prefix, is_id
from app.web.api.shapes import Body, Query

DEEPEST = 20
_LARGEST = 2**53
_LONGEST_DIGITS = 20
_LONGEST_FIELD = 100
_CODES = {"string_too_long": "too_long", "string_too_short": "empty"}
_SENTENCES = {"extra_forbidden": "There is no such field here.", "missing": "This is required."}

#: What each placeholder of a path names.
NAMED: Mapping[str, tuple[Prefix, str]] = {
    "org": (Prefix.ORGANIZATION, "organization"),
    "dom": (Prefix.DOMAIN, "domain"),
    "conn": (Prefix.CONNECTION, "connection"),
    "rev": (Prefix.REVISION, "revision"),
    "dir": (Prefix.DIRECTORY, "directory"),
    "tok": (Prefix.TOKEN, "token"),
    "role": (Prefix.ROLE, "role"),
    "map": (Prefix.MAPPING, "mapping"),
    "mem": (Prefix.MEMBER, "member"),
    "key": (Prefix.KEY, "key"),
    "alm": (Prefix.ALARM, "alarm"),
    "fac": (Prefix.FACTOR, "factor"),
    "ses": (Prefix.SESSION, "session"),
    "lnk": (Prefix.LINK, "setup link"),
    "inv": (Prefix.INVITATION, "invitation"),
}
Q = TypeVar("Q", bound=Query)


class _Object(dict[str, Any]):
    """A JSON object that remembers a name it held twice."""

    repeated: str | None = None


def check_ids(ids: Mapping[str, str]) -> None:
    """Each id of the path has the form of one. Raises NotFoundError."""
    for placeholder, value in ids.items():
        prefix, name = NAMED[placeholder]
        if not is_id(value, prefix):
            raise NotFoundError(f"There is no such {name}.")


def refuse_dry_run() -> None:
    """What would turn a change into a question is refused where it is not understood: never ignored."""
    if "dry_run" in request.args:
        raise InvalidInputError("There is no dry run of this.", code="not_supported", field="dry_run")
    if "If-Match" in request.headers:
        raise InvalidInputError("There is no dry run of this to match.", code="not_supported", field="If-Match")


def read_query(model: type[Q], *, apart: type[Query] | None = None) -> Q:
    """The query parameters, each once, without those of `apart`, which are read by themselves. Raises
    InvalidInputError.
    """
    elsewhere = apart.model_fields if apart is not None else {}
    return _read_given(model, {name: value for name, value in _given().items() if name not in elsewhere})


def read_apart(model: type[Q]) -> Q:
    """Those of the query parameters that `model` names. Raises InvalidInputError."""
    return _read_given(model, {name: value for name, value in _given().items() if name in model.model_fields})


def _given() -> dict[str, str]:
    given = request.args.to_dict(flat=False)
    for name, values in given.items():
        if len(values) > 1:
            raise InvalidInputError("This is given more than once.", field=_field((name,)))
        if "\0" in values[0]:
            raise InvalidInputError("This holds a character that cannot be stored.", field=_field((name,)))
    return {name: values[0] for name, values in given.items()}


def _read_given(model: type[Q], given: Mapping[str, str]) -> Q:
    try:
        return model.model_validate_strings(given)
    except ValidationError as error:
        raise _invalid(error) from error


def read_body(model: type[Body] | None) -> Body | None:
    """The JSON body as `model`; an empty one counts as {}. Raises InvalidInputError, UnsupportedMediaType."""
    raw = request.get_data()
    if model is None:
        if raw:
            raise InvalidInputError("This call takes no body.", code="unexpected_body")
        return None
    if raw and (request.mimetype != "application/json" or _charset() not in {"utf-8", "utf8"}):
        raise UnsupportedMediaType("Send JSON as application/json, in UTF-8.")
    tree = read_json(raw) if raw else {}
    try:
        return model.model_validate_json(json.dumps(tree))
    except ValidationError as error:
        raise _invalid(error) from error


def read_json(raw: bytes) -> dict[str, Any]:
    """A JSON object without what two readers might take differently. Raises InvalidInputError naming the field."""
    try:
        tree = json.loads(
            raw.decode(),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_constant=float,  # NaN and Infinity, refused below with their place
        )
    except UnicodeDecodeError as error:
        raise InvalidInputError("The body is not UTF-8.", code="malformed_json") from error
    except RecursionError as error:
        raise _too_deep(()) from error
    except ValueError as error:
        raise InvalidInputError(f"The body is not JSON: {error}.", code="malformed_json") from error
    if not isinstance(tree, _Object):
        raise InvalidInputError("The body must be a JSON object.", code="malformed_json")
    _check(tree, ())
    return tree


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    read = _Object(pairs)
    if len(read) < len(pairs):
        names = [name for name, _ in pairs]
        read.repeated = next(name for name in names if names.count(name) > 1)
    return read


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_DIGITS else math.inf


def _check(value: Any, place: tuple[str | int, ...]) -> None:
    """Every text can be stored, every number is exact everywhere, no name stands twice, nothing is nested too deep."""
    if len(place) > DEEPEST:
        raise _too_deep(place[:DEEPEST])
    if isinstance(value, str):
        _check_text(value, place)
    elif isinstance(value, int | float) and not (math.isfinite(value) and abs(value) <= _LARGEST):
        raise InvalidInputError("This number is too large, or none.", field=_field(place))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            _check(item, (*place, position))
    elif isinstance(value, _Object):
        _check_object(value, place)


def _check_object(value: _Object, place: tuple[str | int, ...]) -> None:
    for name, item in value.items():
        _check_text(name, place)
        _check(item, (*place, name))
    if value.repeated is not None:
        raise InvalidInputError(
            "This field is given twice.", code="duplicate_field", field=_field((*place, value.repeated))
        )


def _check_text(text: str, place: tuple[str | int, ...]) -> None:
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidInputError(
            "This holds characters that cannot be stored.", code="bad_characters", field=_field(place)
        )


def _too_deep(place: tuple[str | int, ...]) -> InvalidInputError:
    return InvalidInputError(f"This is nested deeper than {DEEPEST} levels.", code="too_deep", field=_field(place))


def _invalid(error: ValidationError) -> InvalidInputError:
    """The first thing that is wrong; an unknown name comes before a missing one, because it may be that one."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    first: ErrorDetails = min(found, key=lambda fault: fault["type"] != "extra_forbidden")
    sentence = _SENTENCES.get(first["type"]) or first["msg"].rstrip(".") + "."
    return InvalidInputError(sentence, code=_CODES.get(first["type"]), field=_field(first["loc"]))


def _field(place: tuple[str | int, ...]) -> str | None:
    """A place in the caller's own spelling, dotted; what cannot be printed is left out."""
    dotted = ".".join(str(part) for part in place)
    return "".join(character for character in dotted if character.isprintable())[:_LONGEST_FIELD] or None


def _charset() -> str:
    return request.mimetype_params.get("charset", "utf-8").lower()


def takes_nothing(model: type[BaseModel]) -> bool:
    """Whether a body of this model may be left out."""
    return not any(field.is_required() for field in model.model_fields.values())
