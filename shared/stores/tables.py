"""The table: rows inserted once, and changed under their ETag only.

Raises `ConflictError` where an insert finds a row, `ReplacedError` where the ETag is no
longer the row's, `MissingError`, `StorageError`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from azure.core import MatchConditions
from azure.data.tables import EntityProperty

from shared.errors import MissingError

from .border import crossing
from .wire import Call, Wire

if TYPE_CHECKING:
    from azure.data.tables import TableClient

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

    def __init__(self, client: TableClient, wire: Wire) -> None:
        self._client = client
        self._wire = wire
        self._name = client.table_name

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
        try:
            with crossing("read of the ledger"):
                return _incoming(self._client.get_entity(partition, key))
        except MissingError:
            return None

    def query(self, where: str, parameters: Mapping[str, Value]) -> Iterator[Entity]:
        """Read all rows that match an OData filter with `@name` parameters."""
        with crossing("query of the ledger"):
            found = self._client.query_entities(where, parameters=dict(parameters))
            for each in found:
                yield _incoming(each)

    def delete(self, entity: Entity) -> None:
        """Remove the row if its ETag still is the same."""
        with crossing("removal from the ledger"):
            self._client.delete_entity(
                entity.partition,
                entity.key,
                etag=entity.etag,
                match_condition=MatchConditions.IfNotModified,
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


def _incoming(found: Any) -> Entity:
    values = {
        key: value.value if isinstance(value, EntityProperty) else value
        for key, value in found.items()
        if key not in {"PartitionKey", "RowKey"}
    }
    return Entity(
        partition=found["PartitionKey"],
        key=found["RowKey"],
        values=values,
        etag=str(found.metadata["etag"]),
    )
