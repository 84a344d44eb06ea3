"""The checklists: how many lines each has, and which lines, or parts of them, no test here can show."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.scim.checklists.origins import Origin


@dataclass(frozen=True)
class Checklist:
    """Numbered lines. The test of line 7 is named `test_<prefix>7_...`."""

    title: str
    prefix: str
    last: int

    @property
    def lines(self) -> list[str]:
        return [f"{self.prefix}{number}" for number in range(1, self.last + 1)]


NUMBERED = (
    Checklist("What Microsoft Entra sends", "e", 24),
    Checklist("What Entra's validator requires", "v", 25),
    Checklist("What Entra's validator previews", "preview_", 7),
    Checklist("What Okta sends", "o", 13),
    Checklist("Okta's SPEC test", "spec_", 12),
    Checklist("The requirements of the standards", "rfc_", 50),
    Checklist("Failures that users met elsewhere", "failure_", 30),
)

#: Clients whose lines have no numbers.
CLIENTS = ("cyberark", "jumpcloud", "pingone", "rippling", "onelogin", "google", "any_idp")

#: Lines without a test: line -> why.
NOT_TESTED = {
    "google": "the only page about Google Workspace as a client is of low trust and names no request",
    "rfc_48": "events (RFC 9967) are optional and not built",
    "rfc_49": "the draft on soft delete expired; what RFC 7644 3.6 says of deletion is rfc_32",
    "rfc_50": "the drafts it names are not built",
}

#: Lines whose test leaves a part out: line -> which part, and why.
PARTLY_TESTED = {
    "e16": "the 30 days until Entra deletes for good pass in Entra, not here",
    "e21": "TLS ends at the proxy; the 40 minutes between cycles are Entra's own",
    "rfc_40": "names compare by NFC and lower case, passwords are not kept: PRECIS profiles have nothing to prepare",
    "rfc_42": "TLS ends at the proxy",
    "rfc_45": "a cursor expires by the system's clock, which no test waits for or turns",
    "failure_6": "an alarm about a group that shrinks is not part of what a client sees",
}

ALL = [line for checklist in NUMBERED for line in checklist.lines] + list(CLIENTS)

_NUMBERED = re.compile(rf"test_({'|'.join(checklist.prefix for checklist in NUMBERED)})(\d+)_\w+")
_NAMED = re.compile(rf"test_({'|'.join(CLIENTS)})_\w+")


def line_of(test: str) -> str | None:
    """The line a test is named for, or None."""
    found = _NUMBERED.fullmatch(test)
    if found is not None:
        return f"{found[1]}{found[2]}"
    found = _NAMED.fullmatch(test)
    return None if found is None else found[1]


#: An origin is named with a source of this form.
SOURCES = {
    Origin.RECORDED_EXCHANGE: re.compile(r"https://\S+"),
    Origin.VENDOR_DOCUMENTATION: re.compile(r"https://\S+"),
    Origin.VENDOR_TEST_SUITE: re.compile(r"https://\S+"),
    Origin.PUBLIC_THREAD: re.compile(r"https://github\.com/\S+/(issues|pull)/\d+"),
    Origin.THIRD_PARTY_GUIDE: re.compile(r"https://\S+"),
    Origin.STANDARD: re.compile(r"RFC \d{4} \d+(\.\d+)*(, (RFC \d{4} )?\d+(\.\d+)*)*"),
    Origin.MADE_UP_HERE: re.compile(r"\w.+"),
}
