"""A template against the code: what the code needs is there by name, and nothing that it does not know."""

import re
from collections.abc import Iterator
from typing import Any

from infra.checks.checkout import Checkout
from infra.checks.deployment import Deployed
from infra.checks.findings import Finding
from infra.checks.tokens import TOKEN

STORAGE = "Microsoft.Storage/storageAccounts"
CHILDREN = {
    "queues": f"{STORAGE}/queueServices/queues",
    "tables": f"{STORAGE}/tableServices/tables",
    "containers": f"{STORAGE}/blobServices/containers",
}
SCOPES = {
    "storage": STORAGE,
    "vault": "Microsoft.KeyVault/vaults",
    "insights": "Microsoft.Insights/components",
    "app": "Microsoft.Web/sites",
    "releases": f"{STORAGE}/blobServices/containers",
}
"""What hub.json calls the scope of a role."""

NEEDED = (
    "AzureWebJobsStorage__accountName",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__credential",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "LOCKSTEP_KEY_VAULT_URL",
)
"""Settings that every deployment must have, besides those of hub.json: their values are known to the template only."""

PLATFORM = {
    "AzureWebJobsStorage__credential": "the Functions host: sign in with an identity",
    "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "the Functions host: the largest request",
    "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID": "Easy Auth: the identity in place of a client secret",
    "PYTHON_THREADPOOL_THREAD_COUNT": "the Python worker: threads for what blocks",
}
"""Settings that are not the app's own, and who reads them."""

REFUSED = {
    "AzureWebJobsStorage": "a connection string: the identity is used",
    "AzureWebJobsStorage__blobServiceUri": "the host fails with it beside the account's name (host#11787)",
    "FUNCTIONS_WORKER_RUNTIME": "Flex Consumption has it in functionAppConfig.runtime",
    "FUNCTIONS_EXTENSION_VERSION": "Flex Consumption does not know it",
    "WEBSITE_RUN_FROM_PACKAGE": "Flex Consumption deploys from its container",
}
"""Settings that must not be there, and why."""

FLEX_REFUSES = (
    "alwaysOn",
    "ftpsState",
    "functionsRuntimeScaleMonitoringEnabled",
    "linuxFxVersion",
    "netFrameworkVersion",
    "preWarmedInstanceCount",
    "use32BitWorkerProcess",
    "windowsFxVersion",
)
"""Values of siteConfig for which Flex Consumption refuses the whole app (error 51021), in one region or all of them."""

RULE = "Microsoft.Insights/scheduledQueryRules"
SETTING = re.compile(r"properties\.siteConfig\.appSettings\.(.+)\.value")
READY = re.compile(r"properties\.functionAppConfig\.scaleAndConcurrency\.alwaysReady\.(.+)\.instanceCount")


def compared(checkout: Checkout, resources: list[Deployed], tool: str, rules: dict[str, Any]) -> Iterator[Finding]:
    """Return every difference between a template and the code."""
    code = checkout.code["hub"]
    for what, kind in CHILDREN.items():
        wanted = code[what].values() if what == "containers" else code[what]
        yield from named(set(wanted), resources, kind, f"{what[:-1]} of the code", tool)
    yield from roles(code, resources, tool)
    yield from alerts(rules, resources, tool)
    apps = [each for each in resources if each.kind.lower() == "microsoft.web/sites"]
    if len(apps) != 1:
        yield Finding("", f"{tool} deploys {len(apps)} function apps, where it should be one")
    for app in apps:
        yield from app_settings(checkout, app, tool)
        yield from runtime(checkout, app, tool)
        yield from refused(app, tool)
        yield from always_ready(code, app, tool)
    for each in resources:
        if each.kind.lower() == "microsoft.web/sites/config" and each.name.endswith("/authsettingsV2"):
            yield from excluded(code, each, tool)


def named(wanted: set[str], resources: list[Deployed], kind: str, words: str, tool: str) -> Iterator[Finding]:
    """Compare the names of resources of a kind."""
    found = {each.name.rpartition("/")[2]: each for each in resources if each.kind.lower() == kind.lower()}
    for name in sorted(wanted - found.keys()):
        yield Finding("", f"{name} is a {words}, and {tool} does not make it")
    for name in sorted(found.keys() - wanted):
        yield Finding(found[name].place, f"{tool} makes {name}, which is no {words}")


def alerts(rules: dict[str, Any], resources: list[Deployed], tool: str) -> Iterator[Finding]:
    """Compare the alert rules with infra/common/alerts.json."""
    made = {query(each): each for each in resources if each.kind.lower() == RULE.lower()}
    wanted = {"\n".join(rule["query"]): name for name, rule in rules.items()}
    for text, name in wanted.items():
        if text not in made or name not in made[text].name:
            yield Finding("infra/common/alerts.json", f"{tool} does not make the rule {name} with its query")
    for text, each in made.items():
        if text not in wanted:
            yield Finding(each.place, f"{tool} makes the alert {each.name}, which is not in infra/common/alerts.json")


def query(rule: Deployed) -> Any:
    """Return the query of a rule."""
    return rule.values.get("properties.criteria.allOf[0].query")


