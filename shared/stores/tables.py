"""The table: rows inserted once, and changed under their ETag only.

Raises `ConflictError` where an insert finds a row, `ReplacedError` where the ETag is no
longer the row's, `MissingError`, `StorageError`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from shared.errors import MissingError

from .wire import Call, Wire

if TYPE_CHECKING:
    from .sdk import Sdk

type Value = str | int | datetime

_LONG = frozenset({"size"})
"""Columns of 64 bits."""


@dataclass(frozen=True, slots=True)
class Entity:
    """One row of a table, plainly."""

    partition: str
    key: str
    values: Mapping[str, Value]
    etag: str = ""


class Table:
    """One table. Thread-safe."""

    def __init__(self, name: str, wire: Wire, sdk: Callable[[], Sdk]) -> None:
        self._name = name
        self._wire = wire
        self._sdk = sdk

    def insert(self, entity: Entity) -> str:
        """Add a row; returns its ETag."""
        call = Call("POST", f"/{self._name}", _INSERT, _json(entity))
        return self._etag("insert into the ledger", call)

    def replace(self, entity: Entity) -> str:
        """Write the row whole if its ETag still is `entity.etag`; returns the new."""
        path = f"/{self._name}{_key(entity)}"
        headers = {**_WRITE, "If-Match": entity.etag}
        call = Call("PUT", path, headers, _json(entity))
        return self._etag("change of the ledger", call)

    def _etag(self, what: str, call: Call) -> str:
        return str(self._wire.call(what, call).drain(what).headers["ETag"])

    def find(self, partition: str, key: str) -> Entity | None:
        """Read one row; None where there is none."""
        sdk = self._sdk()
        try:
            with sdk.crossing("read of the ledger"):
                found = sdk.tables.get_table_client(self._name).get_entity(
                    partition, key
                )
        except MissingError:
            return None
        return _incoming(found, sdk)

    def query(self, where: str, parameters: Mapping[str, Value]) -> Iterator[Entity]:
        """Read all rows that match an OData filter with `@name` parameters."""
        sdk = self._sdk()
        with sdk.crossing("query of the ledger"):
            client = sdk.tables.get_table_client(self._name)
            for each in client.query_entities(where, parameters=dict(parameters)):
                yield _incoming(each, sdk)

    def delete(self, entity: Entity) -> None:
        """Remove the row if its ETag still is the same."""
        sdk = self._sdk()
        with sdk.crossing("removal from the ledger"):
            sdk.tables.get_table_client(self._name).delete_entity(
                entity.partition,
                entity.key,
                etag=entity.etag,
                match_condition=sdk.UNCHANGED,
            )


_WRITE = {
    "Accept": "application/json;odata=nometadata",
    "Content-Type": "application/json",
    "DataServiceVersion": "3.0;NetFx",
}
_INSERT = {**_WRITE, "Prefer": "return-no-content"}


def _key(entity: Entity) -> str:
    partition, key = (quote(each, safe="") for each in (entity.partition, entity.key))
    return f"(PartitionKey='{partition}',RowKey='{key}')"


def _json(entity: Entity) -> bytes:
    """Write a row as the Table service reads it, with the types JSON does not have."""
    out: dict[str, str | int] = {
        "PartitionKey": entity.partition,
        "RowKey": entity.key,
    }
    for name, value in entity.values.items():
        if isinstance(value, datetime):
            out[f"{name}@odata.type"] = "Edm.DateTime"
            out[name] = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        elif name in _LONG:
            out[f"{name}@odata.type"] = "Edm.Int64"
            out[name] = str(value)
        else:
            out[name] = value
    return json.dumps(out, ensure_ascii=False).encode()


def _incoming(found: Any, sdk: Sdk) -> Entity:
    return Entity(
        partition=found["PartitionKey"],
        key=found["RowKey"],
        values=sdk.plain(found),
        etag=str(found.metadata["etag"]),
    )
