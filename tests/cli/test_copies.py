"""`doorward database backup` and `restore`: a copy of one moment, and nothing that is there lost on the way back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.test_commands import Done, run

PG = "postgresql+psycopg://doorward@127.0.0.1:1/doorward"


@pytest.fixture
def here(tmp_path: Path, sqlite_template: Path) -> Path:
    """A folder with a database that holds Acme."""
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "doorward.db").write_bytes(sqlite_template.read_bytes())
    create(folder, "Acme")
    return folder


@pytest.fixture
def copy(here: Path) -> Path:
    backed_up = run(here, "database", "backup", "copy.db")
    assert backed_up.returncode == 0, backed_up.stderr
    return here / "copy.db"


def create(folder: Path, name: str) -> None:
    done = run(folder, "organization", "create", name, f"ada@{name.lower()}.test")
    assert done.returncode == 0, done.stderr


def restore(folder: Path, copy: Path, *options: str) -> Done:
    return run(folder, "database", "restore", str(copy), *options)


def names(folder: Path) -> list[str]:
    listed = run(folder, "organization", "list").stdout.splitlines()
    return [line.partition("  ")[2] for line in listed]


def test_copy_holds_what_was_committed_while_somebody_writes_and_comes_back_in_another_folder(
    here: Path, tmp_path: Path
) -> None:
    there = tmp_path / "there" / "below"
    there.parent.mkdir()
    with closing(sqlite3.connect(here / "doorward.db", isolation_level=None)) as writer:
        writer.execute("UPDATE organizations SET name = 'In the log'")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE organizations SET name = 'Not committed'")
        backed_up = run(here, "database", "backup", "copy.db")
        writer.execute("ROLLBACK")
    there.mkdir()

    restored = restore(there, here / "copy.db")

    assert (backed_up.returncode, restored.returncode) == (0, 0), restored.stderr
    assert names(there) == ["In the log"]
    assert run(there, "database", "check").returncode == 0
    for file in (here / "copy.db", there / "doorward.db"):
        assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(one.name for one in here.glob("copy.db*")) == ["copy.db"]


def test_file_that_exists_is_not_overwritten(here: Path) -> None:
    (here / "copy.db").write_text("mine")

    done = run(here, "database", "backup", "copy.db")

    assert done.returncode == 1
    assert "copy.db exists already; name a new file." in done.stderr
    assert (here / "copy.db").read_text() == "mine"


def test_backup_of_no_database_leaves_no_file(tmp_path: Path) -> None:
    done = run(tmp_path, "database", "backup", "copy.db")

    assert done.returncode == 1
    assert "There is no database at" in done.stderr
    assert list(tmp_path.glob("*.db*")) == []


def test_backup_of_a_damaged_database_leaves_no_file(here: Path) -> None:
    (here / "doorward.db").write_bytes(b"x" * 8192)

    done = run(here, "database", "backup", "copy.db")

    assert done.returncode == 1
    assert "could not be copied" in done.stderr
    assert list(here.glob("copy.db*")) == []


def test_database_that_is_there_is_replaced_only_by_name_and_kept(here: Path, copy: Path) -> None:
    create(here, "Later")

    refused, wrong = restore(here, copy), restore(here, copy, "--replace", "another.db")
    before = names(here)
    done = restore(here, copy, "--replace", "doorward.db")
    again = restore(here, copy, "--replace", "doorward.db")

    assert (refused.returncode, wrong.returncode, done.returncode, again.returncode) == (1, 2, 0, 1), done.stderr
    assert "name it with --replace" in refused.stderr
    assert before == ["Acme", "Later"]
    assert names(here) == ["Acme"]
    assert "is there from the last time" in again.stderr
    with closing(sqlite3.connect(here / "doorward.db.before-restore")) as kept:
        assert kept.execute("SELECT name FROM organizations ORDER BY id").fetchall() == [("Acme",), ("Later",)]


def test_database_that_somebody_has_open_is_not_replaced(here: Path, copy: Path) -> None:
    with closing(sqlite3.connect(here / "doorward.db")) as server:
        server.execute("SELECT 1 FROM organizations").fetchall()
        done = restore(here, copy, "--replace", "doorward.db")

    assert done.returncode == 1
    assert "Stop every process of Doorward" in done.stderr
    assert names(here) == ["Acme"]
    assert sorted(one.name for one in here.glob("*.db*") if "partial" in one.name or "before" in one.name) == []


def test_empty_database_that_a_command_left_is_no_hindrance(copy: Path, tmp_path: Path) -> None:
    assert run(tmp_path, "organization", "list").returncode == 1
    assert (tmp_path / "doorward.db").exists()

    assert restore(tmp_path, copy).returncode == 0
    assert names(tmp_path) == ["Acme"]


def test_log_of_another_database_is_not_mixed_in(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "doorward.db-wal").write_bytes(b"of another one")

    done = restore(tmp_path, copy)

    assert done.returncode == 1
    assert "doorward.db-wal is left of another database" in done.stderr
    assert not (tmp_path / "doorward.db").exists()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "belongs to a newer version of Doorward"),
        ("DROP TABLE alembic_version", "This is no database of Doorward."),
    ],
)
def test_copy_of_a_schema_that_is_not_known_is_refused(copy: Path, tmp_path: Path, spoil: str, said: str) -> None:
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute(spoil)

    done = restore(tmp_path, copy)

    assert done.returncode == 1
    assert said in done.stderr
    assert list(tmp_path.glob("doorward.db*")) == []


def test_file_that_is_no_database_and_one_that_is_not_there_are_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database " * 200)

    for name, said in (("notes.txt", "is not a database"), ("nothing.db", "There is no file")):
        done = restore(tmp_path, tmp_path / name)
        assert done.returncode == 1
        assert said in done.stderr
        assert done.stderr.count("\n") == 1
    assert list(tmp_path.glob("doorward.db*")) == []


@pytest.mark.parametrize(("command", "tool"), [("backup", "pg_dump"), ("restore", "pg_restore")])
def test_postgresql_has_tools_of_its_own(tmp_path: Path, command: str, tool: str) -> None:
    done = run(tmp_path, "database", command, "copy", database_url=PG)

    assert done.returncode == 1
    assert f"with PostgreSQL use {tool}, see docs/operations.md" in done.stderr
