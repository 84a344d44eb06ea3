"""What an operator types on the host, and what it prints."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from app.cli import main
from app.rules.actor import OPERATOR
from app.services import organizations
from tests.application import World, settings_for
from tests.scenes import ADA, found_organization
from tests.servers.doorward import environment_for, served


def run(directory: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A `doorward` command in a directory."""
    url = environment.pop("database_url", f"sqlite:///{directory / 'doorward.db'}")
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=directory,
        env=environment_for("http://127.0.0.1:8000", url) | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments",
    [(), ("serve",), ("work",), ("database",), ("organization",), ("directory",), ("member",), ("recover",)],
    ids=lambda arguments: " ".join(arguments) or "doorward",
)
def test_every_command_explains_itself(arguments: tuple[str, ...]) -> None:
    done = CliRunner().invoke(main, [*arguments, "--help"])

    assert done.exit_code == 0
    assert "Usage:" in done.output


def test_wrong_setting_stops_the_start_with_one_sentence(tmp_path: Path) -> None:
    done = run(tmp_path, "serve", DOORWARD_BASE_URL="ftp://nowhere")

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "DOORWARD_BASE_URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_database_upgrade_may_be_run_again_and_leaves_no_difference_to_the_models(tmp_path: Path) -> None:
    assert run(tmp_path, "database", "upgrade").returncode == 0
    assert run(tmp_path, "database", "upgrade").returncode == 0

    check = run(tmp_path, "database", "check")
    assert (check.returncode, check.stdout) == (0, "")


def test_migrations_and_models_agree_on_both_databases(tmp_path: Path, database_url: str) -> None:
    check = run(tmp_path, "database", "check", database_url=database_url)

    assert (check.returncode, check.stdout) == (0, "")


def test_organization_and_directory_are_made_and_the_token_is_printed_once(world: World, tmp_path: Path) -> None:
    url = settings_for(world.program.settings.database_url).database_url
    found = found_organization(world)
    found.verify_domain()

    made = run(tmp_path, "directory", "create", found.id, "--provider", "okta", database_url=url)
    listed = run(tmp_path, "organization", "list", database_url=url)
    people = run(tmp_path, "member", "list", found.id, database_url=url)

    assert re.search(r"base URL +http://127\.0\.0\.1:8000/scim/[a-z0-9]+/v2\ntoken +scim_\S{43}\n", made.stdout)
    assert found.id in listed.stdout
    assert f"{ADA}  admin  active" in people.stdout


def test_directory_for_an_organization_without_a_verified_domain_is_refused_in_words(
    world: World, tmp_path: Path
) -> None:
    found = found_organization(world)
    done = run(tmp_path, "directory", "create", found.id, database_url=world.program.settings.database_url)

    assert done.returncode == 1
    assert "needs a verified domain" in done.stderr


def test_recover_is_for_administrators_only(world: World, tmp_path: Path) -> None:
    url = world.program.settings.database_url
    found_organization(world)

    assert "/recover/" in run(tmp_path, "recover", ADA, database_url=url).stdout
    stranger = run(tmp_path, "recover", "nobody@acme.test", database_url=url)
    assert stranger.returncode == 1
    assert "No administrator has this address." in stranger.stderr


def test_serve_makes_its_own_key_database_and_start_link_readable_by_the_owner_only(tmp_path: Path) -> None:
    with served(tmp_path, f"sqlite:///{tmp_path / 'var' / 'doorward.db'}") as server:
        assert server.start_link.startswith(f"{server.base_url}/start/")
        for name in ("doorward.db", "start_link"):
            assert (tmp_path / "var" / name).stat().st_mode & 0o077 == 0


def test_serve_ends_with_everything_it_started(tmp_path: Path) -> None:
    with served(tmp_path, f"sqlite:///{tmp_path / 'doorward.db'}") as server:
        children = psutil.Process(server.process.pid).children(recursive=True)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=20) == 0

    _, alive = psutil.wait_procs(children, timeout=20)
    assert len(children) >= 4
    assert alive == []


def test_no_start_link_is_made_once_there_is_an_organization(world: World, tmp_path: Path) -> None:
    with world.transactions.writing(OPERATOR) as unit:
        organizations.create(unit, name="Acme", admin_email=ADA)
    with served(tmp_path, world.program.settings.database_url) as server:
        assert "/start/" not in server.log
