"""`doorward member` and `doorward recover`: who is in, why, and how one gets back in."""

from __future__ import annotations

import click

from app.commands.program import open_program, origin
from app.rules.actor import OPERATOR
from app.rules.domains import normalize_address
from app.rules.errors import NotFoundError
from app.services import explanation, factors, members, organizations, recovery


@click.group()
def member() -> None:
    """Members."""


@member.command("list")
@click.argument("organization_id")
def member_list(organization_id: str) -> None:
    """List the members of an organization with role and state."""
    with open_program().transactions.reading(OPERATOR) as unit:
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
    with open_program().transactions.reading(OPERATOR) as unit:
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
    click.echo(f"second step  {'authenticator app' if found.member.enrolled_at else 'not set up'}")
    for missing in found.missing:
        click.echo(f"missing      {missing.sentence}")


@member.command("reset-factor")
@click.argument("email")
def member_reset_factor(email: str) -> None:
    """Take a member's authenticator app away, with its backup codes. Their sessions end; they are told by mail."""
    with open_program().transactions.writing(OPERATOR) as unit:
        found = members.by_email(unit, normalize_address(email))
        factor = factors.of_member(unit, found.id)
        if factor is None:
            raise NotFoundError("They have no authenticator app.", field="email")
        factors.reset(unit, found, factor.id)
    click.echo(f"{found.email} signs in without the app now, or sets another one up where it is required.")


@click.command()
@click.argument("email")
def recover(email: str) -> None:
    """Print a one-time link that lets an administrator in when the identity provider does not."""
    program = open_program()
    with program.transactions.writing(OPERATOR) as unit:
        token = recovery.recovery_link(unit, email=normalize_address(email))
    click.echo(f"Open this within 24 hours; it works once:\n{origin(program.settings)}/recover/{token}")
