"""What the endpoint publishes, and the models, shapes and protocol steps made from it: one object for each state of the
schemas."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from scim2_models import ResourceType, Schema, ScimPolicy, ScimProvider, ServiceProviderConfig

from provisioning.scim.schema.schemas import Extension, definitions, resource_types, service_provider_config
from provisioning.scim.schema.shape import Shape, anything, shapes
from provisioning.scim.service import HubService

POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
"""What Entra needs tolerated: unknown attributes dropped, remove with values, a missing element created by its path."""

_CURSORS = b"lockstep cursors"
"""Seals cursors, so that every instance can open them. No secret, and needs not be: a cursor grants nothing. Whoever
makes one up gets a page of what the request, with its token, may read anyway; what it holds is checked as any input."""


@dataclass(frozen=True, slots=True)
class Published:
    """The schemas in force. ``shapes`` has the shape of each resource type by its name, ``anything`` that of the root.

    ``strict`` has the same schemas, and the policy of RFC 7644 to the letter instead of ``POLICY``.
    """

    provider: ScimProvider
    service: HubService
    strict: HubService
    shapes: Mapping[str, Shape]
    anything: Shape


@lru_cache(maxsize=16)
def published(extensions: tuple[Extension, ...] = ()) -> Published:
    """Return what is published with an organisation's own extensions in force.

    Made once for each content, in some tens of milliseconds; a few are kept, for the schemas may just be changing.
    """
    found, types = definitions(extensions), resource_types(extensions)
    own = {each.urn: f"Extension{number}" for number, each in enumerate(extensions)}
    provider = ScimProvider.from_discovery(
        # The library names classes and fields by the schemas: what an organisation calls its own may be taken.
        [Schema.model_validate(each | {"name": own.get(each["id"], each["name"])}) for each in found],
        [ResourceType.model_validate(each) for each in types],
        ServiceProviderConfig.model_validate(service_provider_config()),
        POLICY,
    )
    by_name = shapes(found, types)
    letter = ScimProvider(provider.models, provider.resource_types, provider.config)
    provider.schemas = letter.schemas = tuple(Schema.model_validate(each) for each in found)
    return Published(
        provider,
        HubService(provider, secret=_CURSORS),
        HubService(letter, secret=_CURSORS),
        by_name,
        anything(by_name),
    )
