"""How settings of a connection differ, under the names of the setup form."""

from __future__ import annotations

from collections.abc import Mapping

from app.rules.connections import ConnectionKind, Settings
from app.rules.revisions import compare
from app.services.revisions import RevisionFacts
from app.web.presentation.differences import DifferenceRow
from app.web.wording import readable

#: What parts of a setting are called where the form has no name for them.
_PARTS = {"not_after": "valid until"}


def differences(kind: ConnectionKind, measure: RevisionFacts, other: RevisionFacts) -> tuple[DifferenceRow, ...]:
    """What is different from one revision to another."""
    return differences_between(kind, measure.settings, other.settings, secrets=other.other_secrets)


def differences_between(
    kind: ConnectionKind, before: Settings, after: Settings, *, secrets: frozenset[str] = frozenset()
) -> tuple[DifferenceRow, ...]:
    """What is different from some settings to others; `secrets` are the names of those that changed."""
    labels = {field.name: field.label for field in kind.setup_fields()}
    found = compare(kind.summary(before), kind.summary(after), secrets=secrets)
    return tuple(DifferenceRow(label_of(one.name, labels), one.before, one.after) for one in found)


def label_of(name: str, labels: Mapping[str, str]) -> str:
    """The form's label of the name, or of what it is a part of."""
    known, parts = name, list[str]()
    while known and known not in labels:
        known, _, last = known.rpartition(".")
        parts.insert(0, _PARTS.get(last) or readable(last))
    words = [labels[known], *parts] if known else parts[-1:]
    return ", ".join([words[0], *(word.lower() for word in words[1:])])
