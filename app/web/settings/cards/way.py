"""The way to single sign-on, step by step, for an organization that does not require it yet."""

from __future__ import annotations

from app.rules.connections import ConnectionState
from app.rules.domains import DomainState
from app.web.presentation.authentication import Domain, RecoveryCodes, Stage
from app.web.presentation.connections import Connection
from app.web.presentation.guides import SetupUnderWay
from app.web.settings.controls import PAGE

_STATES = (DomainState.VERIFIED, DomainState.PENDING, DomainState.FAILED)


def way_to_single_sign_on(
    domains: tuple[Domain, ...],
    codes: RecoveryCodes,
    connections: tuple[Connection, ...],
    setups: tuple[SetupUnderWay, ...],
) -> tuple[Stage, ...]:
    """What is done and what is next; () once single sign-on is in force."""
    if any(connection.state == ConnectionState.ACTIVE for connection in connections):
        return ()
    tested = next((one for one in connections if one.is_tested), None)
    return (
        _domain(domains),
        Stage(
            "Store recovery codes",
            f"Confirmed by {codes.confirmed_by}" if _stored(codes) else "They let you in when nothing else does.",
            f"{PAGE}#recovery-codes",
            is_done=_stored(codes),
        ),
        _connection(connections, setups),
        Stage(
            "Test it as yourself",
            f"{tested.name} let you in within a day" if tested else _untested(connections),
            f"{PAGE}#{tested.id if tested else 'single-sign-on'}",
            is_done=tested is not None,
        ),
        _requirement(tested),
    )


def _untested(connections: tuple[Connection, ...]) -> str:
    was_tested = any(one.last_test is not None and one.last_test.succeeded for one in connections)
    return "A test counts for a day: make another." if was_tested else "A test changes nobody's sign-in."


def _stored(codes: RecoveryCodes) -> bool:
    return codes.confirmed is not None and codes.left > 0


def _domain(domains: tuple[Domain, ...]) -> Stage:
    by_state = {state: [domain.host for domain in domains if domain.state == state] for state in DomainState}
    verified, waiting, failed = (by_state[state] for state in _STATES)
    detail = "One DNS record shows that it is yours."
    if verified:
        detail = ", ".join(verified)
    elif waiting:
        detail = f"{', '.join(waiting)} waits for its record."
    elif failed:
        detail = f"The record of {', '.join(failed)} was not found; check again."
    return Stage("Verify your email domain", detail, f"{PAGE}#domains", is_done=bool(verified))


def _connection(connections: tuple[Connection, ...], setups: tuple[SetupUnderWay, ...]) -> Stage:
    label, here = "Connect your identity provider", f"{PAGE}#single-sign-on"
    if connections:
        return Stage(label, ", ".join(one.name for one in connections), here, is_done=True)
    if setups:
        under_way = setups[0]
        return Stage(label, f"{under_way.title}, step {under_way.step} of {under_way.steps}", under_way.href)
    return Stage(label, "Okta, Entra ID, Google or another.", here)


def _requirement(tested: Connection | None) -> Stage:
    ready = tested.readiness if tested is not None else None
    detail = "You see first who is ready for it."
    if ready is not None:
        detail = f"{ready.ready:,} of {ready.people:,} people are ready for it."
    return Stage("Require it", detail, f"{PAGE}#{tested.id if tested else 'single-sign-on'}")
