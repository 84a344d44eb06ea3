"""`doorward serve`, `work` and `start-link`: the processes of a server."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import click

from app.commands.program import open_program, origin, read_settings, remember_origin
from app.commands.schema import prepare
from app.factory import Program, create_program
from app.rules.actor import OPERATOR
from app.services import organizations, recovery, worker
from app.services.worker import PeriodicJob
from config.logging import configure_logging

log = logging.getLogger("doorward.worker")
_IDLE_SECONDS = 0.5
_START_LINK_FILE = Path("var/start_link")


@click.command()
def serve() -> None:
    """Bring the database up to date, start the web server and one worker, and print the start link on first use."""
    settings = read_settings()
    prepare(settings)
    remember_origin(settings)
    program = create_program(settings)
    if not _has_organization(program):
        _announce_start_link(program)
    if settings.smtp_url is None:
        click.secho("WARNING: no mail server is configured; sign-in codes are printed here.", fg="yellow", err=True)
    program.close()
    sys.exit(_supervise())


@click.command()
def work() -> None:
    """Run the worker: mail, domain checks, clean-up. Any number may run, on any number of machines."""
    settings = read_settings()
    configure_logging(settings.log_format)
    program = create_program(settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    parent = os.getppid()
    jobs = program.jobs
    while not stop.is_set():
        busy = _one_round(program, jobs)
        if os.getppid() != parent:
            return  # the supervisor is gone; do not outlive it
        if not busy:
            stop.wait(_IDLE_SECONDS)


def _one_round(program: Program, jobs: Sequence[PeriodicJob]) -> bool:
    """A round that fails as a whole (the database is away) is logged, and the next one may do better."""
    try:
        return worker.run_due(program.transactions, jobs)
    except Exception:  # the worker outlives an outage
        log.exception("the worker could not do its round")
        return False


@click.command("start-link")
def start_link() -> None:
    """Print a fresh one-time link that makes a first administrator with an organization."""
    _announce_start_link(open_program())


def _has_organization(program: Program) -> bool:
    with program.transactions.reading() as unit:
        return bool(organizations.page(unit, after="", limit=1))


def _announce_start_link(program: Program) -> None:
    with program.transactions.writing(OPERATOR) as unit:
        token = recovery.make_link(unit, kind="start")
    link = f"{origin(program.settings)}/start/{token}"
    _START_LINK_FILE.parent.mkdir(parents=True, exist_ok=True)
    _START_LINK_FILE.unlink(missing_ok=True)
    descriptor = os.open(_START_LINK_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(link + "\n")
    click.secho(
        f"\nOpen this link to become the first administrator (it works once, within 24 hours):\n\n  {link}\n", bold=True
    )


def _supervise() -> int:
    """Run gunicorn and one worker; when either ends, end the other."""
    web = subprocess.Popen([sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn", "wsgi:application"])
    helper = subprocess.Popen([sys.executable, "-m", "app.cli", "work"])
    children = (web, helper)

    def stop(*_: object) -> None:
        for child in children:
            child.send_signal(signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while all(child.poll() is None for child in children):
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        except (ChildProcessError, InterruptedError):
            break
    stop()
    return (
        max(abs(child.wait()) for child in children) if any(child.wait() not in {0, -15} for child in children) else 0
    )
