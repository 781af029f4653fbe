"""One more environment than the files have: every option switched on, so that both templates are compared whole."""

import re
from typing import Any

EVERYTHING = "everything"
"""Its name."""

OPTIONS: dict[str, Any] = {
    "organization": "fabrikam",
    "environment": "tst",
    "location": "swedencentral",
    "tags": {"owner": "identity"},
    "instanceMemoryMB": 4096,
    "maximumInstanceCount": 7,
    "httpConcurrency": 9,
    "alwaysReadyHttp": 3,
    "alwaysReadyJobs": 1,
    "zoneRedundantStorage": True,
    "zoneRedundant": True,
    "isolateNetwork": True,
    "addressSpace": "10.61.4.0/23",
    "dnsServers": ["10.61.0.4", "10.61.0.5"],
    "entraIngressOnly": True,
    "adminAddressRanges": ["203.0.113.0/24", "198.51.100.7/32"],
    "consoleClientId": "5d0c2f0e-6c3a-4f0e-9f55-1f6f2f4a7b10",
    "logDailyCapGb": 3,
    "logRetentionDays": 90,
    "alertEmails": ["identity@fabrikam.example", "night@fabrikam.example"],
    "monthlyBudget": 70,
    "budgetStart": "2027-01-01",
    "deployerIssuer": "https://vstoken.dev.azure.com/1f0c9b9e-2f0b-4f3c-8a54-6c8f7e0d5b21",
    "deployerSubject": "repo:fabrikam/lockstep:environment:test",
    "appSettings": {"LOCKSTEP_REPORT_DAYS": "30"},
    "deleteLock": True,
}
"""Values that are no default and differ from each other: a parameter that is not passed on, or two that are swapped,
show up as a difference."""


def snake(name: str) -> str:
    """Return Terraform's spelling of a parameter: ``instanceMemoryMB`` is ``instance_memory_mb``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
