"""What a function learns about its trigger, beside the message itself. Pure.

The host adds the top level of a JSON message to the metadata, over what stands there:
an event's `id` is what `msg.id` says then (worker issue 1373). Ours does the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from local.host.connections import Message
from local.host.messages import json_text, text


def queue_metadata(message: Message, content: bytes) -> dict[str, Any]:
    """Describe a queue message as the host does."""
    said = content.decode(errors="replace")
    known: dict[str, Any] = {
        "QueueTrigger": text(said),
        "DequeueCount": json_text(str(message.dequeue_count)),
        "ExpirationTime": json_text(_moment(message.expires)),
        "Id": text(message.id),
        "InsertionTime": json_text(_moment(message.inserted)),
        "NextVisibleTime": json_text(_moment(message.next_visible)),
        "PopReceipt": text(message.receipt),
    }
    names = {name.lower(): name for name in known}
    for name, value in _top_level(said).items():
        known[names.get(name.lower(), name)] = value
    return known


def _top_level(said: str) -> Mapping[str, Any]:
    try:
        value = json.loads(said)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    return {
        name: _typed(each)
        for name, each in value.items()
        if each is not None and not isinstance(each, list)
    }


def _typed(value: object) -> Any:
    """An object stays JSON; all else is handed on as its text."""
    if isinstance(value, dict):
        return json_text(json.dumps(value))
    return text(value if isinstance(value, str) else json.dumps(value))


def _moment(value: datetime) -> str:
    return json.dumps(value.isoformat())


def timer_info(last: datetime | None, following: datetime, now: datetime) -> Any:
    """Describe a timer's tick as the host does."""
    status = {
        "Last": last.isoformat() if last else "0001-01-01T00:00:00",
        "Next": following.isoformat(),
        "LastUpdated": now.isoformat(),
    }
    schedule = {"AdjustForDST": True}
    info = {"Schedule": schedule, "ScheduleStatus": status, "IsPastDue": False}
    return json_text(json.dumps(info))
