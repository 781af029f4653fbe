"""Runs ``az``: arguments as a list, no shell, never a secret among them; its errors in words with what to do."""

import json
import subprocess
from typing import Any

from infra.rollout.words import Refused

_SECONDS = 900

_MEANINGS = (
    (("az login", "not logged in", "AADSTS", "No subscription found", "refresh token"),
     "Azure CLI is not signed in. Run: az login (a pipeline: its login step must come before, with OIDC)."),
    (("SubscriptionNotFound", "doesn't exist in cloud"),
     "The subscription is not one of this account's. Run: az account set --subscription NAME."),
    (("AuthorizationPermissionMismatch", "required permissions needed to"),
     "The role for the blobs is missing: Storage Blob Data Contributor on the container 'releases' "
     "(roles need some minutes after they are given)."),
    (("AuthorizationFailed", "does not have authorization"),
     "A role is missing: Website Contributor on the function app, as infra/common/hub.json's deployerRoles say."),
    (("ForbiddenByRbac", "ForbiddenByPolicy"),
     "The role for the secret is missing: Key Vault Secrets User on it."),
    (("AuthorizationFailure", "ForbiddenByFirewall", "public network access", "PublicNetworkAccess"),
     "The storage account or the vault does not let this machine in: run this where the network is open to it "
     "(isolateNetwork: from within the virtual network)."),
    (("ContainerNotFound",), "The container 'releases' is missing: deploy the infrastructure first."),
    (("SecretNotFound",), "The vault has no secret of that name."),
    (("ResourceGroupNotFound", "ResourceNotFound", "was not found"),
     "Azure does not know it: check --app, --resource-group and the subscription (az account show)."),
)  # fmt: skip


class AzRefused(Refused):
    """``az`` did not do it."""


def az(*arguments: str) -> str:
    """Run one command of az and return what it prints. Raises ``AzRefused``."""
    shown = " ".join(arguments[:4])
    try:
        done = subprocess.run(
            ["az", *arguments, "--only-show-errors"],
            stdin=subprocess.DEVNULL,  # it would wait for somebody to type a device code
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
    except FileNotFoundError:
        raise AzRefused(
            "Azure CLI (az) is not installed: https://learn.microsoft.com/cli/azure/install-azure-cli"
        ) from None
    except subprocess.TimeoutExpired:
        raise AzRefused(f"az {shown} did not end within {_SECONDS} s.") from None
    if done.returncode:
        said = done.stderr.strip() or f"exit code {done.returncode}"
        raise AzRefused(f"{explain(said)}\n    az {shown} ...: {said.splitlines()[-1]}")
    return done.stdout


def az_json(*arguments: str) -> Any:
    """Run one command of az and return its JSON. Raises ``AzRefused``."""
    text = az(*arguments, "--output", "json")
    try:
        return json.loads(text)
    except ValueError:
        raise AzRefused(f"az {' '.join(arguments[:4])} did not print JSON. Is this Azure's own az?") from None


def explain(said: str) -> str:
    """Return what an error of az means for whoever deploys."""
    lowered = said.lower()
    for signs, meaning in _MEANINGS:
        if any(sign.lower() in lowered for sign in signs):
            return meaning
    return "Azure CLI failed."
