"""What may stand at each key of edge.toml.

In: a value and its line. Out: what it means. Raises nothing: each fault is written down
with its line, and reading goes on.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from shared.names import is_possible, is_system
from shared.plain import plain
from shared.receive import DEVICE_LIMIT
from shared.rules_check import Value, suggestion
from shared.settings import Storage
from shared.stores.endpoints import address, endpoints

type Check = Callable[[Value], Any]

DAY_SECONDS = 86_400.0
_CONTAINER = re.compile(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
"""Learn, "Naming and Referencing Containers, Blobs, and Metadata"."""
_OTHERS = frozenset({"edge", "held", "sent", "config", "deadletter"})
"""Containers of the account that have another purpose."""
_NAME_BYTES = 255
"""The longest name (ext4, XFS, btrfs)."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def missing(table: Value, key: str, example: str) -> None:
    """Blame what a table lacks."""
    place = replace(table, path=(*table.path, key))
    place.blame(f"missing: write, for instance, {example}")


def text(value: Value) -> str:
    """Check a text."""
    if not isinstance(value.raw, str):
        value.blame("write a text, between quotation marks")
        return ""
    return value.raw


def path_below(base: Path) -> Callable[[Value], Path]:
    """Make the check of a path; a relative one is below `base`."""

    def check(value: Value) -> Path:
        said = text(value)
        if isinstance(value.raw, str) and (not said.strip() or "\0" in said):
            value.blame("write a path, such as /srv/scans/mfp-2f")
            return base
        if any(len(os.fsencode(part)) > _NAME_BYTES for part in said.split("/")):
            value.blame(f"a name in it is longer than {_NAME_BYTES} bytes: shorten it")
        return base / said

    return check


def is_there(path: Path) -> bool:
    """Whether anything is there, and can be looked at."""
    try:
        return path.exists()
    except OSError:
        return False


def blame_nested(places: Sequence[tuple[Value, Path]]) -> None:
    """Blame folders that lie inside one another: a file would be seen twice."""
    real = [
        (value, path, path.resolve())
        for value, path in places
        if isinstance(value.raw, str)
    ]
    for n, (_, outer, above) in enumerate(real):
        for m, (value, inner, below) in enumerate(real):
            if n < m and above == below:
                value.blame(f"{str(inner)!r} is named twice: name another")
            elif above in below.parents:
                value.blame(f"{str(inner)!r} lies in {str(outer)!r}: name another")


def segment(value: Value) -> str:
    """Check a device or an agent: one segment of a blob's name."""
    said = text(value)
    if isinstance(value.raw, str) and (why := why_no_segment(said)):
        value.blame(f"{said!r} {why}: write a name such as mfp-2f")
    return said


def why_no_segment(name: str) -> str:
    """Say why no blob's name can begin with this folder; empty where one can."""
    is_readable = is_possible(name) and plain(name, DEVICE_LIMIT) == name
    faults = {
        "is empty": not name.strip(),
        "is more than one folder": "/" in name or "\\" in name,
        "is taken out of every address": name in {".", ".."},
        f"is longer than {DEVICE_LIMIT} characters": len(name) > DEVICE_LIMIT,
        "has characters that cannot be read": not is_readable,
        "is a folder that systems use for themselves": is_system(f"{name}/scan.pdf"),
        # The service takes dots off the end of a segment, or refuses them.
        "ends with a dot": name.endswith("."),
    }
    return next((why for why, is_so in faults.items() if is_so), "")


def account_url(value: Value) -> str:
    """Check the address of a storage account's blob service."""
    said = text(value).rstrip("/")
    if isinstance(value.raw, str) and not _is_account(said):
        value.blame(
            f"{said!r} is no address of an account: write, for instance, "
            "https://stscans.blob.core.windows.net, without container and key"
        )
    return said


def _is_account(url: str) -> bool:
    parts = address(url)
    if parts is None or parts.query or parts.fragment:
        return False
    # An emulator has the account's name in the path.
    is_here = parts.hostname in _LOOPBACK
    return is_here or (parts.scheme == "https" and not parts.path)


def why_no_connection(connection: str) -> str:
    """Say what is wrong with a connection string; empty where nothing is."""
    try:
        endpoints(Storage(connection_string=connection))
    except ValueError as exc:
        return (
            f"no connection string ({exc}): copy the account's connection string whole"
        )
    return ""


def container(value: Value) -> str:
    """Check a container's name."""
    said = text(value)
    if isinstance(value.raw, str) and not _CONTAINER.fullmatch(said):
        value.blame(f"{said!r} is no container: 3 to 63 of a-z, 0-9 and -")
    elif said in _OTHERS:
        value.blame(f"{said!r} is for something else: nobody mails what lies there")
    return said


def seconds(value: Value) -> float:
    """Check a time: a number of seconds, up to a day."""
    raw = value.raw
    is_number = isinstance(raw, int | float) and not isinstance(raw, bool)
    if not is_number or not 0 <= raw <= DAY_SECONDS:
        value.blame(f"write a number of seconds, from 0 to {DAY_SECONDS:.0f}")
        return 0.0
    return float(raw)


def count(least: int, most: int) -> Check:
    """Make the check of a number."""

    def check(value: Value) -> int:
        raw = value.raw
        is_number = isinstance(raw, int) and not isinstance(raw, bool)
        if not is_number or not least <= raw <= most:
            value.blame(f"write a number from {least} to {most}")
            return least
        return int(raw)

    return check


def yes_or_no(value: Value) -> bool:
    """Check a switch."""
    if not isinstance(value.raw, bool):
        value.blame("write true or false, without quotation marks")
    return bool(value.raw)


def one_of[T: StrEnum](words: type[T]) -> Callable[[Value], T]:
    """Make the check of one word of several."""
    known = [each.value for each in words]

    def check(value: Value) -> T:
        word = text(value)
        if word in known:
            return words(word)
        if isinstance(value.raw, str):
            value.blame(f"{word!r} is not known here: {suggestion(word, known)}")
        return next(iter(words))

    return check
