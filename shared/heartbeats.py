"""The agents beside the printers' folders: says which of them fell silent.

In: container `edge`, where each agent writes `AGENT.json` once a minute. Out: an alarm
for each that stopped without saying so. Raises `StorageError`.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from .errors import MissingError, ReplacedError
from .journal import alarm, note
from .stores.blobs import Blobs, Listed

CONTAINER = "edge"
BEAT = ".json"
SILENT = timedelta(minutes=10)
"""An agent beats every minute: a restart, or an update, is no silence."""
FORGOTTEN = timedelta(days=30)
"""An agent that was silent for so long is no longer waited for."""
STOPPED = "stopped"
"""Metadata of the last beat of an agent that was told to stop."""


def listen(blobs: Blobs, now: datetime) -> int:
    """Alarm for each agent that is silent, and forget the old; says how many are.

    One listing; nothing where nobody has such an agent.
    """
    silent = 0
    with suppress(MissingError):
        for each in blobs.list(CONTAINER):
            if not each.place.name.endswith(BEAT):
                continue
            age = now - each.modified
            if age >= FORGOTTEN:
                _forget(each, blobs)
            elif age >= SILENT and each.metadata.get(STOPPED) != "true":
                silent += 1
                agent = each.place.name.removesuffix(BEAT)
                minutes = int(age.total_seconds() // 60)
                alarm(
                    "edge-silent",
                    "edge-silent",
                    {"agent": agent, "last": each.modified, "minutes": minutes},
                )
    return silent


def _forget(beat: Listed, blobs: Blobs) -> None:
    """Remove the heartbeat, unless the agent speaks again this very moment."""
    with suppress(ReplacedError, MissingError):
        blobs.delete(beat.place)
        agent = beat.place.name.removesuffix(BEAT)
        note("edge-forgotten", {"agent": agent, "last": beat.modified})
