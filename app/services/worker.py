"""The worker: leased jobs that need not be in anybody's transaction: mail, positions of events, domain checks,
followed metadata, sealing the audit log, deleting what is past its days.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from app.ports.mail import MailNotSentError
from app.rules.connections import ConnectionKind
from app.rules.following import ReadMetadata
from app.rules.sessions import KNOWN_BROWSER
from app.services import (
    audit_chain,
    domains,
    event_positions,
    expiry,
    following,
    invitations,
    key_pairs,
    mailbox,
    provider_sessions,
    scim_requests,
    setup_links,
    sign_in_log,
)
from app.services.unit_of_work import Transactions, UnitOfWork
from app.store import (
    connection_setups,
    connections,
    jobs,
    known_browsers,
    mass_changes,
    organizations,
    schema,
    sign_ins,
    tries,
)
from app.store import setup_links as setup_rows
from app.store.jobs import OutgoingMail

log = logging.getLogger("doorward.worker")

_LEASE = timedelta(minutes=2)
_FIRST_RETRY = timedelta(seconds=15)
_SLOWEST_RETRY = timedelta(hours=1)
_BATCH = 20
_MAILS = 1  # a mail server that hangs must not keep events from their places for longer than one mail takes
_KEEP_FLOWS = timedelta(days=1)
_KEEP_DISMISSED = timedelta(days=90)
_KEEP_SETUPS = timedelta(days=90)
_LOOK_AGAIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Keep:
    """How long things stay that are only kept for looking them up."""

    scim_requests: timedelta
    sign_ins: timedelta


@dataclass(frozen=True, slots=True)
class PeriodicJob:
    """A job that runs every so often, on one worker at a time."""

    name: str
    every: timedelta
    run: Callable[[Transactions], object]


def run_due(transactions: Transactions, periodic_jobs: Sequence[PeriodicJob]) -> bool:
    """Do what is due now; whether there was anything. A job that fails is logged and comes again."""
    busy = event_positions.give(transactions)
    busy = send_mail(transactions) or busy
    for job in _due(transactions, periodic_jobs):
        if _take(transactions, job):
            busy = True
            try:
                job.run(transactions)
            except Exception:  # one failing job must not stop the others
                log.exception("job failed", extra={"job": job.name})
    return busy


def send_mail(transactions: Transactions) -> bool:
    """Send what is waiting: leased in one transaction, sent outside any, settled in another."""
    with transactions.reading() as unit:
        if not jobs.any_mail_due(unit.session, unit.now):
            return False
    with transactions.writing() as unit:
        due = list(jobs.mail_due(unit.session, unit.now, limit=_MAILS))
        for row in due:
            row.next_try_at = unit.now + _LEASE
    for row in due:
        _send_one(transactions, row)
    return bool(due)


def check_domains(transactions: Transactions) -> None:
    """Look up every domain whose time has come.

    Each is put off first, so that none can keep the others from their turn.
    """
    with transactions.writing() as unit:
        rows = organizations.domains_due(unit.session, unit.now, limit=_BATCH)
        for row in rows:
            row.next_check_at = unit.now + _LOOK_AGAIN
        due = [(row.organization_id, row.id, row.host) for row in rows]
    for organization_id, domain_id, host in due:
        answer = transactions.ports.dns.txt(host)
        try:
            with transactions.writing() as unit:
                if organizations.domain(unit.session, organization_id, domain_id) is not None:
                    domains.apply_answer(unit, organization_id, domain_id, answer)
        except Exception:  # one domain must not stop the others; it comes again
            log.exception("domain check failed", extra={"domain": domain_id})


def forget(transactions: Transactions) -> None:
    """Delete flows, sessions, browsers, documents, assertions, dismissed alarms and setups that are past their days."""
    with transactions.writing() as unit:
        sign_ins.forget_expired(
            unit.session, flows_before=unit.now - _KEEP_FLOWS, sessions_before=unit.now - _KEEP_FLOWS
        )
        setup_rows.forget_sessions(unit.session, before=unit.now - _KEEP_FLOWS)
        tries.forget(unit.session, before=unit.now - _KEEP_FLOWS)
        known_browsers.forget(unit.session, before=unit.now - KNOWN_BROWSER)
        connections.forget_consumed(unit.session, unit.now)
        connections.forget_documents(unit.session, before=unit.now - _KEEP_FLOWS)
        connection_setups.forget(unit.session, begun_before=unit.now - _KEEP_SETUPS)
        mass_changes.forget(
            unit.session, quiet_since=unit.now - _KEEP_FLOWS, dismissed_before=unit.now - _KEEP_DISMISSED
        )


def optimize(transactions: Transactions) -> None:
    """Let SQLite learn how the tables are filled, without which it prefers the wrong index in large directories."""
    schema.analyze(transactions.database.engine)


def forget_scim_requests(transactions: Transactions, keep: Keep) -> None:
    """Delete records of SCIM requests that are past their days."""
    with transactions.reading() as unit:
        before = unit.now - keep.scim_requests
    scim_requests.forget(transactions, before=before)


def forget_sign_ins(transactions: Transactions, keep: Keep) -> None:
    """Delete attempts to sign in that are past their days."""
    with transactions.reading() as unit:
        before = unit.now - keep.sign_ins
    sign_in_log.forget(transactions, before=before)


def periodic(keep: Keep, read_metadata: ReadMetadata, kinds: Mapping[str, ConnectionKind]) -> tuple[PeriodicJob, ...]:
    """Every job there is."""
    return (
        PeriodicJob("optimize", timedelta(minutes=15), optimize),
        PeriodicJob("check_domains", timedelta(seconds=30), check_domains),
        PeriodicJob("follow_metadata", timedelta(seconds=10), partial(following.follow_due, read=read_metadata)),
        PeriodicJob("seal_audit", timedelta(seconds=5), audit_chain.seal),
        PeriodicJob("seal_all_audit", timedelta(hours=1), audit_chain.seal_all),
        PeriodicJob("tell_audit", timedelta(minutes=10), audit_chain.tell),
        PeriodicJob("close_invitations", timedelta(minutes=1), invitations.close_superseded),
        PeriodicJob("close_setup_links", timedelta(minutes=1), setup_links.close_orphaned),
        PeriodicJob("make_key_pairs", timedelta(hours=1), key_pairs.make_missing),
        PeriodicJob("watch_expiry", timedelta(hours=1), partial(expiry.tell_administrators, kinds=kinds)),
        PeriodicJob("give_up_sign_ins", timedelta(minutes=1), sign_in_log.give_up),
        PeriodicJob("forget_provider_sessions", timedelta(minutes=5), provider_sessions.forget_over),
        PeriodicJob("forget", timedelta(hours=1), forget),
        PeriodicJob("forget_sign_ins", timedelta(hours=1), partial(forget_sign_ins, keep=keep)),
        PeriodicJob("forget_scim_requests", timedelta(hours=1), partial(forget_scim_requests, keep=keep)),
    )


def _due(transactions: Transactions, periodic_jobs: Sequence[PeriodicJob]) -> list[PeriodicJob]:
    """Those whose time has come, or that have never run. Most of the time there is none, and nothing is written."""
    with transactions.reading() as unit:
        waiting = jobs.not_due(unit.session, unit.now)
    return [job for job in periodic_jobs if job.name not in waiting]


def _take(transactions: Transactions, job: PeriodicJob) -> bool:
    """Whether this worker runs the job now, and not another one."""
    with transactions.writing() as unit:
        jobs.add_missing(unit.session, job.name, now=unit.now)
        return jobs.take_job(unit.session, job.name, now=unit.now, next_run_at=unit.now + job.every)


def _send_one(transactions: Transactions, row: OutgoingMail) -> None:
    """Whatever is wrong with one mail must not keep the others waiting, nor outlive its time."""
    try:
        if row.expires_at > transactions.ports.clock.now():
            transactions.ports.post.send(mailbox.read(row, transactions.ports.sealing))
    except MailNotSentError as error:
        log.warning("mail not sent", extra={"mail": row.id, "reason": str(error)})
        with transactions.writing() as unit:
            _retry(unit, row.id)
        return
    except Exception as error:  # noqa: BLE001  # a mail that cannot be made today cannot be made tomorrow either
        log.error(
            "mail cannot be sent at all; it is dropped", extra={"mail": row.id, "reason": type(error).__name__}
        )  # the text may hold the address
    with transactions.writing() as unit:
        _drop(unit, row.id)


def _retry(unit: UnitOfWork, mail_id: str) -> None:
    row = unit.session.get(OutgoingMail, mail_id)
    if row is None:
        return
    row.tries += 1
    row.next_try_at = unit.now + min(_FIRST_RETRY * 2 ** min(row.tries, 12), _SLOWEST_RETRY)
    if row.next_try_at >= row.expires_at:
        unit.session.delete(row)


def _drop(unit: UnitOfWork, mail_id: str) -> None:
    row = unit.session.get(OutgoingMail, mail_id)
    if row is not None:
        unit.session.delete(row)
