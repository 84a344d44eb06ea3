"""A wrong setting stops the start with one sentence that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.logging import leave_out_secrets
from config.settings import Settings, SettingsError, load_settings

KEY = "k" * 32


def build(**changes: str) -> Settings:
    environment = {"DOORWARD_SECRET_KEYS": KEY} | {f"DOORWARD_{name.upper()}": value for name, value in changes.items()}
    return load_settings(environment)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"database_url": "mysql://x"}, "DOORWARD_DATABASE_URL"),
        ({"base_url": "ftp://x"}, "DOORWARD_BASE_URL"),
        ({"base_url": "https://id.example.com/path"}, "DOORWARD_BASE_URL"),
        ({"base_url": "http://id.example.com"}, "DOORWARD_BASE_URL"),
        ({"secret_keys": "short"}, "DOORWARD_SECRET_KEYS"),
        ({"operator_token": "short"}, "DOORWARD_OPERATOR_TOKEN"),
        ({"smtp_url": "http://mail"}, "DOORWARD_SMTP_URL"),
        ({"dns_resolvers": "9.9.9.9"}, "DOORWARD_DNS_RESOLVERS"),
        ({"trusted_proxies": "many"}, "DOORWARD_TRUSTED_PROXIES"),
        ({"workers": "0"}, "DOORWARD_WORKERS"),
        ({"scim_request_days": "0"}, "DOORWARD_SCIM_REQUEST_DAYS"),
        ({"scim_requests_per_second": "-1"}, "DOORWARD_SCIM_REQUESTS_PER_SECOND"),
        ({"log_format": "xml"}, "DOORWARD_LOG_FORMAT"),
        ({"nonsense": "1"}, "DOORWARD_NONSENSE"),
        ({"base_url": "https://id.example.com"}, "DOORWARD_SMTP_URL"),
        (
            {"base_url": "https://id.example.com", "smtp_url": "smtp://mail", "allow_private_addresses": "1"},
            "DOORWARD_ALLOW_PRIVATE_ADDRESSES",
        ),
    ],
)
def test_wrong_setting_is_refused_in_one_sentence_that_names_it(changes: dict[str, str], names: str) -> None:
    with pytest.raises(SettingsError) as refused:
        build(**changes)
    assert names in str(refused.value)
    assert "\n" not in str(refused.value)


def test_error_never_repeats_a_secret() -> None:
    with pytest.raises(SettingsError) as refused:
        build(operator_token="hunter2")
    assert "hunter2" not in str(refused.value)


def test_postgresql_needs_secret_keys_of_its_own() -> None:
    with pytest.raises(SettingsError, match="DOORWARD_SECRET_KEYS"):
        load_settings({"DOORWARD_DATABASE_URL": "postgresql+psycopg://x"})


def test_sqlite_makes_a_key_once_and_keeps_it_for_its_owner_only(tmp_path: Path) -> None:
    first = load_settings({}, directory=tmp_path)
    second = load_settings({}, directory=tmp_path)

    assert first.secret_keys == second.secret_keys
    assert (tmp_path / "var" / "secret_key").stat().st_mode & 0o077 == 0


def test_links_follow_another_port_on_this_machine() -> None:
    assert build(bind="127.0.0.1:8411").base_url == "http://127.0.0.1:8411"
    assert build(bind="0.0.0.0:8411").base_url == "http://127.0.0.1:8000"


def test_lists_are_split_at_commas() -> None:
    settings = build(dns_resolvers="127.0.0.1:53, [::1]:5353", secret_keys=f"{KEY},{'l' * 32}")

    assert settings.resolvers == (("127.0.0.1", 53), ("::1", 5353))
    assert len(settings.secret_keys) == 2


def test_fields_that_must_not_be_logged_are_left_out() -> None:
    entry = leave_out_secrets(None, "info", {"event": "x", "Authorization": "Bearer y", "token": "z", "path": "/"})

    assert entry == {"event": "x", "Authorization": "[left out]", "token": "[left out]", "path": "/"}
