"""What every test folder may use: the servers' fixtures, once for the whole pytest process."""

pytest_plugins = [
    "tests.servers",
    "tests.hubs",
    "tests.host_server",
    "tests.slapd_server",
    "tests.samba_server",
    "connectors.testing.table",
]
