"""The `doorward` command, for whoever runs the server: its subcommands, and how it ends when something is wrong."""

from __future__ import annotations

import sys

import click

from app.commands.audit_log import audit
from app.commands.demo import demo
from app.commands.directories import directory
from app.commands.domains import domain
from app.commands.keys import keys
from app.commands.members import member, recover
from app.commands.organizations import organization
from app.commands.schema import database
from app.commands.server import serve, start_link, work
from app.rules.errors import DoorwardError
from config.settings import SettingsError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="doorward")
def main() -> None:
    """Doorward: sign-in, directory provisioning and roles from your identity provider."""


for command in (serve, work, demo, start_link, recover, database, organization, domain, directory, member, audit, keys):
    main.add_command(command)


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


if __name__ == "__main__":
    run()
