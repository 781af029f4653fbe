"""Stand-ins for the protobuf classes of FunctionRpc.proto, as far as the Python worker package touches them.

The worker only reads attributes, so plain objects serve and neither grpcio nor protobuf is needed. Names are the
protocol's own.
"""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any


class Message(SimpleNamespace):
    """A protobuf message: a field that was not set reads as ``None``."""

    def __getattr__(self, name: str) -> Any:
        """Answer for an unset field. Dunder names stay absent: the worker and Python probe for them."""
        if name.startswith("__"):
            raise AttributeError(name)
        return None


class TypedData:
    """The protocol's union of payloads: exactly one of ``string``, ``bytes``, ``json``, ``http``, ``int``, ``double``.

    Any other attribute is absent; the worker tells this class from a wrapper by the absence of ``TypedData``.
    """

    __slots__ = ("kind", "value")

    kind: str
    value: Any

    def __init__(self, **field: Any) -> None:
        """Take exactly one keyword, the kind of payload."""
        ((self.kind, self.value),) = field.items()

    def WhichOneof(self, _: str) -> str:  # noqa: N802 - protobuf's name
        """Return the kind of payload."""
        return self.kind

    def __getattr__(self, name: str) -> Any:
        """Return the payload under the name of its kind."""
        if name == self.kind:
            return self.value
        raise AttributeError(name)


class ParameterBinding(Message):
    """A named payload: ``name`` and ``data``."""

    def WhichOneof(self, _: str) -> str:  # noqa: N802 - protobuf's name
        """Return ``data``: shared memory is never used."""
        return "data"


class StatusResult(Message):
    """How an invocation ended: ``status``, and ``exception`` with ``message`` and ``stack_trace``."""

    Failure, Success, Cancelled = 0, 1, 2


class BindingInfo(Message):
    """Only its enumerations are used, for the directions and data types of bindings."""

    undefined, out, inout = 0, 1, 2
    string, binary, stream = 1, 2, 3


class RpcHttpCookie(Message):
    """A cookie of a response; optional values are messages with one field ``value``."""

    SameSite = SimpleNamespace(**{"None": 0, "Lax": 1, "Strict": 2, "ExplicitNone": 3})


class Protos:
    """What the worker takes for the module of generated classes; classes it merely fills are made when asked for."""

    TypedData = TypedData
    ParameterBinding = ParameterBinding
    StatusResult = StatusResult
    BindingInfo = BindingInfo
    RpcHttpCookie = RpcHttpCookie

    def __getattr__(self, name: str) -> type[Message]:
        """Make a message class of that name."""
        if name.startswith("__"):
            raise AttributeError(name)
        made = type(name, (Message,), {})
        setattr(self, name, made)
        return made


def init_request(app: str) -> Message:
    """Return the request that makes the worker import ``function_app.py`` in the folder ``app`` and index it."""
    request = Message(worker_init_request=Message(capabilities={}, function_app_directory=app))
    return Message(request=request, properties={"protos": Protos(), "host": "127.0.0.1"})


def invocation_request(
    function_id: str,
    invocation_id: str,
    name: str,
    data: TypedData,
    metadata: Mapping[str, TypedData],
    trace_parent: str,
) -> Message:
    """Return the request that runs a function: ``data`` goes to the trigger's argument ``name``."""
    invocation = Message(
        invocation_id=invocation_id,
        function_id=function_id,
        input_data=[ParameterBinding(name=name, data=data)],
        trigger_metadata=metadata,
        trace_context=Message(trace_parent=trace_parent, trace_state="", attributes={}),
        retry_context=Message(retry_count=0, max_retry_count=0, exception=None),
    )
    return Message(request=Message(invocation_request=invocation))
