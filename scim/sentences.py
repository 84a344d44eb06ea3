"""What the protocol library refuses, in sentences for whoever administers the identity provider.

The library says what its models found wrong; the words that reach a client, and the record, are these.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from scim.redaction import without_secrets

#: As much of a request as an error tells back at a stretch.
_LONGEST_QUOTATION = 100
_A_MOMENT = "a date and time, such as 2026-01-31T12:00:00Z"
#: Attributes a filter may compare with some values only -> what these are.
_COMPARED_WITH = {
    "active": "true or false",
    "primary": "true or false",
    "created": _A_MOMENT,
    "lastModified": _A_MOMENT,
}
_LISTED = "/Schemas lists those there are."


def sentence_of(detail: str) -> str:
    """The detail of an error as one or more whole sentences; what was written here already stays as it is."""
    detail = _without_the_library(detail).removeprefix("Value error, ")
    for pattern, worded in _WORDED:
        found = pattern.fullmatch(detail)
        if found is not None:
            detail = worded(found)
            break
    return detail if detail.endswith((".", "!", "?")) else f"{detail}."


def sent(detail: str) -> str:
    """A detail as it leaves: no long piece of the request, and none of our tokens, comes back.

    The record is made of the whole one, in which it finds what the request says of people.
    """
    return without_secrets(_LONG_WORD.sub(r"\1…\2", detail))


def listed(names: Iterable[str]) -> str:
    """Names as they are read: "GET", "GET and POST", "GET, PUT and PATCH"."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _without_the_library(detail: str) -> str:
    """A validation error printed as a whole, as the library's own errors are: "reason: place"."""
    found = _OF_PYDANTIC.search(detail)
    if found is None:
        return detail
    reason, place = found[2].strip(), _ITEM.sub(r"[\1]", found[1] or "").strip()
    return f"{reason}: {_camel(place)}" if place else reason


_OF_PYDANTIC = re.compile(r"validation errors? for [^\n]+\n(?:([^\n]*)\n)?  ([^\n]+?) \[type=")
_ITEM = re.compile(r"\.(\d+)")
_LONG_WORD = re.compile(rf"(\S{{{_LONGEST_QUOTATION}}})\S+?(\W?(?:\s|$))")
_PREFIX = re.compile(r"urn:ietf:params:scim:schemas:[\w.:]+?:2\.0:(?:User|Group):(?=.)")


def _camel(name: str) -> str:
    """An attribute as SCIM spells it: models spell it as Python does."""
    return re.sub(r"_(\w)", lambda letter: letter[1].upper(), name)


def _short(name: str) -> str:
    """An attribute without the schema that everybody knows it from."""
    return _PREFIX.sub("", name)


Worded = Callable[[re.Match[str]], str]


def _must_be(what: str) -> Worded:
    """About the value at the end of the library's sentence, or about the body."""
    return lambda found: f"{_short(found['place'] or 'The body')} must be {what}."


def _as_it_is(text: str) -> Worded:
    return lambda _: text


def _comparison(found: re.Match[str]) -> str:
    name = _short(found[1])
    expected = _COMPARED_WITH.get(name.rpartition(".")[2], "a value of its type")
    return f"The filter compares {name} with a value it cannot have: {expected} was expected."


def _selection(found: re.Match[str]) -> str:
    return (
        f"{_short(found[1])} has one value only. Square brackets select entries of an attribute that has several, such"
        " as emails."
    )


