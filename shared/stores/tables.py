"""The table: rows inserted once, and changed under their ETag only.

Raises `ConflictError` where an insert finds a row, `ReplacedError` where the ETag is no
longer the row's, `MissingError`, `StorageError`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from azure.core import MatchConditions
from azure.data.tables import EdmType, EntityProperty, UpdateMode

from shared.errors import MissingError

from .border import crossing

if TYPE_CHECKING:
    from azure.data.tables import TableClient

type Value = str | int | datetime


@dataclass(frozen=True, slots=True)
class Entity:
    """One row of a table, plainly."""

    partition: str
    key: str
    values: Mapping[str, Value]
    etag: str = ""


class Table:
    """One table. Thread-safe."""

    def __init__(self, client: TableClient) -> None:
        self._client = client

    def insert(self, entity: Entity) -> str:
        """Add a row; returns its ETag."""
        with crossing("insert into the ledger"):
            done = self._client.create_entity(_outgoing(entity))
        return str(done["etag"])

    def replace(self, entity: Entity) -> str:
        """Write the row whole if its ETag still is `entity.etag`; returns the new."""
        with crossing("change of the ledger"):
            done = self._client.update_entity(
                _outgoing(entity),
                mode=UpdateMode.REPLACE,
                etag=entity.etag,
                match_condition=MatchConditions.IfNotModified,
            )
        return str(done["etag"])

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


def _outgoing(entity: Entity) -> dict[str, Any]:
    values: dict[str, Any] = {
        key: EntityProperty(value, EdmType.INT64) if key == "size" else value
        for key, value in entity.values.items()
    }
    return {"PartitionKey": entity.partition, "RowKey": entity.key, **values}


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