def roles(code: dict[str, Any], resources: list[Deployed], tool: str) -> Iterator[Finding]:
    """Compare role assignments: role, scope, and whose they are."""
    identities = [each.name for each in resources if each.kind.lower().endswith("/userassignedidentities")]
    deployers = [name for name in identities if name.endswith("-deploy")]
    apps = [name for name in identities if name not in deployers]
    titles, wanted = {}, set()
    for whose, names in (("roles", apps), ("deployerRoles", deployers)):
        for role in code[whose]:
            titles[role["id"]] = role["name"]
            wanted |= {(role["id"], SCOPES[role["scope"]], name) for name in names}
    found = {}
    for each in resources:
        if each.kind.lower() == "microsoft.authorization/roleassignments":
            role, whose, on = re.split(r" for | on ", each.name, maxsplit=2)
            assignee, attached = TOKEN.search(whose), TOKEN.fullmatch(on)
            found[role, attached[1] if attached else on, assignee[2] if assignee else whose] = each
    for role, scope, identity in sorted(wanted - found.keys()):
        words = f"{titles[role]} ({role}) on {scope} for {identity}"
        yield Finding("infra/roles.py", f"the role {words} is needed, and {tool} does not assign it")
    for key in sorted(found.keys() - wanted):
        role, scope, identity = key
        words = f"{titles.get(role, 'a role')} ({role}) on {scope} to {identity}"
        yield Finding(found[key].place, f"{tool} assigns {words}, which infra/roles.py does not name")


def app_settings(checkout: Checkout, app: Deployed, tool: str) -> Iterator[Finding]:
    """Compare application settings: all that is needed, nothing that nobody reads, and the app's own judgement."""
    given = settings(app)
    known = checkout.code["settings"].keys() | PLATFORM.keys()
    fixed = checkout.code["hub"]["settings"]
    for name in (*NEEDED, *fixed):
        if name not in given:
            yield Finding(app.place, f"{tool} does not set {name}, which the app needs")
        elif name in fixed and given[name] != fixed[name]:
            yield Finding(app.place, f"{tool} sets {name} to {given[name]!r}; infra/hub.py has {fixed[name]!r}")
    for name in sorted(given):
        if name in REFUSED:
            yield Finding(app.place, f"{tool} sets {name}: {REFUSED[name]}")
        elif name not in known:
            yield Finding(
                app.place, f"{tool} sets {name}, which nobody reads (provisioning/settings.py has no such field)"
            )


def settings(app: Deployed) -> dict[str, Any]:
    """Return the settings of an app by name."""
    return {match[1]: value for path, value in app.values.items() if (match := SETTING.fullmatch(path))}


def judged(checkout: Checkout, deployments: dict[str, list[Deployed]]) -> Iterator[Finding]:
    """Start the app's own settings with those of each deployment, and return what it would say of them."""
    apps = [
        (tool, each)
        for tool, made in deployments.items()
        for each in made
        if each.kind.lower() == "microsoft.web/sites"
    ]
    told = [{name: stand_in(value) for name, value in settings(app).items()} for _, app in apps]
    for (tool, app), problems in zip(apps, checkout.ask_code("settings", told=told), strict=True):
        for problem in problems:
            yield Finding(app.place, f"with the settings of {tool} the app would say: {problem}")


def stand_in(value: Any) -> str:
    """Return a setting with what Azure would put where a word stands."""

    def told(match: re.Match[str]) -> str:
        kind, of, attribute = match[1], match[2], match[3]
        match attribute:
            case "name":
                return of
            case "properties.vaultUri":
                return f"https://{of}.vault.azure.net/"
            case "properties.ConnectionString":
                return (
                    "InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint=https://example.invalid/"
                )
            case "properties.clientId":
                return "00000000-0000-0000-0000-000000000000"
        return f"{kind}.{of}.{attribute}"

    return TOKEN.sub(told, str(value))


def runtime(checkout: Checkout, app: Deployed, tool: str) -> Iterator[Finding]:
    """Compare the language and its version with pyproject.toml."""
    beginning = "properties.functionAppConfig.runtime"
    found = (app.values.get(f"{beginning}.name"), app.values.get(f"{beginning}.version"))
    if found != ("python", checkout.code["runtime"]):
        yield Finding(
            app.place, f"{tool} runs {found[0]} {found[1]}; pyproject.toml asks for {checkout.code['runtime']}"
        )


def refused(app: Deployed, tool: str) -> Iterator[Finding]:
    """Return what Flex Consumption refuses: it is told at the first deployment only."""
    for name in FLEX_REFUSES:
        if f"properties.siteConfig.{name}" in app.values:
            yield Finding(app.place, f"{tool} sets siteConfig.{name}: Flex Consumption refuses the whole app with it")


def always_ready(code: dict[str, Any], app: Deployed, tool: str) -> Iterator[Finding]:
    """Compare the functions that are kept warm with those that there are."""
    functions = {*code["functions"]["queue"], *code["functions"]["timer"]}
    for path in app.values:
        if (match := READY.fullmatch(path)) and match[1] != "http":
            name = match[1].removeprefix("function:")
            if name not in functions or name == match[1]:
                yield Finding(app.place, f"{tool} keeps {match[1]} warm; function_app.py has no such function")


def excluded(code: dict[str, Any], signin: Deployed, tool: str) -> Iterator[Finding]:
    """Compare the paths that Easy Auth leaves alone with the routes."""
    beginning = "properties.globalValidation.excludedPaths["
    found = {value for path, value in signin.values.items() if path.startswith(beginning)}
    for path in sorted(set(code["excludedPaths"]) - found):
        yield Finding(signin.place, f"{tool} puts {path} behind the sign-in: function_app.py serves it without")
    for path in sorted(found - set(code["excludedPaths"])):
        yield Finding(signin.place, f"{tool} leaves {path} without sign-in; no route of function_app.py needs that")
