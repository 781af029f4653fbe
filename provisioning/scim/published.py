"""What the endpoint publishes, and the models, shapes and protocol steps made from it: one object for each state of the
schemas."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from scim2_models import ResourceType, Schema, ScimPolicy, ScimProvider, ServiceProviderConfig
from scim2_server.service import ScimService

from provisioning.scim.schemas import definitions, resource_types, service_provider_config
from provisioning.scim.shape import Shape, shapes

POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
"""What Entra needs tolerated: unknown attributes dropped, remove with values, a missing element created by its path."""


@dataclass(frozen=True, slots=True)
class Published:
    """The schemas in force. ``shapes`` has the shape of each resource type by its name."""

    provider: ScimProvider
    service: ScimService
    shapes: Mapping[str, Shape]


@cache
def published() -> Published:
    """Return what this process publishes."""
    found, types = definitions(), resource_types()
    provider = ScimProvider.from_discovery(
        [Schema.model_validate(each) for each in found],
        [ResourceType.model_validate(each) for each in types],
        ServiceProviderConfig.model_validate(service_provider_config()),
        POLICY,
    )
    return Published(provider, ScimService(provider), shapes(found, types))
