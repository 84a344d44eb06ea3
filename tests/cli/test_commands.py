"""What an operator types on the host, and what it prints."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from sqlalchemy import delete

import app.cli
from app.cli import main
from app.commands.program import remember_origin
from app.rules.actor import OPERATOR
from app.rules.decisions import Refused
from app.services import audit, audit_chain, domains, members, organizations
from app.services.connections import acting_of
from app.store.sign_ins import RecoveryCode
from tests.application import SECRET_KEY, World, settings_for
from tests.scenes import ADA, GRACE, HOST, Organization, found_organization, provisioned
from tests.servers.doorward import Served, environment_for, served
from tests.services.audit_chain import positions, scalars, tamper, write
from tests.services.single_sign_on import connected
from tests.web.api.caller import Api


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def run(directory: Path, *arguments: str, **environment: str) -> Done:
    """A `doorward` command in a directory, in this very process: a process each would take most of the time."""
    out, err, code = StringIO(), StringIO(), 0
    mask = os.umask(0)
    os.umask(mask)
    with (
        pytest.MonkeyPatch.context() as patched,
        chdir(directory),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        patched.setattr(os, "environ", environment_of(directory, environment))
        patched.setattr(sys, "argv", ["doorward", *arguments])
        try:
            app.cli.run()
        except SystemExit as ended:
            code = int(ended.code or 0)
        finally:
            os.umask(mask)
    return Done(code, out.getvalue(), err.getvalue())


def run_as_process(directory: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A `doorward` command as it is started on a host."""
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=directory,
        env=environment_of(directory, environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def environment_of(directory: Path, settings: dict[str, str]) -> dict[str, str]:
    """The environment of a command: these settings, and a database in this directory unless one is named. What is set
    to "" is left out.
    """
    url = settings.pop("database_url", f"sqlite:///{directory / 'doorward.db'}")
    environment = environment_for("http://127.0.0.1:8000", url) | settings
    return {name: value for name, value in environment.items() if value}


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("serve",),
        ("work",),
        ("database",),
        ("database", "backup"),
        ("database", "restore"),
        ("organization",),
        ("organization", "key"),
        ("organization", "key", "create"),
        ("domain",),
        ("domain", "verify"),
        ("directory",),
        ("member",),
        ("member", "explain"),
        ("recover",),
        ("audit",),
        ("audit", "verify"),
        ("keys",),
        ("keys", "check"),
        ("keys", "reseal"),
    ],
    ids=lambda arguments: " ".join(arguments) or "doorward",
)
def test_every_command_explains_itself(arguments: tuple[str, ...]) -> None:
    done = CliRunner().invoke(main, [*arguments, "--help"])

    assert done.exit_code == 0
    assert "Usage:" in done.output


