"""What "Verify Credentials" says about broken Graph set-ups, word for word; a verb that meets the same says the "
"same."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from connectors.contract import PROVISIONING, Check, Feature, Match, ObjectKind
from connectors.errors import ConnectorError, Misconfigured
from connectors.graph import GraphConnector
from sandbox.certificates import ensure_certificates
from sandbox.graph.knobs import PERMISSIONS, Fault
from sandbox.graph.server import Served
from tests.connectors.graph.graph_tenant import settings_for
from tests.connectors.graph.test_graph_managed_identity import Platform, platform

__all__ = ["platform"]

NOBODY = "0f7a3c5e-4f5e-4a43-9a6e-3f1f5b0a9c11"
SOMEBODY = {"userPrincipalName": "a@contoso.example", "displayName": "A"}
ALL = PROVISIONING | {Feature.SYNC_PASSWORDS}


@dataclass(frozen=True)
class Broken:
    """One broken set-up and what is said. In the texts stand {tenant}, and {request} for the id of a request."""

    name: str
    changes: Mapping[str, Any]
    knobs: Mapping[str, Any]
    check: str
    detail: str
    fix: str
    verb: bool = True
    """Whether a verb meets the same."""
    features: frozenset[Feature] = PROVISIONING


def without(*permissions: str) -> dict[str, Any]:
    return {"permissions": PERMISSIONS - set(permissions)}


CONSENT = (
    " of Microsoft Graph with admin consent: Entra admin center, App registrations, API permissions; for a managed "
    "identity by an app role assignment. A token that was issued before may take an hour to expire, one of a managed "
    "identity a day."
)
RENEW = "Make a new client secret: Entra admin center, App registrations, Certificates & secrets."
WAY = "Check the address, the firewall and the proxy between the hub and it."
TYPING = "Check the address for typing errors, and the name resolution of the network."
TLS = (
    "If a proxy of your network re-signs TLS, or the host has a private certificate, name its certificate authority in "
    "the CA file. Otherwise somebody else may be answering: do not go on."
)
LICENCE = (
    "Correct the name in the connection's settings or in the entitlement; Entra ID's product names and part numbers "
    "are listed by Microsoft, and 'Verify Credentials' checks those of the settings."
)

BROKEN = [
    Broken(
        "wrong-secret",
        {"client_secret": SecretStr("not-its-secret")},
        {},
        "Sign-in",
        "The client secret is wrong. [AADSTS7000215]",
        f"Enter the secret's value, not its id. {RENEW}",
    ),
    Broken(
        "expired-secret",
        {},
        {"secret_expired": True},
        "Sign-in",
        "The client secret has expired. [AADSTS7000222]",
        RENEW,
    ),
    Broken(
        "wrong-tenant",
        {"tenant_id": "nowhere.example"},
        {},
        "Sign-in",
        "The tenant is not known. [AADSTS90002]",
        "Check the tenant id or domain, and the authority of its cloud.",
    ),
    Broken(
        "wrong-client-id",
        {"client_id": "somebody-else"},
        {},
        "Sign-in",
        "The application is not known in this tenant. [AADSTS700016]",
        "Check the client id and the tenant, and that admin consent was given there.",
    ),
    Broken(
        "no-service-principal",
        {},
        {"sign_in_refusal": 7000229},
        "Sign-in",
        "The application is not known in this tenant: it has no service principal there. [AADSTS7000229]",
        "Check the client id and the tenant, and give admin consent in that tenant (Entra admin center, Enterprise "
        "apps).",
    ),
    Broken(
        "disabled-application",
        {},
        {"sign_in_refusal": 7000112},
        "Sign-in",
        "The application is disabled in the tenant. [AADSTS7000112]",
        "Enable it: Entra admin center, Enterprise apps, Properties, 'Enabled for users to sign-in'.",
    ),
    Broken(
        "conditional-access",
        {},
        {"sign_in_refusal": 53003},
        "Sign-in",
        "A Conditional Access policy blocks the application. [AADSTS53003]",
        "Exclude the application from the policy, or add the hub's outgoing address to the named locations that the "
        "policy allows (Entra admin center, Conditional Access).",
    ),
    Broken(
        "any-other-refusal",
        {},
        {"sign_in_refusal": 50105},
        "Sign-in",
        "The sign-in service refuses the credentials. [AADSTS50105]",
        "Check tenant, client id and secret. An AADSTS code is explained at https://login.microsoftonline.com/error.",
    ),
    Broken(
        "untrusted-authority",
        {"ca_file": ""},
        {},
        "Sign-in",
        "The certificate of the sign-in service is not trusted: unable to get local issuer certificate.",
        TLS,
    ),
    Broken(
        "ca-file-missing",
        {"ca_file": "/nowhere/ca.crt"},
        {},
        "Sign-in",
        "The CA file cannot be used: No such file or directory.",
        "Name a PEM file with certificates that the hub can read.",
    ),
    Broken(
        "authority-unreachable",
        {"authority": "https://localhost:1"},
        {},
        "Sign-in",
        "The sign-in service cannot be reached.",
        WAY,
    ),
    Broken(
        "authority-unknown",
        {"authority": "https://no-such-host.invalid"},
        {},
        "Sign-in",
        "The host name of the sign-in service is not known.",
        TYPING,
    ),
    Broken(
        "graph-unreachable",
        {"base_url": "https://localhost:1/v1.0"},
        {},
        "Microsoft Graph",
        "Microsoft Graph cannot be reached.",
        WAY,
    ),
    Broken(
        "graph-unknown",
        {"base_url": "https://no-such-host.invalid/v1.0"},
        {},
        "Microsoft Graph",
        "The host name of Microsoft Graph is not known.",
        TYPING,
    ),
    Broken(
        "outage",
        {},
        {"faults": [Fault(status=429, retry_after=600, times=99, path="^/(organization|users)")]},
        "Microsoft Graph",
        "Microsoft Graph limits the rate of requests. [429 TooManyRequests, request-id {request}]",
        "Nothing to do: it is tried again. If it stays so, look at the Microsoft 365 service health.",
    ),
    Broken(
        "no-admin-consent",
        {},
        {"permissions": frozenset()},
        "Admin consent",
        "The application may not read users: it has no application permission at all. Delegated permissions do not "
        "count, nor do those without admin consent.",
        f"Grant the application permissions User.ReadWrite.All, Group.ReadWrite.All{CONSENT}",
        verb=False,
    ),
    Broken(
        "no-permission-for-users",
        {},
        without("User.ReadWrite.All"),
        "Create and change users",
        "The application may not create and change users.",
        f"Grant the application permission User.ReadWrite.All (or Directory.ReadWrite.All){CONSENT}",
        verb=False,
    ),
    Broken(
        "no-permission-for-groups",
        {},
        {"permissions": frozenset({"User.ReadWrite.All", "Group.Read.All"})},
        "Change groups",
        "The application may not change groups.",
        f"Grant the application permission Group.ReadWrite.All (or Directory.ReadWrite.All){CONSENT}",
        verb=False,
    ),
    Broken(
        "no-permission-to-delete",
        {},
        {"permissions": frozenset({"Directory.ReadWrite.All"})},
        "Delete users",
        "The application may not delete users.",
        f"Grant the application permission User.ReadWrite.All (or User.DeleteRestore.All){CONSENT}",
        verb=False,
    ),
    Broken(
        "no-permission-for-passwords",
        {},
        without("User-PasswordProfile.ReadWrite.All"),
        "Set passwords of users",
        "The application may not set passwords of users.",
        f"Grant the application permission User-PasswordProfile.ReadWrite.All{CONSENT} For accounts with administrator "
        "roles the application itself needs a role as well, such as Privileged Authentication Administrator.",
        verb=False,
        features=ALL,
    ),
    Broken(
        "no-permission-for-sessions",
        {},
        {"permissions": frozenset({"User.Read.All", "User.EnableDisableAccount.All"})},
        "Revoke sign-in sessions",
        "The application may not revoke sign-in sessions.",
        "Grant the application permission User.ReadWrite.All (or User.RevokeSessions.All, Directory.ReadWrite.All)"
        + CONSENT,
        verb=False,
        features=frozenset({Feature.DEACTIVATE_USERS}),
    ),
    Broken(
        "no-permission-for-licences",
        {"licences": ["EMS"]},
        without("Organization.Read.All"),
        "Licences",
        "The application may not read the tenant's licences. [403 Authorization_RequestDenied, request-id {request}]",
        "Grant the application permission Organization.Read.All (or LicenseAssignment.Read.All, "
        "LicenseAssignment.ReadWrite.All, Organization.ReadWrite.All, Directory.Read.All, Directory.ReadWrite.All)"
        + CONSENT,
        verb=False,
    ),
    Broken(
        "unknown-licence",
        {"licences": ["SPE_E9"]},
        {},
        "Licences",
        "The tenant has no licence, or the licence no service plan, that is called SPE_E9. Its licences: EMS, "
        "ENTERPRISEPACK.",
        LICENCE,
        verb=False,
    ),
    Broken(
        "unknown-service-plan",
        {"licences_by_entitlement": ["EMS without NO_PLAN"]},
        {},
        "Licences",
        "The tenant has no licence, or the licence no service plan, that is called EMS without NO_PLAN. Its licences: "
        "EMS, ENTERPRISEPACK.",
        LICENCE,
        verb=False,
    ),
    Broken(
        "no-seats-left",
        {"licences": ["EMS"]},
        {"subscriptions": {"EMS": 0}},
        "Licences",
        "No seat is left for another user: EMS (0 of 0 seats are used).",
        "Buy seats or free some (Microsoft 365 admin center, Billing, Licenses); the licence is assigned by the next "
        "try.",
        verb=False,
    ),
    Broken(
        "unverified-domain",
        {"federated_domains": ["fabrikam.example"], "immutable_id": "generated"},
        {"unverified_domains": frozenset({"fabrikam.example"})},
        "Domains",
        "fabrikam.example is no verified domain of the tenant, and the connection names it as a federated one.",
        "Correct the federated domains in the connection. Have userName end in a verified domain, or add and verify "
        "the domain (Entra admin center, Custom domain names).",
        verb=False,
    ),
    Broken(
        "domain-not-federated",
        {"federated_domains": ["contoso.example"], "immutable_id": "generated"},
        {},
        "Domains",
        "contoso.example is not federated: Entra ID signs its users in itself.",
        "Take the domain out of the federated domains of the connection, or finish its federation.",
        verb=False,
    ),
    Broken(
        "federated-domain-without-immutable-id",
        {},
        {"federated_domains": frozenset({"contoso.example"})},
        "Domains",
        "contoso.example is a federated domain, whose users need onPremisesImmutableId; there is no value for it.",
        "Name the domain in the connection's federated domains, and map onPremisesImmutableId or set where it comes "
        "from (Immutable id of federated users): the sign-in service must know the same value.",
        verb=False,
    ),
    Broken(
        "unknown-owner",
        {"group_owners": ["boss@contoso.example"]},
        {},
        "Owners of new groups",
        "An owner of the group has no account in the tenant.",
        "Correct the owners of new groups in the connection's settings, or the mapping of owners: object ids or "
        "userPrincipalNames of users.",
        verb=False,
    ),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
async def test_a_broken_setup_is_told_with_what_to_do(broken: Broken, graph_simulator: Served) -> None:
    for name, value in broken.knobs.items():
        setattr(graph_simulator.knobs, name, value)
    settings = settings_for(graph_simulator, **broken.changes)
    connector = GraphConnector(settings)
    try:
        verification = await connector.verify(broken.features)
        found = {check.name: check for check in verification.checks if not check.ok}
        assert all(check.detail and check.fix for check in found.values())
        told = found[broken.check]
        assert (plain(told.detail), told.fix) == (broken.detail, broken.fix)
        assert settings.client_secret is not None
        assert settings.client_secret.get_secret_value() not in repr(verification)
        if broken.verb:
            with pytest.raises(ConnectorError) as caught:
                await connector.find(Match(ObjectKind.USER, "userPrincipalName", "anybody@contoso.example"))
            assert (plain(str(caught.value)), caught.value.fix) == (plain(told.detail), told.fix)
    finally:
        await connector.close()


def plain(text: str) -> str:
    """A text without what is random in it."""
    return re.sub(r"request-id [0-9a-f-]{36}", "request-id {request}", text)


@pytest.mark.parametrize(
    ("missing", "verb"),
    [
        (
            "User.ReadWrite.All",
            lambda c: c.create(ObjectKind.USER, SOMEBODY, active=True),
        ),
        ("Group.ReadWrite.All", lambda c: c.create(ObjectKind.GROUP, {"displayName": "a"}, active=True)),
    ],
)
async def test_a_verb_names_the_missing_permission_in_the_same_words(
    missing: str, verb: Callable[[GraphConnector], Any], graph_simulator: Served
) -> None:
    graph_simulator.knobs.permissions = PERMISSIONS - {missing}
    connector = GraphConnector(settings_for(graph_simulator))
    try:
        told = {check.detail: check.fix for check in (await connector.verify()).checks if not check.ok}
        with pytest.raises(Misconfigured) as caught:
            await verb(connector)
    finally:
        await connector.close()
    assert told[str(caught.value).partition(" [")[0]] == caught.value.fix


async def test_without_admin_consent_a_verb_says_the_same(graph_simulator: Served) -> None:
    graph_simulator.knobs.permissions = frozenset()
    connector = GraphConnector(settings_for(graph_simulator))
    try:
        (told,) = [check for check in (await connector.verify()).checks if not check.ok]
        with pytest.raises(Misconfigured) as caught:
            await connector.find(Match(ObjectKind.USER, "userPrincipalName", "a@contoso.example"))
    finally:
        await connector.close()
    assert str(caught.value).partition(" [")[0] == told.detail


async def test_a_hub_without_managed_identity_is_told(graph_simulator: Served, platform: Platform) -> None:
    platform.answer = lambda: web.json_response({"statusCode": 400, "message": "No User Assigned identity"}, status=400)
    assert await told_with_identity(graph_simulator) == Check(
        "Sign-in",
        ok=False,
        detail="There is no managed identity here.",
        fix="Switch on the managed identity of the Function App (for a user-assigned one, check the client id), or use "
        "a client secret.",
    )


async def test_a_managed_identity_of_another_tenant_is_told(graph_simulator: Served, platform: Platform) -> None:
    tenant = f"Contoso ({graph_simulator.tenant_id})"
    assert await told_with_identity(graph_simulator, tenant_id=NOBODY) == Check(
        "Microsoft Graph",
        ok=False,
        detail=f"Microsoft Graph answers for the tenant {tenant}, not for {NOBODY}.",
        fix="A managed identity belongs to the tenant of its Azure subscription. Correct the tenant, or use a client "
        "secret of an app registration in the other tenant.",
    )


async def told_with_identity(served: Served, **changes: str) -> Check:
    identity = {"credential": "managed_identity", "client_id": "", "client_secret": None, "tenant_id": ""}
    connector = GraphConnector(settings_for(served, **identity | changes))
    try:
        verification = await connector.verify()
    finally:
        await connector.close()
    return next(check for check in verification.checks if not check.ok)


async def test_a_wrong_ca_is_told(graph_simulator: Served, tmp_path: Path) -> None:
    connector = GraphConnector(settings_for(graph_simulator, ca_file=str(ensure_certificates(tmp_path).ca)))
    try:
        (told,) = (await connector.verify()).checks
    finally:
        await connector.close()
    assert told.detail.startswith("The certificate of the sign-in service is not trusted: ")
    assert told.fix == TLS


def test_an_address_that_nobody_vouches_for_is_refused(graph_simulator: Served) -> None:
    with pytest.raises(Misconfigured) as caught:
        GraphConnector.open(settings_for(graph_simulator, authority="https://login.evil.example"))
    assert str(caught.value) == (
        "Authority: login.evil.example:443 is not one of Microsoft's clouds, and the deployment does not trust it."
    )
    assert caught.value.fix == (
        "Correct the address, or have login.evil.example:443 added to the deployment's setting LOCKSTEP_TRUSTED_HOSTS."
    )
