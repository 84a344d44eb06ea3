"""What every test may use: the servers of tests/servers/ and the application on them."""

pytest_plugins = (
    "tests.servers.network",
    "tests.servers.run",
    "tests.servers.postgres",
    "tests.servers.dns",
    "tests.servers.smtp",
    "tests.servers.chromium",
    "tests.servers.identity_providers",
    "tests.application",
    "tests.scim.checklists.counting",
)
