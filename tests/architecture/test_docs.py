"""What the pages for operators, administrators and contributors name is there: settings, commands, files, API paths."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest

from app.cli import main
from app.rules.events import EventType
from app.web.api.blueprint import OPERATIONS
from config.settings import PREFIX, Settings
from tests.servers.nginx import executable

ROOT = Path(__file__).parents[2]
#: Pages that tell how things are; decisions and the changelog tell how they came to be.
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "docs" / "guides").glob("*.md"),
        *(ROOT / "bench").glob("*.md"),
        *(ROOT / "deploy").iterdir(),
    ]
)
FRONT_DOOR = {"test", "check", "bench", "help"}
_CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)
#: `doorward` where a command begins: at the start of a line or of a span, behind a prompt, or by its path.
_COMMAND = re.compile(r"(?:^|`|\./|/bin/|/opt/doorward/|\$ )doorward((?: [a-z][a-z-]*)+)([^\n`]*)", re.MULTILINE)


def pages(found: Sequence[Path] = PAGES) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", found, ids=lambda path: str(path.relative_to(ROOT)))


def code_of(page: Path) -> Iterator[str]:
    """What stands as code on a page; the whole of a file that is none."""
    text = page.read_text("utf-8")
    return iter(_CODE.findall(text) if page.suffix == ".md" else [text])


@pages()
def test_every_variable_that_a_page_names_is_a_setting(page: Path) -> None:
    settings = {PREFIX + name.upper() for name in Settings.model_fields} | {f"{PREFIX}PYTHON"}

    assert set(re.findall(rf"\b{PREFIX}[A-Z][A-Z_]*", page.read_text("utf-8"))) - settings == set()


@pages()
def test_every_command_that_a_page_names_is_one(page: Path) -> None:
    faults = [
        fault for code in code_of(page) for match in _COMMAND.finditer(code) for fault in _faults(*match.groups())
    ]

    assert faults == []


@pages([page for page in PAGES if page.suffix == ".md"])
def test_every_link_of_a_page_leads_to_a_file_and_a_heading_that_are_there(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not link.startswith("http")]

    assert [link for link in links if not _leads_somewhere(page, link)] == []


def test_every_path_on_the_page_of_the_api_is_one_of_the_api() -> None:
    text = (ROOT / "docs" / "api.md").read_text("utf-8")
    known = {_blank(operation.rule) for operation in OPERATIONS}
    written = {_blank(path) for path in re.findall(r"\$API(/[\w$/{}-]*)", text)}
    written |= {_blank("/organizations/{org}" + path) for path in re.findall(r"\$ACME(/?[\w$/{}-]*)", text)}

    assert written - known == set()
    assert len(written) > 10


def test_every_event_on_the_pages_is_one() -> None:
    known = {type_.value for type_ in EventType}
    text = "".join((ROOT / "docs" / name).read_text("utf-8") for name in ("api.md", "operations.md"))
    named = re.findall(r"event `([a-z_.]+)`", text)

    assert set(named) - known == set()
    assert named


def test_nginx_takes_the_recipe_for_operators(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    (recipe,) = re.findall(r"```nginx\n(.*?)```", page, re.DOTALL)
    for line, instead in {
        "listen 443 ssl;": "listen 127.0.0.1:8443;",
        "    ssl_certificate /etc/ssl/id.example.com.pem;\n": "",
        "    ssl_certificate_key /etc/ssl/id.example.com.key;\n": "",
        "/var/log/nginx/doorward.log": f"{tmp_path}/access.log",
    }.items():
        assert line in recipe, line
        recipe = recipe.replace(line, instead)
    configuration = tmp_path / "nginx.conf"
    places = "client_body_temp_path bodies;\nproxy_temp_path answers;\n"
    configuration.write_text(f"pid nginx.pid;\nevents {{}}\nhttp {{\n{places}{recipe}}}\n", "utf-8")

    done = subprocess.run(
        [executable(), "-t", "-p", tmp_path, "-c", configuration, "-e", "stderr"],
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr


def test_image_holds_every_package_and_the_service_starts_what_the_front_door_installs() -> None:
    image = (ROOT / "deploy" / "Containerfile").read_text("utf-8")
    service = (ROOT / "deploy" / "doorward.service").read_text("utf-8")

    for package in ("app", "config", "oidc", "saml", "scim"):
        assert f"COPY {package} /opt/doorward/{package}\n" in image
    assert "ExecStart=/opt/doorward/.venv/bin/doorward serve\n" in service
    assert 'ENTRYPOINT ["/opt/doorward/.venv/bin/doorward"]\nCMD ["serve"]\n' in image


def _faults(words: str, rest: str) -> Iterator[str]:
    """What of a command line is not there: a command that nobody knows, or an option that it does not have."""
    command: click.Command = main
    for word in words.split():
        if command is main and word in FRONT_DOOR:
            return
        if not isinstance(command, click.Group):
            break
        found = command.commands.get(word)
        if found is None:
            yield f"doorward{words}"
            return
        command = found
    options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    given = re.findall(r"(?<!\S)--[a-z-]+", rest)
    yield from (f"doorward{words} {option}" for option in given if option not in options)


def _leads_somewhere(page: Path, link: str) -> bool:
    path, _, heading = link.partition("#")
    target = page.parent / path if path else page
    if not target.exists():
        return False
    return not heading or heading in {
        re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).strip().replace(" ", "-")
        for line in target.read_text("utf-8").splitlines()
        if line.startswith("#")
    }


def _blank(path: str) -> str:
    """A path without the names of its ids: `/organizations/{}/members`."""
    return re.sub(r"<[^>]+>|\{[^}]*\}|\$\w+|\b[a-z]{3,4}_[0-9a-z]{26}\b", "{}", path).rstrip("/")
