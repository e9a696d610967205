"""What the agent says of itself: a heartbeat in storage, and a file for `status`.

One JSON document for both: version, folders, backlog, oldest waiting file, last upload.
The sweep in the cloud warns when a heartbeat stops.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .agent import Agent
from .claim import Claimed

BEAT_SECONDS = 60.0
FILE = "status.json"
_SHOWN = 100


def document(agent: Agent) -> dict[str, Any]:
    """Say how things stand now."""
    waiting = [
        {"folder": str(sight.place.path), "path": sight.path, "why": why}
        for sight, why in agent.agenda.waiting()
    ]
    claimed = list(agent.claimed())
    for each, why in claimed:
        waiting.append({"folder": str(each.place.path), "path": each.path, "why": why})
    return {
        "agent": agent.config.agent,
        "version": _version(),
        "time": _moment(time.time()),
        "folders": [
            {
                "path": str(each.path),
                "device": each.device,
                "trouble": agent.watcher.troubles.get(each.path, ""),
            }
            for each in agent.config.folders
        ],
        "backlog": len(waiting),
        "oldest_waiting": _oldest(each for each, _ in claimed),
        "last_upload": _moment(agent.last_upload) if agent.last_upload else None,
        "sent": agent.went,
        "storage": agent.line.why,
        "waiting": waiting[:_SHOWN],
    }


def write_status(agent: Agent, folder: Path) -> None:
    """Leave the document where `status` finds it. Raises OSError."""
    text = json.dumps(document(agent), ensure_ascii=False, indent=1)
    new = folder / f".{FILE}"
    new.write_text(text, encoding="utf-8", errors="replace")
    new.replace(folder / FILE)


def heartbeat(agent: Agent) -> bytes:
    """The document without names of files, for a blob."""
    values = document(agent)
    del values["waiting"]
    return json.dumps(values).encode()


def _version() -> str:
    try:
        return version("scanpost")
    except PackageNotFoundError:
        return "unknown"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _oldest(claimed: Iterable[Claimed]) -> str | None:
    first = min((each.mark.ctime_ns for each in claimed), default=0)
    return _moment(first / 1e9) if first else None
