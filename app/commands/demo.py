"""`doorward demo`: a server with a company around it, for whoever wants to see what it does."""

from __future__ import annotations

import sys

import click


@click.command()
@click.option("--check", is_flag=True, help="Play the whole story without anybody looking, and print what passed.")
def demo(*, check: bool) -> None:
    """Start a server, a local identity provider and a directory with people, ready to click.

    On this machine only, without the network; what it keeps is in a temporary folder that goes when it ends.
    """
    from demo.run import run  # noqa: PLC0415 (no server is to have an identity provider like this one in its memory)

    sys.exit(run(check=check))
