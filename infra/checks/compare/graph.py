"""The permissions in Graph that Bicep's own stage gives: those of the code, no more and no fewer.

Terraform's stage has the same comparison in its own test (infra/terraform/graph_permissions/tests).
"""

from collections.abc import Iterator

from infra.checks.bicep.template import Template
from infra.checks.bicep.values import Placed, Reference
from infra.checks.checkout import Checkout
from infra.checks.findings import Finding

STAGE = "infra/bicep/graph_permissions/main.bicep"
GRAPH = "Microsoft.Graph/servicePrincipals"
OTHER = "Directory.ReadWrite.All"
"""A permission that must not be given: it is among those that the stage could find."""


def compared(checkout: Checkout) -> Iterator[Finding]:
    """Evaluate the stage with a Microsoft Graph that has the permissions, each with its name for an id."""
    path = checkout.root / STAGE
    if not path.exists():
        yield Finding(STAGE, "is not there: what Bicep gives in Graph is not compared")
        return
    wanted = set(checkout.code["hub"]["graphPermissions"])
    roles = [{"id": each, "value": each} for each in sorted(wanted | {OTHER})]
    stage = Template.read(checkout.bicep_check, path, checkout.root, {"principalId": "principal"})
    for name, statement in stage.statements.items():
        if statement["k"] == "resource" and statement["type"].startswith(GRAPH):
            stage.known[name] = Reference(Placed(GRAPH, "v1.0", name, {"appRoles": roles}, True, STAGE))
    stage.deploy()
    given = {str(each.body.get("appRoleId")): each.place for each in stage.resources}
    for name in sorted(wanted - given.keys()):
        yield Finding(STAGE, f"does not give {name}, which connectors/graph/permissions.py recommends")
    for name in sorted(given.keys() - wanted):
        yield Finding(given[name], f"gives {name}, which connectors/graph/permissions.py does not recommend")