def _table() -> Iterable[tuple[re.Pattern[str], Worded]]:
    place = r"(?:: (?P<place>\S+))?"
    for shape, what in (
        (r"Input should be a valid boolean.*?", "true or false"),
        (r"Input should be a valid string.*?|Expected str.*?|Expected string.*?", "text"),
        (r"Input should be a valid list", "a list"),
        (r"Input should be a valid dictionary or instance of \S+?", "a JSON object"),
        (r"Input should be a valid integer.*?", "a whole number"),
        (r"Input should be a valid datetime.*?", _A_MOMENT),
        (r"Invalid URI.*?", "a URI"),
        (r"Base64 decoding error.*?", "Base64"),
    ):
        yield re.compile(rf"(?:{shape}){place}", re.DOTALL), _must_be(what)
    yield from (
        (re.compile(text, re.DOTALL), worded)
        for text, worded in (
            (rf"Input should be (?P<choices>'.+?'){place}",
             lambda found: f"{_short(found['place'] or 'The value')} must be {found['choices'].replace(chr(39), '')}."),
            (rf"Field required{place}", lambda found: f"{found['place'] or 'A field'} is missing."),
            (rf"Field '(\w+)' is required but value is missing.*?{place}",
             lambda found: f"{found[1]} is required and must not be empty."),
            (r"operations attribute is required|operations holds one or more operations",
             _as_it_is("Operations is missing or empty; a PATCH needs at least one operation.")),
            (r"Field '(\w+)' has (\d+) items marked as primary.*",
             lambda found: f"{found[1]} has {found[2]} primary entries. Only one may be."),
            (r"Multiple (?:values marked as primary|primary values already exist)",
             _as_it_is("More than one entry would be primary. Only one may be.")),
            (r"schemas must contain the base schema '(\S+)'.*", lambda found: f"schemas must contain {found[1]}."),
            (r"Field not found: (\S+)", lambda found: f"There is no attribute '{found[1]}'. {_LISTED}"),
            (r"'(\S+)' is (?:not an attribute of the schema|not declared by the resource schema)",
             lambda found: f"There is no attribute '{_short(found[1])}'. {_LISTED}"),
            (r"Cannot sort on '(.+)'", lambda found: f"There is no attribute '{found[1]}' to sort by. {_LISTED}"),
            (r"'(\S+)' is a complex attribute, sort on one of its sub-attributes",
             lambda found: f"{found[1]} has several parts. Sort by one of them, as in name.familyName."),
            (r"operator '(\w+)' cannot be applied to the (\S+) attribute '(\S+)'",
             lambda found: f"{_short(found[3])} is {found[2]} and cannot be compared by {found[1]}. Use eq or ne."),
            (r"value .* is not valid for attribute '(\S+)'", _comparison),
            (r"attribute '(\S+)' is not multi-valued and holds no values to select", _selection),
            (r"the (filter|path) nests more than (\d+) expressions",
             lambda found: f"The {found[1]} nests more than {found[2]} expressions."),
            (r"invalid syntax(?: at column (\d+))?", lambda found: _path(found[1])),
            (r"'attributes' and 'excluded_attributes' are mutually exclusive",
             _as_it_is("Send either attributes or excludedAttributes, not both.")),
            (r"Remove operation requires a path", _as_it_is("A remove operation needs a path.")),
            (r"required attribute cannot be (\w+)", lambda found: f"A required attribute cannot be {found[1]}."),
            (r"required attribute '(\w+)' became unassigned",
             lambda found: f"{found[1]} is required and must not be empty."),
            (r".* is not a PATCH operation.*", _as_it_is("op must be add, remove or replace.")),
            (r"value is required for (\w+) operations",
             lambda found: f"A value is required for {found[1]} operations."),
            (r"'(\S+)' is (read-only|immutable)",
             lambda found: f"{_short(found[1])} is {found[2]}; it cannot be changed."),
            (r"the value written to '(.*)' must be an object",
             lambda found: f"The value of {_short(found[1])} must be a JSON object." if found[1]
             else "An operation without a path needs an object as its value."),
            (r"no value of '(\S+)' matches the path filter",
             lambda found: f"No entry of {_short(found[1])} matches the filter in the path."),
            (r"the value contradicts the filter of '(.+)'",
             _as_it_is("The value contradicts the filter in the path of its operation.")),
            (r"No SCIM endpoint at '(.*)'",
             lambda found: f"There is no SCIM endpoint at '{found[1]}'. What follows the base URL begins with /Users or"
             " /Groups."),
            (r"No resource type (?:found|is served) at '?(.*?)'?",
             lambda found: f"There is no endpoint '{found[1]}'. Users are at /Users, groups at /Groups."),
            (r"Resource type '(.*)' not found",
             lambda found: f"There is no resource type '{found[1]}'. /ResourceTypes lists those there are."),
            (r"Schema '(.*)' not found", lambda found: f"There is no schema '{found[1]}'. {_LISTED}"),
            (r"(?:POST )?/Me is not supported",
             _as_it_is("/Me is not supported: a token belongs to a directory, not to a person.")),
            (r"Discovery endpoints do not support filtering",
             _as_it_is("What describes the service cannot be filtered. Send the request without filter.")),
            (r"Failed to update\. Resource has changed on the server",
             _as_it_is("The resource has changed since the version in If-Match. Read it again, then send the change.")),
        )
    )  # fmt: skip


def _path(column: str | None) -> str:
    where = f" at or before character {column}" if column else ""
    return (
        f"An attribute path is not understood{where}. It looks like title, name.givenName or"
        ' emails[type eq "work"].value.'
    )


_WORDED = tuple(_table())
