"""What every test folder may use: the servers' fixtures, once for the whole pytest process."""

from provisioning.telemetry.logs import structure

structure()  # so that a test sees of a log line what is printed of it

pytest_plugins = [
    "tests.servers",
    "tests.hubs",
    "tests.host_server",
    "tests.slapd_server",
    "tests.samba_server",
    "connectors.testing.table",
]
