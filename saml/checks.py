"""Our own checks of a response whose signature is valid: issuer, addressee, request, and every time in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.rules.connections import Flow
from app.rules.identity import Rejection
from saml.documents import SAML, Element, children, descend, read_time, text
from saml.gate import Admitted
from saml.library import audiences, issuers
from saml.rejections import Name, reject
from saml.settings import ServiceProvider

_BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_TIMES = ("IssueInstant", "NotBefore", "NotOnOrAfter", "AuthnInstant", "SessionNotOnOrAfter")
# A page of the provider posts its answer at once: longer than a slow network needs, shorter than an assertion lives.
_LONGEST_UNSOLICITED = timedelta(minutes=3)
_CONDITIONS = frozenset(f"{SAML}{name}" for name in ("AudienceRestriction", "OneTimeUse", "ProxyRestriction"))


@dataclass(frozen=True, slots=True)
class Expected:
    """What a response is compared with. `skew` is how far the provider's clock may be from `now`, either way.

    Without a `flow` the response is one that nobody here has asked for; `unsolicited_allowed` is what the connection
    says of such ones.
    """

    service_provider: ServiceProvider
    issuer: str
    flow: Flow | None
    now: datetime
    skew: timedelta
    unsolicited_allowed: bool = False

    def is_over(self, end: datetime) -> bool:
        """Whether a validity that ends (exclusively) at `end` has ended, even on a clock that is behind ours."""
        return self.now - self.skew >= end

    def is_ahead(self, start: datetime) -> bool:
        """Whether `start` is in the future, even on a clock that is ahead of ours."""
        return self.now + self.skew < start

    def clock(self) -> str:
        """Our clock for the administrator."""
        return f"within {self.skew.total_seconds():.0f} s of {self.now.isoformat(timespec='seconds')}"


def check(admitted: Admitted, expected: Expected) -> Rejection | None:
    """The first of `_CHECKS` that refuses, or None. To be called only after saml.library.judge."""
    return next((refused for one in _CHECKS if (refused := one(admitted, expected))), None)


def moment(element: Element, attribute: str) -> datetime | None:
    """A time of the assertion; `_times_readable` has seen that it can be read."""
    value = element.get(attribute)
    return None if value is None else read_time(value)


def authn_statement(assertion: Element) -> Element:
    """The one AuthnStatement (python3-saml has counted)."""
    return children(assertion, f"{SAML}AuthnStatement")[0]


def bearer_data(assertion: Element) -> list[Element]:
    """SubjectConfirmationData of every bearer confirmation; python3-saml also takes an empty Method for one."""
    confirmations = descend(assertion, f"{SAML}Subject", f"{SAML}SubjectConfirmation")
    bearers = (confirmation for confirmation in confirmations if confirmation.get("Method") == _BEARER)
    return [data for bearer in bearers for data in children(bearer, f"{SAML}SubjectConfirmationData")]


def _times_readable(admitted: Admitted, _: Expected) -> Rejection | None:
    """1. Every time of the assertion is one: xs:dateTime also knows years that no clock here does."""
    for element in admitted.assertion.iter(f"{SAML}*"):
        for attribute in _TIMES:
            try:
                moment(element, attribute)
            except ValueError:
                return reject(Name.TIME_UNREADABLE, received=f"{attribute}={element.get(attribute)}")
    return None


def _issued_by_the_provider(admitted: Admitted, expected: Expected) -> Rejection | None:
    """2. Each Issuer is the configured one, character by character; python3-saml passes over an empty one."""
    for issuer in issuers(admitted):
        if text(issuer) != expected.issuer:
            return reject(Name.ISSUER_MISMATCH, expected=expected.issuer, received=text(issuer))
    return None


def _answers_our_request(admitted: Admitted, expected: Expected) -> Rejection | None:
    """3. InResponseTo of the Response is the one request that this browser was sent away with. A response that nobody
    has asked for has none anywhere (SAML profiles 4.1.5), or it is one that was asked for, in the wrong browser.
    """
    if expected.flow is not None:
        return _same_request(admitted.root.get("InResponseTo"), expected.flow)
    answered = [named for element in admitted.root.iter() if (named := element.get("InResponseTo")) is not None]
    if answered:
        return reject(Name.REQUEST_UNKNOWN, received=answered[0])
    return None if expected.unsolicited_allowed else reject(Name.UNSOLICITED)


def _same_request(answered: str | None, flow: Flow) -> Rejection | None:
    if answered is None:
        return reject(Name.IN_RESPONSE_TO_MISSING, expected=flow.request_id)
    if answered != flow.request_id:
        return reject(Name.IN_RESPONSE_TO_MISMATCH, expected=flow.request_id, received=answered)
    return None


def _sent_to_us(admitted: Admitted, expected: Expected) -> Rejection | None:
    """4. Destination is the ACS, exactly. It may be absent when only the assertion is signed (PingFederate)."""
    acs_url, destination = expected.service_provider.acs_url, admitted.root.get("Destination")
    if destination is None and admitted.response_is_signed:
        return reject(Name.DESTINATION_MISSING, expected=acs_url)
    if destination not in (None, acs_url):
        return reject(Name.DESTINATION_MISMATCH, expected=acs_url, received=str(destination))
    return None


def _made_for_us(admitted: Admitted, expected: Expected) -> Rejection | None:
    """5. There is an audience, and every AudienceRestriction names us: they are joined by AND (SAML core 2.5.1.4)."""
    entity_id = expected.service_provider.entity_id
    if not audiences(admitted.assertion):
        return reject(Name.AUDIENCE_MISSING, expected=entity_id)
    for restriction in descend(admitted.assertion, f"{SAML}Conditions", f"{SAML}AudienceRestriction"):
        named = [text(audience) for audience in children(restriction, f"{SAML}Audience")]
        if entity_id not in named:
            return reject(Name.AUDIENCE_MISMATCH, expected=entity_id, received=", ".join(named))
    return None


def _conditions_hold(admitted: Admitted, expected: Expected) -> Rejection | None:
    """6. No condition that we do not know, which would leave validity open (SAML core 2.5.1.1), and we are in time."""
    conditions = children(admitted.assertion, f"{SAML}Conditions")[0]  # python3-saml has counted
    unknown = [str(condition.tag) for condition in conditions if condition.tag not in _CONDITIONS]
    if unknown:
        return reject(Name.CONDITION_UNKNOWN, received=", ".join(unknown))
    return _in_time(conditions, expected, early=Name.ASSERTION_NOT_YET_VALID, late=Name.ASSERTION_EXPIRED)


def _in_time(element: Element, expected: Expected, *, early: Name, late: Name) -> Rejection | None:
    start, end = moment(element, "NotBefore"), moment(element, "NotOnOrAfter")
    if start is not None and expected.is_ahead(start):
        return reject(early, expected=expected.clock(), received=f"NotBefore={start.isoformat()}")
    if end is not None and expected.is_over(end):
        return reject(late, expected=expected.clock(), received=f"NotOnOrAfter={end.isoformat()}")
    return None


def _confirmed(admitted: Admitted, expected: Expected) -> Rejection | None:
    """7. One bearer confirmation holds in every respect; if none does, the first one's fault is told."""
    refusals = [_confirmation(data, expected) for data in bearer_data(admitted.assertion)]
    if not refusals:
        return reject(Name.CONFIRMATION_MISSING, expected=_BEARER)
    return None if None in refusals else refusals[0]