def test_wrong_setting_stops_the_start_with_one_sentence(tmp_path: Path) -> None:
    done = run_as_process(tmp_path, "serve", DOORWARD_BASE_URL="ftp://nowhere")

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "DOORWARD_BASE_URL" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [("organization", "list"), ("recover", ADA), ("audit", "verify")])
def test_command_on_a_database_that_was_not_migrated_says_what_to_type_first(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = run(tmp_path, *arguments)

    assert (done.returncode, done.stdout) == (1, "")
    assert "run `doorward database upgrade` first" in done.stderr
    assert done.stderr.count("\n") == 1


def test_database_upgrade_may_be_run_again_and_leaves_no_difference_to_the_models(tmp_path: Path) -> None:
    assert run(tmp_path, "database", "upgrade").returncode == 0
    assert run(tmp_path, "database", "upgrade").returncode == 0

    check = run(tmp_path, "database", "check")
    assert (check.returncode, check.stdout) == (0, "")


def test_migrations_and_models_agree_on_both_databases(tmp_path: Path, database_url: str) -> None:
    check = run_as_process(tmp_path, "database", "check", database_url=database_url)

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
    assert audited(world, found.id)[-1] == ("operator", "directory.created", "refused")


def test_domain_is_verified_by_the_operator_without_its_record(world: World, tmp_path: Path) -> None:
    url = world.program.settings.database_url
    found = found_organization(world)
    claim(found)

    done = run(tmp_path, "domain", "verify", " ACME.test", database_url=url)

    assert (done.returncode, done.stdout) == (0, f"acme.test is verified for Acme ({found.id}).\n")
    assert found.verified_hosts() == {HOST}
    assert ("operator", "domain.verified", "done") in audited(world, found.id)
    assert run(tmp_path, "domain", "verify", HOST, database_url=url).returncode == 0


def test_domain_nobody_has_added_is_not_verified(world: World, tmp_path: Path) -> None:
    found_organization(world)

    done = run(tmp_path, "domain", "verify", HOST, database_url=world.program.settings.database_url)

    assert done.returncode == 1
    assert "No organization has added acme.test under Domains yet." in done.stderr


def test_domain_two_organizations_have_added_is_verified_for_the_one_that_is_named(
    world: World, tmp_path: Path
) -> None:
    url = world.program.settings.database_url
    acme, other = found_organization(world), found_organization(world, "eve@other.test", "Other")
    for organization in (acme, other):
        claim(organization, "other.test" if organization is other else HOST)
    claim(other)

    unclear = run(tmp_path, "domain", "verify", HOST, database_url=url)
    named = run(tmp_path, "domain", "verify", HOST, "--organization", acme.id, database_url=url)
    late = run(tmp_path, "domain", "verify", HOST, "--organization", other.id, database_url=url)

    assert unclear.returncode == 1
    assert f"name one with --organization: {acme.id}, {other.id}." in unclear.stderr
    assert named.returncode == 0
    assert acme.verified_hosts() == {HOST}
    assert late.returncode == 1
    assert "acme.test is verified by another organization." in late.stderr
    assert audited(world, other.id)[-1] == ("operator", "domain.verified", "refused")


def claim(organization: Organization, host: str = HOST) -> None:
    """Add a domain and leave it at that."""
    with organization.world.transactions.writing(OPERATOR) as unit:
        acting = acting_of(members.read(unit, organization.id, organization.admin_id))
        assert not isinstance(domains.claim(unit, organization.id, host=host, acting=acting), Refused)


def audited(world: World, organization_id: str) -> list[tuple[str, str, str]]:
    """Who did what in an organization, and what came of it, oldest first."""
    with world.transactions.reading() as unit:
        entries = audit.feed(unit, organization_id, after="", limit=1_000)
        return [(entry.actor_kind, entry.action, entry.outcome) for entry in entries]


def verify(world: World, tmp_path: Path, *arguments: str) -> Done:
    """`doorward audit verify`."""
    return run(tmp_path, "audit", "verify", *arguments, database_url=world.program.settings.database_url)


def test_audit_log_that_nobody_touched_is_well(world: World, tmp_path: Path) -> None:
    world.clock.time = datetime.now(UTC)  # the command has a clock of its own
    acme, other = found_organization(world), found_organization(world, "eve@other.test", "Other")
    audit_chain.seal(world.transactions)
    sealed, whole = len(positions(world, acme.id)), len(positions(world, other.id))
    write(world, acme.id, 2)

    done = verify(world, tmp_path)

    assert done.returncode == 0, done.stdout
    assert f"{acme.id}  Acme: {sealed} sealed, 2 waiting to be sealed.\n" in done.stdout
    assert f"{other.id}  Other: {whole} sealed, 0 waiting to be sealed.\n" in done.stdout
    assert done.stdout.endswith("All is well.\n")


def test_what_was_done_to_the_audit_log_is_told_in_sentences(world: World, tmp_path: Path) -> None:
    acme, other = found_organization(world), found_organization(world, "eve@other.test", "Other")
    write(world, acme.id, 4)
    audit_chain.seal(world.transactions)
    *_, altered, removed, _, _ = positions(world, acme.id)
    at = positions(world, acme.id)
    tamper(
        world,
        "UPDATE audit_entries SET actor_label = 'eve' WHERE id = :altered",
        "DELETE FROM audit_entries WHERE id = :removed",
        altered=altered,
        removed=removed,
    )

    everything = verify(world, tmp_path)
    only_other = verify(world, tmp_path, "--organization", other.id)
    nobody = verify(world, tmp_path, "--organization", "org_x")

    assert everything.returncode == 1
    lines = everything.stdout.splitlines()
    changed = f"Entry {altered} at position {at[altered]} was altered: something else was sealed there."
    assert f"{acme.id}  {changed}" in lines
    gone = f"Entry {removed} at position {at[removed]} was removed; its seal is still there."
    assert f"{acme.id}  {gone}" in lines
    assert (
        "The database no longer keeps entries as they are: the trigger audit_entries_not_changed is missing." in lines
    )
    assert lines[-1] == "6 problems found."
    assert acme.id not in only_other.stdout
    assert nobody.returncode == 1
    assert "There is no such organization." in nobody.stderr


def test_chain_that_was_replaced_as_a_whole_shows_beside_the_log(world: World, tmp_path: Path) -> None:
    acme = found_organization(world).id
    audit_chain.seal(world.transactions)
    seal = scalars(world, "SELECT seal FROM audit_seals WHERE position = 1")[0]
    named = ("--organization", acme, "--witness", f"1:{seal}")
    before = verify(world, tmp_path, *named)
    tamper(
        world,
        "DELETE FROM audit_seals",
        "DELETE FROM audit_heads",
        "UPDATE audit_entries SET actor_label = 'eve'",
    )
    audit_chain.seal_all(world.transactions)

    after = verify(world, tmp_path, *named)

    assert before.returncode == 0, before.stdout
    assert f"{acme}  Position 1 is not what the log was told of." in after.stdout
    assert "--witness needs --organization" in verify(world, tmp_path, "--witness", f"1:{seal}").stderr
    assert "Give position and seal" in verify(world, tmp_path, *named[:3], "one").stderr


def test_audit_log_sealed_with_other_keys_is_not_well(world: World, tmp_path: Path) -> None:
    found_organization(world)
    audit_chain.seal(world.transactions)

    url = world.program.settings.database_url
    done = run(tmp_path, "audit", "verify", database_url=url, DOORWARD_SECRET_KEYS="another-" + SECRET_KEY)

    assert done.returncode == 1
    assert "sealed with a key that is no longer configured" in done.stdout


def test_old_key_is_needed_until_everything_is_sealed_anew_and_codes_are_told_apart(
    world: World, tmp_path: Path
) -> None:
    url, new = world.program.settings.database_url, "another-" + SECRET_KEY
    scene = connected(world)
    scene.organization.store_recovery_codes()
    audit_chain.seal(world.transactions)

    def keys(command: str, configured: str) -> Done:
        return run(tmp_path, "keys", command, database_url=url, DOORWARD_SECRET_KEYS=configured)

    before, lost = keys("check", f"{new},{SECRET_KEY}"), keys("check", new)
    resealed, after = keys("reseal", f"{new},{SECRET_KEY}"), keys("check", new)

    assert [done.returncode for done in (before, lost, resealed, after)] == [1, 1, 0, 0]
    assert re.search(r"^key 1  [0-9a-f]{8}  nothing$", before.stdout, re.MULTILINE)
    assert re.search(r"^key 2  [0-9a-f]{8}  1 audit_heads, 1 connection_revisions, 1 key_pairs", before.stdout, re.M)
    assert "run `doorward keys reseal`" in before.stdout
    assert re.search(r"^not configured  [0-9a-f]{8}  1 audit_heads, ", lost.stdout, re.MULTILINE)
    assert "cannot be opened without it" in lost.stdout
    assert re.match(r"\d+ values sealed anew\.\nkey 1  [0-9a-f]{8}  1 audit_heads, ", resealed.stdout)
    assert "Nothing that is sealed needs an older key." in after.stdout
    assert re.search(r"^10 unused recovery codes, made on \d{4}-\d\d-\d\d\.$", after.stdout, re.MULTILINE)
    assert "cannot be made anew" in after.stdout


def test_long_audit_log_is_walked_in_little_memory(world: World) -> None:
    organization = found_organization(world).id
    for _ in range(4):
        write(world, organization, 2_500)
    audit_chain.seal_all(world.transactions)
    tracemalloc.start()

    with world.transactions.snapshot() as unit:
        assert list(audit_chain.verify(unit, organization)) == []
        _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 8_000_000


def test_recover_is_for_administrators_only(world: World, tmp_path: Path) -> None:
    url = world.program.settings.database_url
    found_organization(world)

    assert "/recover/" in run(tmp_path, "recover", ADA, database_url=url).stdout
    stranger = run(tmp_path, "recover", "nobody@acme.test", database_url=url)
    assert stranger.returncode == 1
    assert "No administrator has this address." in stranger.stderr


def test_recover_prints_a_link_to_where_the_server_said_it_is(world: World, tmp_path: Path) -> None:
    found_organization(world)
    settings = world.program.settings
    with chdir(tmp_path):
        remember_origin(settings)

    unsaid = run(tmp_path, "recover", ADA, database_url=settings.database_url, DOORWARD_BASE_URL="", DOORWARD_BIND="")
    said = run(tmp_path, "recover", ADA, database_url=settings.database_url, DOORWARD_BASE_URL="http://localhost:9")

    assert f"{settings.base_url}/recover/" in unsaid.stdout
    assert "http://localhost:9/recover/" in said.stdout


def test_recover_lets_an_administrator_on_hold_in_without_any_code(world: World, tmp_path: Path) -> None:
    scene = provisioned(world)
    scene.scim.set_active(scene.ada, False)
    with world.transactions.writing() as unit:
        unit.session.execute(delete(RecoveryCode))
    world.clock.time = datetime.now(UTC)  # the command lives in real time

    printed = run(tmp_path, "recover", ADA, database_url=world.program.settings.database_url).stdout

    browser, path = world.browser(), "/recover/" + printed.strip().rpartition("/")[2]
    browser.get(path)
    assert browser.submit(path).status_code == 303
    assert browser.get("/settings/authentication").status_code == 200


def test_key_of_an_organization_is_printed_once_and_opens_it(world: World, tmp_path: Path) -> None:
    url = world.program.settings.database_url
    organization = found_organization(world)
    world.clock.time = datetime.now(UTC)

    made = run(tmp_path, "organization", "key", "create", organization.id, "--days", "1", database_url=url)
    nowhere = run(tmp_path, "organization", "key", "create", "org_" + "0" * 26, database_url=url)

    key = Api(world, made.stdout.split()[-1])
    assert key.get(f"/organizations/{organization.id}/keys")["data"][0]["label"] == "command line"
    assert audited(world, organization.id)[-1] == ("operator", "key.created", "done")
    assert (nowhere.returncode, nowhere.stderr) == (1, "doorward: There is no such organization.\n")


def test_certificate_of_an_organization_is_replaced_step_by_step(world: World, tmp_path: Path) -> None:
    url = world.program.settings.database_url
    organization = connected(world).organization

    def certificate(do: str) -> Done:
        return run(tmp_path, "organization", "certificate", do, organization.id, database_url=url)

    too_early = certificate("retire")
    made, until, *_ = certificate("new").stdout.split("  ")

    assert until.startswith("until 20")
    assert certificate("sign").stdout == f"{made}  signs\n"
    assert certificate("retire").stdout == f"{made}  is the only one\n"
    assert too_early.stderr == "doorward: There is no second certificate; make one first.\n"
    assert audited(world, organization.id)[-1] == ("operator", "key_pair.retired", "done")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that was started in an empty directory, in several processes."""
    directory = tmp_path_factory.mktemp("served")
    with served(directory, f"sqlite:///{directory / 'var' / 'doorward.db'}") as started:
        yield started


def test_serve_makes_its_own_key_database_and_start_link_readable_by_the_owner_only(server: Served) -> None:
    assert server.start_link.startswith(f"{server.base_url}/start/")
    for name in ("doorward.db", "start_link"):
        assert (server.directory / "var" / name).stat().st_mode & 0o077 == 0


def test_links_that_commands_print_lead_to_the_server_though_its_address_is_not_said_again(server: Served) -> None:
    url = f"sqlite:///{server.directory / 'var' / 'doorward.db'}"

    printed = run(server.directory, "start-link", database_url=url, DOORWARD_BASE_URL="", DOORWARD_BIND="").stdout

    assert f"{server.base_url}/start/" in printed


def test_serve_ends_with_everything_it_started(server: Served) -> None:
    children = psutil.Process(server.process.pid).children(recursive=True)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=20) == 0

    _, alive = psutil.wait_procs(children, timeout=20)
    assert len(children) >= 4
    assert alive == []


def test_no_start_link_is_made_once_there_is_an_organization(world: World, tmp_path: Path) -> None:
    with world.transactions.writing(OPERATOR) as unit:
        organizations.create(unit, name="Acme", admin_email=ADA)
    with served(tmp_path, world.program.settings.database_url, workers="1") as server:
        assert "/start/" not in server.log


def test_member_is_explained_on_the_command_line(tmp_path: Path, world: World, database_url: str) -> None:
    scene = provisioned(world)
    scene.scim.add_user(GRACE)

    ada = run(tmp_path, "member", "explain", ADA, database_url=database_url).stdout
    grace = run(tmp_path, "member", "explain", GRACE.upper(), database_url=database_url).stdout
    nobody = run(tmp_path, "member", "explain", "nobody@acme.test", database_url=database_url)

    assert f"{ADA}  admin  active" in ada
    assert "source       mapped, Admins" in ada
    assert "mapping      Admins gives admin (decides)" in ada
    assert "groups       Admins (present, from the directory)" in ada
    assert "managed by   Okta" in ada
    assert "way in       email_code" in ada
    assert "missing      Their role is not admin." in grace
    assert "way in       none that is proven" in grace
    assert nobody.returncode == 1
    assert "Nobody has this address." in nobody.stderr
