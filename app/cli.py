"""The `doorward` command, for whoever runs the server: serve, work, database, organization, domain, directory, member,
recover, audit.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import click
from sqlalchemy import Engine

from app.factory import Program, create_program
from app.rules.actor import OPERATOR
from app.rules.decisions import Refused
from app.rules.domains import normalize_address, normalize_host
from app.rules.errors import ConflictError, DoorwardError, NotFoundError
from app.services import (
    audit_chain,
    directories,
    directory_tokens,
    domains,
    explanation,
    members,
    organization_keys,
    organizations,
    recovery,
    worker,
)
from app.services.directories import Provider
from app.services.rows import Domain, Organization
from app.services.unit_of_work import UnitOfWork
from app.store import schema
from config.logging import configure_logging
from config.settings import Settings, SettingsError, load_settings

log = logging.getLogger("doorward.worker")
_IDLE_SECONDS = 0.5
_START_LINK_FILE = Path("var/start_link")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="doorward")
def main() -> None:
    """Doorward: sign-in, directory provisioning and roles from your identity provider."""


@main.command()
def serve() -> None:
    """Bring the database up to date, start the web server and one worker, and print the start link on first use."""
    settings = _settings()
    _prepare(settings)
    program = _program(settings)
    if not _has_organization(program):
        _announce_start_link(program)
    if settings.smtp_url is None:
        click.secho("WARNING: no mail server is configured; sign-in codes are printed here.", fg="yellow", err=True)
    program.close()
    sys.exit(_supervise())


@main.command()
def work() -> None:
    """Run the worker: mail, domain checks, clean-up. Any number may run, on any number of machines."""
    settings = _settings()
    configure_logging(settings.log_format)
    program = _program(settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    parent = os.getppid()
    while not stop.is_set():
        busy = _one_round(program)
        if os.getppid() != parent:
            return  # the supervisor is gone; do not outlive it
        if not busy:
            stop.wait(_IDLE_SECONDS)


def _one_round(program: Program) -> bool:
    """A round that fails as a whole (the database is away) is logged, and the next one may do better."""
    try:
        return worker.run_due(program.transactions, program.keep)
    except Exception:  # the worker outlives an outage
        log.exception("the worker could not do its round")
        return False


@main.group()
def database() -> None:
    """The database schema."""


@database.command("upgrade")
def database_upgrade() -> None:
    """Run the migrations that are missing."""
    _prepare(_settings())
    click.echo("The database is up to date.")


@database.command("check")
def database_check() -> None:
    """Compare the database with the models; exits with 1 where they differ."""
    differences = schema.differences(_engine(_program(_settings())))
    for difference in differences:
        click.echo(difference)
    sys.exit(1 if differences else 0)


@database.command("revision")
@click.argument("message")
def database_revision(message: str) -> None:
    """For developers: write the migration from this database to what the models say now."""
    schema.new_revision(_engine(_program(_settings())), message)


@main.group()
def organization() -> None:
    """Organizations."""


@organization.command("create")
@click.argument("name")
@click.argument("admin_email")
def organization_create(name: str, admin_email: str) -> None:
    """Make an organization with its first administrator."""
    program = _program(_settings())
    with program.transactions.writing(OPERATOR) as unit:
        created = organizations.create(unit, name=name, admin_email=admin_email)
        click.echo(f"{created.organization.id}  {created.organization.name}  admin {created.admin.email}")


@organization.command("list")
def organization_list() -> None:
    """List organizations."""
    with _program(_settings()).transactions.reading(OPERATOR) as unit:
        for row in organizations.page(unit, after="", limit=10_000):
            click.echo(f"{row.id}  {row.name}")


@organization.group("key")
def organization_key() -> None:
    """The API keys of an organization."""


@organization_key.command("create")
@click.argument("organization_id")
@click.option("--label", default="command line", show_default=True, help="What the audit log calls who acts with it.")
@click.option("--days", type=click.IntRange(1, 3650), help="Days until it expires; without it, it never does.")
def organization_key_create(organization_id: str, label: str, days: int | None) -> None:
    """Make a key with which a program may act for one organization; prints it, once."""
    with _program(_settings()).transactions.writing(OPERATOR) as unit:
        expires_at = unit.now + timedelta(days=days) if days else None
        made = organization_keys.add(unit, organization_id, label=label, expires_at=expires_at)
        assert not isinstance(made, Refused), "an operator is never on hold"
        click.echo(f"key    {made.row.id}\ntoken  {made.secret}")


@main.group()
def domain() -> None:
    """Domains."""


@domain.command("verify")
@click.argument("host")
@click.option("--organization", "organization_id", help="Whose domain is meant, where several organizations added it.")
def domain_verify(host: str, organization_id: str | None) -> None:
    """Vouch for a domain an organization has added, without its DNS record.

    Everyone at HOST can be made to sign in through that organization's identity provider from then on.
    """
    program = _program(_settings())
    with program.transactions.writing(OPERATOR) as unit:
        claim = _claim(unit, normalize_host(host), organization_id)
        owner = organizations.read(unit, claim.organization_id)
        done = f"{claim.host} is verified for {owner.name} ({owner.id})."
        outcome = domains.verify_by_operator(unit, owner.id, claim.id)
    if isinstance(outcome, Refused):
        raise _refusal(outcome)
    click.echo(done)


def _claim(unit: UnitOfWork, host: str, organization_id: str | None) -> Domain:
    """The one claim on a host that is meant."""
    claims = [one for one in domains.claims_on(unit, host) if organization_id in (None, one.organization_id)]
    if not claims:
        who = "This organization has not" if organization_id else "No organization has"
        raise NotFoundError(f"{who} added {host} under Domains yet.")
    if len(claims) > 1:
        ids = ", ".join(one.organization_id for one in claims)
        raise ConflictError(f"Several organizations have added {host}; name one with --organization: {ids}.")
    return claims[0]


@main.group()
def directory() -> None:
    """Directories."""


@directory.command("create")
@click.argument("organization_id")
@click.option("--name", default="Directory", show_default=True)
@click.option("--provider", type=click.Choice([provider.value for provider in Provider]), default="generic")
def directory_create(organization_id: str, name: str, provider: str) -> None:
    """Make a directory and a token; prints what to paste into the identity provider, once."""
    with _program(_settings()).transactions.writing(OPERATOR) as unit:
        created = directories.to_create(unit, organization_id, name=name, provider=Provider(provider)).apply()
        if not isinstance(created, Refused):
            unit.session.flush()
            token = directory_tokens.add(unit, organization_id, created.id, label="command line")
            assert not isinstance(token, Refused), "an operator is never on hold"
            click.echo(
                f"directory  {created.id}\nbase URL   {directories.base_url(unit, created)}\ntoken      {token.secret}"
            )
    if isinstance(created, Refused):
        raise _refusal(created)


@main.group()
def member() -> None:
    """Members."""


@member.command("list")
@click.argument("organization_id")
def member_list(organization_id: str) -> None:
    """List the members of an organization with role and state."""
    with _program(_settings()).transactions.reading(OPERATOR) as unit:
        organizations.read(unit, organization_id)
        after = ""
        while rows := members.page(unit, organization_id, after=after, limit=500):
            for row in rows:
                held = " (on hold)" if row.held else ""
                click.echo(f"{row.id}  {row.email}  {row.role}{held}  {row.state}")
            after = rows[-1].id


@member.command("explain")
@click.argument("email")
def member_explain(email: str) -> None:
    """Say why a member has their role, how they sign in, and what keeps them from being a usable administrator."""
    with _program(_settings()).transactions.reading(OPERATOR) as unit:
        found = explanation.explain(unit, members.by_email(unit, normalize_address(email)))
    held = ", on hold" if found.member.held else ""
    state = f"{found.member.state}, suspended" if found.member.suspended else found.member.state
    click.echo(f"{found.member.email}  {found.member.role}{held}  {state}")
    click.echo(f"source       {found.reason.source}" + (f", {found.reason.group}" if found.reason.group else ""))
    for mapping in found.applying:
        click.echo(f"mapping      {mapping.group} gives {mapping.role}" + (" (decides)" if mapping.decides else ""))
    groups = ", ".join(group.label for group in found.seen.groups) or "none"
    click.echo(f"groups       {groups} ({found.seen.state}, from the {found.seen.source.replace('_', '-')})")
    click.echo(f"granted      {found.member.granted_role or 'nothing'}")
    click.echo(f"managed by   {found.reason.managed_by or 'nobody'}")
    click.echo(f"way in       {found.way_in or 'none that is proven'}")
    for missing in found.missing:
        click.echo(f"missing      {missing.sentence}")


@main.command()
@click.argument("email")
def recover(email: str) -> None:
    """Print a one-time link that lets an administrator in when the identity provider does not."""
    program = _program(_settings())
    with program.transactions.writing(OPERATOR) as unit:
        token = recovery.recovery_link(unit, email=normalize_address(email))
    click.echo(f"Open this within 24 hours; it works once:\n{program.settings.base_url}/recover/{token}")


@main.group()
def audit() -> None:
    """The audit log."""


@audit.command("verify")
@click.option("--organization", "organization_id", help="Only this organization; otherwise all of them.")
@click.option(
    "--witness",
    metavar="POSITION:SEAL",
    multiple=True,
    help="What the server's log was told of this organization; shows whether its whole chain was put back or replaced.",
)
def audit_verify(organization_id: str | None, witness: tuple[str, ...]) -> None:
    """Check that nobody altered, removed, reordered, inserted or cut off entries behind the server's back.

    Exits with 0 only when all is well.
    """
    if witness and organization_id is None:
        raise click.UsageError("--witness needs --organization.")
    told = [_witness(one) for one in witness]
    program = _program(_settings())
    with program.transactions.reading() as unit:
        chosen = [organizations.read(unit, organization_id)] if organization_id else list(_every_organization(unit))
        missing = audit_chain.missing_triggers(unit)
    for name in missing:
        click.echo(f"The database no longer keeps entries as they are: the trigger {name} is missing.")
    problems = len(missing) + sum(_verify(program, row.id, row.name, told) for row in chosen)
    click.echo("All is well." if not problems else f"{problems} {'problem' if problems == 1 else 'problems'} found.")
    sys.exit(1 if problems else 0)


def _every_organization(unit: UnitOfWork) -> Iterator[Organization]:
    after = ""
    while rows := organizations.page(unit, after=after, limit=500):
        yield from rows
        after = rows[-1].id


def _witness(text: str) -> tuple[int, str]:
    position, _, seal = text.partition(":")
    if not position.isdecimal() or not seal:
        raise click.BadParameter(
            "Give position and seal as they stand in the log, such as 120:5f0c.", param_hint="witness"
        )
    return int(position), seal


def _verify(program: Program, organization_id: str, name: str, told: list[tuple[int, str]]) -> int:
    """Walk one chain and print what is wrong with it as it is found; how much it is."""
    problems = 0
    with program.transactions.snapshot() as unit:
        for position, seal in told:
            if not audit_chain.is_as_told(unit, organization_id, position, seal):
                click.echo(f"{organization_id}  Position {position} is not what the log was told of.")
                problems += 1
        for finding in audit_chain.verify(unit, organization_id):
            click.echo(f"{organization_id}  {finding.sentence}")
            problems += 1
        figures = audit_chain.figures(unit, organization_id)
    click.echo(f"{organization_id}  {name}: {figures.sealed} sealed, {figures.waiting} waiting to be sealed.")
    return problems


@main.command("start-link")
def start_link() -> None:
    """Print a fresh one-time link that makes a first administrator with an organization."""
    _announce_start_link(_program(_settings()))


def run() -> None:
    """The command, with errors of ours as one line."""
    try:
        main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (DoorwardError, SettingsError) as error:
        click.secho(f"doorward: {error}", fg="red", err=True)
        sys.exit(1)


def _refusal(refused: Refused) -> click.ClickException:
    """A refusal as the command ends with it, once the transaction has kept that it was refused."""
    return click.ClickException(f"{refused.sentence} {refused.fix or ''}".strip())


def _settings() -> Settings:
    os.umask(0o077)  # the database, its key and the start link are their owner's business only
    return load_settings()


def _program(settings: Settings) -> Program:
    return create_program(settings)


def _engine(program: Program) -> Engine:
    return program.transactions.database.engine


def _prepare(settings: Settings) -> None:
    """The folder of a SQLite database, and the newest schema."""
    if settings.sqlite_path is not None:
        settings.sqlite_path.parent.mkdir(parents=True, exist_ok=True)
    engine = _engine(_program(settings))
    schema.upgrade(engine)
    engine.dispose()


def _has_organization(program: Program) -> bool:
    with program.transactions.reading() as unit:
        return bool(organizations.page(unit, after="", limit=1))


def _announce_start_link(program: Program) -> None:
    with program.transactions.writing(OPERATOR) as unit:
        token = recovery.make_link(unit, kind="start")
    link = f"{program.settings.base_url}/start/{token}"
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


if __name__ == "__main__":
    run()
