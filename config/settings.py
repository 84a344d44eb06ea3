"""Every setting, with name, type, default and a sentence; refuses to build from an environment that makes no sense."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "DOORWARD_"
_LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
_KEY_FILE = Path("var/secret_key")


class SettingsError(Exception):
    """The environment does not make a valid configuration; the message is one sentence that names the setting."""


class Settings(BaseSettings):
    """What an operator can set, each through the environment variable `DOORWARD_` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True)

    database_url: str = Field(
        default="sqlite:///var/doorward.db",
        description="SQLAlchemy URL of the database: `sqlite:///path` or `postgresql+psycopg://...`. A pooler before"
        " PostgreSQL must be in session mode: statements stay prepared on their connection.",
    )
    base_url: str = Field(
        default="http://127.0.0.1:8000",
        description="The address people and identity providers reach this server at, without a path. "
        "Plain http is for this machine only. When absent, it follows `DOORWARD_BIND` on this machine; where "
        "neither is set, links that commands print lead to where `serve` last was.",
    )
    secret_keys: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Comma-separated keys of at least 32 characters: the first seals and signs, all open and verify. "
        "Made and stored in `var/secret_key` when absent on SQLite; required otherwise.",
        repr=False,
    )
    operator_token: str | None = Field(
        default=None,
        description="Bearer token of the JSON API for whoever runs this server, at least 32 characters. "
        "Without it only organization keys open the API.",
        repr=False,
    )
    smtp_url: str | None = Field(
        default=None,
        description="`smtp://user:password@host:port` (STARTTLS when offered) or `smtps://...`. "
        "Without it mail is printed to the console, which is refused when the base URL is https.",
        repr=False,
    )
    mail_from: str = Field(default="doorward@localhost", description="The sender address of every mail.")
    dns_resolvers: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Comma-separated `host:port` of name servers to ask; the system's when absent."
    )
    trusted_proxies: int = Field(
        default=0,
        ge=0,
        le=10,
        description="How many reverse proxies in front of this server set X-Forwarded-For. "
        "The address in the base URL never comes from a header.",
    )
    allow_private_addresses: bool = Field(
        default=False,
        description="Development only: metadata and discovery may be fetched from loopback and private addresses. "
        "Refused when the base URL is https.",
    )
    bind: str = Field(default="127.0.0.1:8000", description="Where `doorward serve` listens, `host:port`.")
    workers: int = Field(default=2, ge=1, le=64, description="How many web processes `doorward serve` starts.")
    sign_in_days: int = Field(
        default=90,
        ge=1,
        le=3650,
        description="How many days the record of each attempt to sign in is kept for administrators to read.",
    )
    scim_request_days: int = Field(
        default=90,
        ge=1,
        le=3650,
        description="How many days the record of each SCIM request is kept for administrators to read.",
    )
    scim_requests_per_second: int = Field(
        default=100,
        ge=0,
        description="How many SCIM requests a second each worker process takes from one directory, with room for ten"
        " seconds' worth at once; more are answered 429 with Retry-After. 0 for no limit.",
    )
    banner: str | None = Field(
        default=None,
        max_length=200,
        description="One sentence, in red at the top of every page: for an installation that nobody should take for the"
        " real one, such as a rehearsal. `doorward demo` says so of itself.",
    )
    log_format: Literal["text", "json"] = Field(default="text", description="How the server logs.")

    @field_validator("secret_keys", "dns_resolvers", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("must start with sqlite:/// or postgresql+psycopg://")
        return value

    @field_validator("base_url")
    @classmethod
    def _base(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"} or parts.query:
            raise ValueError("must be an http or https address without a path, such as https://id.example.com")
        if parts.scheme == "http" and parts.hostname not in _LOCAL_HOSTS:
            raise ValueError("must be https, except on this machine itself")
        return value.rstrip("/")

    @field_validator("secret_keys")
    @classmethod
    def _keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(len(key) < 32 for key in value):
            raise ValueError("must hold keys of at least 32 characters")
        return value

    @field_validator("operator_token")
    @classmethod
    def _token(cls, value: str | None) -> str | None:
        if value is not None and len(value) < 32:
            raise ValueError("must have at least 32 characters")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _smtp(cls, value: str | None) -> str | None:
        if value is not None and (urlsplit(value).scheme not in {"smtp", "smtps"} or not urlsplit(value).hostname):
            raise ValueError("must be smtp://host:port or smtps://host:port")
        return value

    @field_validator("dns_resolvers")
    @classmethod
    def _resolvers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not port.isdigit() or not host for host, _, port in (entry.rpartition(":") for entry in value)):
            raise ValueError("must be host:port, comma-separated")
        return value

    @model_validator(mode="after")
    def _development_conveniences(self) -> Settings:
        """What is convenient on one machine is refused where people reach the server from elsewhere."""
        if self.is_https and self.allow_private_addresses:
            raise ValueError("DOORWARD_ALLOW_PRIVATE_ADDRESSES is for development; unset it when the base URL is https")
        if self.is_https and self.smtp_url is None:
            raise ValueError("DOORWARD_SMTP_URL is required when the base URL is https: sign-in codes go by mail")
        if not self.is_sqlite and not self.secret_keys:
            raise ValueError("DOORWARD_SECRET_KEYS is required with PostgreSQL: every machine must have the same keys")
        return self

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite:")

    @property
    def sqlite_path(self) -> Path | None:
        """The database file, absolute; None on PostgreSQL. A relative path counts from where the program runs."""
        return Path(self.database_url.removeprefix("sqlite:///")).absolute() if self.is_sqlite else None

    @property
    def resolvers(self) -> tuple[tuple[str, int], ...]:
        """`dns_resolvers` as (host, port)."""
        split = (entry.rpartition(":") for entry in self.dns_resolvers)
        return tuple((host.strip("[]"), int(port)) for host, _, port in split)


def load_settings(environment: Mapping[str, str] | None = None, *, directory: Path | None = None) -> Settings:
    """Settings from the environment, with secret keys made and kept under `var/` where SQLite allows that.

    Raises SettingsError for a value that makes no sense and for a `DOORWARD_` variable that does not exist.
    """
    environment = os.environ if environment is None else environment
    known = {PREFIX + name.upper(): name for name in Settings.model_fields}
    given = {key: value for key, value in environment.items() if key.startswith(PREFIX)}
    unknown = sorted(given.keys() - known.keys() - _READ_ELSEWHERE)
    if unknown:
        raise SettingsError(f"{unknown[0]} is not a setting of Doorward.")
    values: dict[str, Any] = {known[key]: value for key, value in given.items() if key in known and value != ""}
    if "secret_keys" not in values and values.get("database_url", "sqlite:").startswith("sqlite:"):
        values["secret_keys"] = (_own_key((directory or Path()) / _KEY_FILE),)
    if "bind" in values and "base_url" not in values and values["bind"].partition(":")[0] in _LOCAL_HOSTS:
        values["base_url"] = f"http://{values['bind']}"  # another port on this machine: the links must lead there
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from None


#: Read by the front door script, before there is a Python to read settings.
_READ_ELSEWHERE = frozenset({PREFIX + "PYTHON"})


def _own_key(path: Path) -> str:
    """The key of a single-machine installation, made on first use and readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(path, "x", encoding="ascii", opener=_owner_only) as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text("ascii").strip()


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    reason = str(first["msg"]).removeprefix("Value error, ")
    name = PREFIX + str(first["loc"][0]).upper() if first["loc"] else ""
    return f"{name} {reason}.".strip()
