"""What the agent says of itself: a heartbeat in storage, and a file for `status`.

One JSON document for both: version, folders, backlog, oldest waiting file, last upload.
The sweep in the cloud warns when a heartbeat stops.
"""

from __future__ import annotations

import json
import time
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from . import reach
from .agent import Agent

BEAT_SECONDS = 60.0
FILE = "status.json"
_SHOWN = 100
_PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def document(agent: Agent) -> dict[str, Any]:
    """Say how things stand now."""
    waiting = [
        {"folder": str(sight.place.path), "path": sight.path, "why": why}
        for sight, why in agent.agenda.waiting()
    ]
    since = [_since(each["folder"], each["path"]) for each in waiting[:_SHOWN]]
    for claimed, why in agent.claimed():
        since.append(claimed.mark.ctime_ns / 1e9)
        waiting.append(
            {"folder": str(claimed.place.path), "path": claimed.path, "why": why}
        )
    return {
        "agent": agent.config.agent,
        "version": _version(),
        "time": _moment(time.time()),
        "folders": [
            {
                "path": str(each.path),
                "device": each.device,
                "trouble": agent.watcher.troubles.get(each.path)
                or agent.tender.others.get(each.path, ""),
            }
            for each in agent.config.folders
        ],
        "backlog": len(waiting),
        "oldest_waiting": _moment(min(filter(None, since), default=0.0)),
        "last_upload": _moment(agent.last_upload),
        "sent": agent.went,
        "problems": len(agent.desk),
        "storage": agent.line.why,
        "waiting": waiting[:_SHOWN],
        "leftovers": [
            {"folder": str(folder), "path": path, "why": why}
            for folder, path, why in agent.tender.leftovers.all()[:_SHOWN]
        ],
    }


def read_status(folder: Path) -> dict[str, Any]:
    """What `write_status` left; nothing where that cannot be read."""
    try:
        values = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def watched(values: Mapping[str, Any]) -> set[str]:
    """Every folder that an agent of this `state_dir` has watched so far."""
    folders = [each["path"] for each in values.get("folders", [])]
    return {*folders, *values.get("former", [])}


def write_status(values: Mapping[str, Any], folder: Path) -> None:
    """Leave the document where `status` finds it. Raises OSError.

    Folders that are in edge.toml no more are kept in mind: claims may lie there.
    """
    former = watched(read_status(folder)) - watched(values)
    values = {**values, "former": sorted(former)}
    text = json.dumps(values, ensure_ascii=False, indent=1)
    new = folder / f".{FILE}"
    new.write_text(text, encoding="utf-8", errors="replace")
    new.replace(folder / FILE)


def heartbeat(agent: Agent, *, is_last: bool) -> bytes:
    """The document without names of files, for a blob; the last says so itself."""
    values = document(agent)
    del values["waiting"]
    values["leftovers"] = len(agent.tender.leftovers.all())
    return json.dumps({**values, "stopped": is_last}).encode()


@cache
def _version() -> str:
    """As it was installed; in a checkout, as that says."""
    try:
        return version("scanpost")
    except PackageNotFoundError:
        try:
            said = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))
            return str(said["project"]["version"])
        except (OSError, ValueError, KeyError):
            return "unknown"


def _moment(seconds: float) -> str | None:
    """A time for people and programs; 0 is none."""
    if not seconds:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _since(folder: str, path: str) -> float:
    """Since when a file is as it is; 0 where that cannot be asked."""
    try:
        return reach.stat(Path(folder), path).st_ctime
    except OSError:
        return 0.0
