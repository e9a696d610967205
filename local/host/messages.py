"""The messages between a Functions host and its Python worker, as plain classes.

The worker library builds and reads them by attribute, whatever makes them: protobuf in
Azure, the table below here. A field that it does not have fails here as it does there.
"""

from __future__ import annotations

from dataclasses import field, make_dataclass
from types import SimpleNamespace
from typing import Any

# Message -> its fields, of FunctionRpc.proto, as far as the library uses them.
_FIELDS = {
    "BindingInfo": "type data_type direction",
    "FunctionLoadResponse": "function_id result",
    "FunctionMetadataResponse": (
        "use_default_metadata_indexing function_metadata_results result"
    ),
    "InvocationResponse": "invocation_id return_value result output_data",
    "NullableBool": "value",
    "NullableDouble": "value",
    "NullableString": "value",
    "NullableTimestamp": "value",
    "RpcException": "source message stack_trace",
    "RpcFunctionMetadata": (
        "name function_id managed_dependency_enabled directory script_file entry_point"
        " is_proxy language bindings raw_bindings retry_options properties"
    ),
    "RpcHttp": (
        "method url headers params query body status_code cookies"
        " enable_content_negotiation"
    ),
    "RpcHttpCookie": (
        "name value domain path expires secure http_only same_site max_age"
    ),
    "RpcRetryOptions": (
        "max_retry_count retry_strategy"
        " delay_interval minimum_interval maximum_interval"
    ),
    "StatusResult": "status exception",
    "Timestamp": "seconds",
    "WorkerInitResponse": "capabilities worker_metadata result",
    "WorkerMetadata": (
        "runtime_name runtime_version worker_version worker_bitness custom_properties"
    ),
}
# Message -> the members of its oneof and its other fields.
_ONE_OF = {
    "TypedData": ("string json bytes http int double", ""),
    "ParameterBinding": ("data", "name"),
}
_MAPS = frozenset({"headers", "params", "query"})
FAILURE, SUCCESS = 0, 1


def _which(names: tuple[str, ...]) -> Any:
    def which(self: object, _group: str) -> str | None:
        """Name the member that is set, as protobuf's `WhichOneof` does."""
        return next((each for each in names if getattr(self, each) is not None), None)

    return which


def _message(name: str, fields: str, one_of: str = "") -> type:
    members: list[tuple[str, Any, Any]] = [
        (each, Any, field(default_factory=dict) if each in _MAPS else None)
        for each in f"{fields} {one_of}".split()
    ]
    own = {"WhichOneof": _which(tuple(one_of.split()))} if one_of else {}
    return make_dataclass(name, members, namespace=own, kw_only=True, slots=True)


def _protos() -> Any:
    found: dict[str, Any] = {
        name: _message(name, fields) for name, fields in _FIELDS.items()
    }
    for name, (one_of, fields) in _ONE_OF.items():
        found[name] = _message(name, fields, one_of)
    found["StatusResult"].Failure = FAILURE
    found["StatusResult"].Success = SUCCESS
    binding = found["BindingInfo"]
    binding.undefined, binding.out, binding.inout = 0, 1, 2
    same_site = SimpleNamespace(Lax=1, Strict=2, ExplicitNone=3)
    setattr(same_site, "None", 0)
    found["RpcHttpCookie"].SameSite = same_site
    return SimpleNamespace(**found)


PROTOS = _protos()


def text(value: str) -> Any:
    """Wrap a text, for the worker."""
    return PROTOS.TypedData(string=value)


def binary(value: bytes) -> Any:
    """Wrap bytes, for the worker."""
    return PROTOS.TypedData(bytes=value)


def json_text(value: str) -> Any:
    """Wrap a text that is JSON, for the worker."""
    return PROTOS.TypedData(json=value)


def unwrapped(data: Any) -> bytes:
    """What the worker gave back, as a body: empty where it gave nothing."""
    kind = data.WhichOneof("data") if data is not None else None
    if kind is None:
        return b""
    value = getattr(data, kind)
    return value if isinstance(value, bytes) else str(value).encode()
