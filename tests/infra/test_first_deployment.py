"""What Azure refuses at a first deployment only, and no checker of templates knows."""

import re
from pathlib import Path

INFRA = Path(__file__).parents[2] / "infra"


def test_private_endpoints_are_made_one_after_another() -> None:
    """An account that is given two at a time says StorageAccountOperationInProgress; azurerm tries again, ARM not."""
    network = (INFRA / "bicep/modules/network.bicep").read_text()
    assert re.search(r"^@batchSize\(1\)\nresource \w+ 'Microsoft.Network/privateEndpoints@", network, re.MULTILINE)
