"""The one log line: `key=value`, for people in a log stream and for KQL's parse-kv.

Addresses are masked here, content and tokens never come here. Losses and refused
sign-ins go out as errors with `alarm=…`, which is what the alerts look for.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from .plain import masked, plain

LOGGER = logging.getLogger("scanpost")
_ADDRESS = re.compile(r"[^\s<>\"',;:()\[\]=]+@[^\s<>\"',;:()\[\]=]+")
_BARE = re.compile(r"[A-Za-z0-9._:/@*+-]+")
VALUE_LIMIT = 400

type Value = str | int | float | datetime | None


def quiet_others() -> None:
    """Keep the libraries' own INFO lines, requests and tokens, out of the log."""
    for name in ("azure", "msal", "urllib3", "requests"):
        logging.getLogger(name).setLevel(logging.WARNING)


def masked_text(text: str) -> str:
    """Mask every address in a text, such as a server's answer."""
    if "@" not in text:
        # Else each word of a long text is tried from each of its letters on.
        return text
    return _ADDRESS.sub(lambda found: masked(found[0]), text)


def line(event: str, fields: Mapping[str, Value]) -> str:
    """Write one line; fields without a value are left out."""
    parts = [f"event={event}"]
    for key, value in fields.items():
        if value is not None and value != "":
            parts.append(f"{key}={_shown(value)}")
    return " ".join(parts)


def _shown(value: Value) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, float):
        return f"{value:.0f}"
    text = plain(masked_text(str(value)), VALUE_LIMIT)
    if _BARE.fullmatch(text):
        return text
    return '"' + text.replace('"', "'") + '"'


def note(event: str, fields: Mapping[str, Value]) -> None:
    """Say what happened, as it should."""
    LOGGER.info("%s", line(event, fields))


def warn(event: str, fields: Mapping[str, Value]) -> None:
    """Say what somebody should look at in time."""
    LOGGER.warning("%s", line(event, fields))


def alarm(word: str, event: str, fields: Mapping[str, Value]) -> None:
    """Say what somebody should look at now; `word` is what the alert looks for."""
    LOGGER.error("%s", line(event, {**fields, "alarm": word}))


PARTS = ("storage", "token", "mail")


class Stopwatch:
    """Splits the time of one call by what it went into; milliseconds."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._parts = dict.fromkeys(PARTS, 0.0)

    @contextmanager
    def measuring(self, part: str) -> Iterator[None]:
        """Count the time inside towards `part`."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.add(part, time.perf_counter() - begun)

    def add(self, part: str, seconds: float) -> None:
        """Count time that somebody else measured."""
        self._parts[part] += seconds

    def fields(self) -> dict[str, Value]:
        """All of it, as fields of the line."""
        split = {f"{name}_ms": took * 1000 for name, took in self._parts.items()}
        return {"total_ms": (time.perf_counter() - self._start) * 1000, **split}