def _confirmation(data: Element, expected: Expected) -> Rejection | None:
    """Recipient, InResponseTo and NotOnOrAfter must all be there (SAML profiles 4.1.4.2)."""
    acs_url, recipient = expected.service_provider.acs_url, data.get("Recipient")
    if recipient is None:
        return reject(Name.RECIPIENT_MISSING, expected=acs_url)
    if recipient != acs_url:
        return reject(Name.RECIPIENT_MISMATCH, expected=acs_url, received=recipient)
    if expected.flow is not None and (refused := _same_request(data.get("InResponseTo"), expected.flow)):
        return refused
    if data.get("NotOnOrAfter") is None:
        return reject(Name.CONFIRMATION_WITHOUT_EXPIRY)
    return _in_time(data, expected, early=Name.CONFIRMATION_NOT_YET_VALID, late=Name.CONFIRMATION_EXPIRED)


def _made_now(admitted: Admitted, expected: Expected) -> Rejection | None:
    """8. Issued, and the person authenticated, not in the future; issued after the request that it answers, or, where
    nobody has asked, just now.
    """
    for element, attribute in (
        (admitted.assertion, "IssueInstant"),
        (authn_statement(admitted.assertion), "AuthnInstant"),
    ):
        instant = read_time(element.get(attribute, ""))
        if expected.is_ahead(instant):
            received = f"{attribute}={instant.isoformat()}"
            return reject(Name.ISSUED_IN_FUTURE, expected=expected.clock(), received=received)
    issued = read_time(admitted.assertion.get("IssueInstant", ""))
    asked_at = expected.flow.started_at if expected.flow is not None else expected.now - _LONGEST_UNSOLICITED
    if issued < asked_at - expected.skew:
        name = Name.ISSUED_BEFORE_REQUEST if expected.flow is not None else Name.ISSUED_TOO_LONG_AGO
        earliest = f"after {asked_at.isoformat(timespec='seconds')}"
        return reject(name, expected=earliest, received=issued.isoformat())
    return None


def _session_lives(admitted: Admitted, expected: Expected) -> Rejection | None:
    """9. The session at the provider has not ended."""
    end = moment(authn_statement(admitted.assertion), "SessionNotOnOrAfter")
    if end is not None and expected.is_over(end):
        return reject(Name.SESSION_EXPIRED, expected=expected.clock(), received=end.isoformat())
    return None


def _authenticated_again(admitted: Admitted, expected: Expected) -> Rejection | None:
    """10. A test sign-in asked for a fresh authentication (ForceAuthn), which providers may ignore.

    Other sign-ins may rest on an older one: Entra's sessions live for 90 days.
    """
    authenticated = read_time(authn_statement(admitted.assertion).get("AuthnInstant", ""))
    flow = expected.flow
    if flow is not None and flow.authenticate_again and authenticated < flow.started_at - expected.skew:
        started = flow.started_at.isoformat(timespec="seconds")
        return reject(Name.NOT_AUTHENTICATED_AGAIN, expected=f"after {started}", received=authenticated.isoformat())
    return None


_CHECKS: tuple[Callable[[Admitted, Expected], Rejection | None], ...] = (
    _times_readable,
    _issued_by_the_provider,
    _answers_our_request,
    _sent_to_us,
    _made_for_us,
    _conditions_hold,
    _confirmed,
    _made_now,
    _session_lives,
    _authenticated_again,
)
