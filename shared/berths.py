"""Connections that a peer allows for each sender, shared by all instances.

One row per lane that has such a limit, partition `berths`: who is connected, and until
when at most. A worker that dies leaves its berth when its lease ends. Raises
`StorageError`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime

from .errors import MissingError, ReplacedError
from .stores.border import ConflictError
from .stores.tables import Entity, Table

PARTITION = "berths"
_TRIES = 12

type _Taken = Mapping[str, str]
"""Berth -> when it is free at the latest, ISO 8601."""


class Berths:
    """Who is connected. Thread-safe."""

    def __init__(self, table: Table, clock: Callable[[], datetime]) -> None:
        self._table = table
        self._clock = clock

    def enter(self, lane: str, most: int, until: datetime) -> str:
        """Take a berth until then; empty where all are taken."""
        berth = uuid.uuid4().hex
        for _ in range(_TRIES):
            taken, etag = self._look(lane)
            if berth in taken:
                # It was written after all: only the answer was lost.
                return berth
            if len(taken) >= most:
                return ""
            if self._written(lane, {**taken, berth: until.isoformat()}, etag):
                return berth
        return ""

    def leave(self, lane: str, berth: str) -> None:
        """Give a berth back."""
        for _ in range(_TRIES):
            taken, etag = self._look(lane)
            if berth not in taken:
                return
            rest = {each: until for each, until in taken.items() if each != berth}
            if self._written(lane, rest, etag):
                return

    def _look(self, lane: str) -> tuple[_Taken, str]:
        entity = self._table.find(PARTITION, lane)
        if entity is None:
            return {}, ""
        now = self._clock()
        taken: _Taken = json.loads(str(entity.values["taken"]))
        live = {
            berth: until
            for berth, until in taken.items()
            if datetime.fromisoformat(until) > now
        }
        return live, entity.etag

    def _written(self, lane: str, taken: _Taken, etag: str) -> bool:
        """Write it unless somebody else did meanwhile; then the caller looks again."""
        entity = Entity(PARTITION, lane, {"taken": json.dumps(taken)}, etag)
        try:
            (self._table.replace if etag else self._table.insert)(entity)
        except (ReplacedError, MissingError, ConflictError):
            return False
        return True
