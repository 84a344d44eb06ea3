"""Why a filter cannot be understood: where it goes wrong, what was expected there, and what stood there instead."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

from scim.redaction import COMPARISONS, LITERALS

_WORD = re.compile(r'"(?:\\.|[^"\\])*"?|[()\[\]]|[^\s()\[\]"]+')
_ATTRIBUTE = re.compile(r"(?:urn:[\w.:-]+:)?[A-Za-z$][\w$-]*(?:\.[A-Za-z$][\w$-]*)?", re.IGNORECASE)
_PART = re.compile(r"\.[A-Za-z$][\w$-]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9A-Fa-f]{4})*"')
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
#: What is told as it stands of what was found: one plain word.
_TELLABLE = re.compile(r"\.?[A-Za-z][\w.-]{0,39}")
_SIGNS = {
    "(": "an opening parenthesis",
    ")": "a closing parenthesis",
    "[": "an opening bracket",
    "]": "a closing bracket",
}
_CLOSING = {")": "(", "]": "["}
_GRAMMAR = 'A filter looks like userName eq "value", and several are joined by and or or.'


class _Expected(Enum):
    """What may stand next."""

    CONDITION = "the name of an attribute"
    OPERATOR = "an operator (eq, ne, co, sw, ew, gt, ge, lt, le or pr)"
    VALUE = "a value (text in double quotation marks, a number, true, false or null)"
    JOINT = "and, or or the end of the filter"


@dataclass
class _Reading:
    """How far a filter has been understood."""

    expected: _Expected = _Expected.CONDITION
    before: str = ""
    open: list[str] = field(default_factory=list)

    def take(self, word: str) -> bool:
        """Go on by one word; False where it does not belong."""
        following = self._following(word)
        if following is None:
            return False
        self.expected, self.before = following, word
        return True

    def _following(self, word: str) -> _Expected | None:
        """What may stand after a word; None where the word may not stand here."""
        match self.expected:
            case _Expected.CONDITION:
                return self._began(word)
            case _Expected.OPERATOR:
                return self._compared(word)
            case _Expected.VALUE:
                is_value = _STRING.fullmatch(word) or _NUMBER.fullmatch(word) or word.lower() in LITERALS
                return _Expected.JOINT if is_value else None
            case _Expected.JOINT:
                return self._joined(word)

    def _began(self, word: str) -> _Expected | None:
        if word == "(":
            self.open.append(word)
            return _Expected.CONDITION
        if word.lower() == "not":
            return _Expected.CONDITION
        return _Expected.OPERATOR if _ATTRIBUTE.fullmatch(word) else None

    def _compared(self, word: str) -> _Expected | None:
        if word == "[" and "[" not in self.open:
            self.open.append(word)
            return _Expected.CONDITION
        if word.lower() == "pr":
            return _Expected.JOINT
        return _Expected.VALUE if word.lower() in COMPARISONS else None

    def _joined(self, word: str) -> _Expected | None:
        if word in _CLOSING and self.open and self.open[-1] == _CLOSING[word]:
            self.open.pop()
            return _Expected.JOINT
        if self.before == "]" and _PART.fullmatch(word):
            return _Expected.OPERATOR
        return _Expected.CONDITION if word.lower() in ("and", "or") else None


def fault_of(text: str) -> str:
    """What is wrong with a filter that the parser refused, in sentences. Nothing but single plain words is quoted."""
    if not text.strip():
        return f"The filter is empty. {_GRAMMAR}"
    reading = _Reading()
    for found in _WORD.finditer(text):
        if not reading.take(found.group()):
            return _misplaced(found.group(), reading, character=found.start() + 1)
    if reading.expected is not _Expected.JOINT:
        return f"The filter ends too early: {reading.expected.value} was expected after {_told(reading.before)}."
    if reading.open:
        return f"The filter ends too early: {_SIGNS[reading.open[-1]]} is never closed."
    return f"The filter is not understood. {_GRAMMAR}"


def _misplaced(word: str, reading: _Reading, *, character: int) -> str:
    if reading.expected is _Expected.VALUE and word.startswith('"'):
        if len(word) == 1 or not word.endswith('"'):
            return f"The text that begins at character {character} of the filter has no closing quotation mark."
        return (
            f"The text that begins at character {character} of the filter holds a control character or an escape that"
            " JSON does not have."
        )
    after = f" after {_told(reading.before)}" if reading.before else ""
    return (
        f"The filter is not understood at character {character}: {reading.expected.value} was expected{after}, and"
        f" {_told(word)} was found."
    )


def _told(word: str) -> str:
    """A word of a filter as an error tells it; values of people are not told."""
    if word in _SIGNS:
        return _SIGNS[word]
    if word.startswith('"'):
        return "text in quotation marks"
    return f"'{word}'" if _TELLABLE.fullmatch(word) else "something else"
