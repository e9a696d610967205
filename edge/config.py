"""Reads edge.toml: what is watched, and where it goes.

In: the file, and SCAN_STORAGE of the environment, which wins over `[storage]`. Out: a
frozen `Config`. Raises `EdgeConfigError` with every fault at once, each with its line,
its key and what to write.
"""

from __future__ import annotations

import os
import socket
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from shared.errors import ConfigError
from shared.rules_check import Fault, Value, table
from shared.rules_lines import lines_of

from . import config_check as check

SIZE_LIMIT = 256 << 10
CONNECTION = "SCAN_STORAGE"
"""A connection string in the environment; wins over `[storage]`."""


class EdgeConfigError(ConfigError):
    """The file is wrong."""

    def __init__(self, file: str, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        """Line and what to write instead, in the order of the file."""
        said = [f"line {line}: {what}" if line else what for line, what in self.faults]
        super().__init__(f"{file}: " + "; ".join(said), hint="see docs/edge.md")


class Done(StrEnum):
    """What becomes of a file that was uploaded."""

    DELETE = "delete"
    MOVE = "move"


class Gathering(StrEnum):
    """Whether files are gathered to scans."""

    SINGLE = "single"
    MERGE = "merge"


class Sidecar(StrEnum):
    """What lies beside a scan and speaks for it."""

    NONE = "none"
    PAPERCUT = "papercut-xml"
    XEROX = "xerox-log"
    INDEX = "index-xml"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """Where scans go; one of the first two is set."""

    connection_string: str = field(default="", repr=False)
    account_url: str = ""
    """Without a slash at its end; an identity signs in there."""
    container: str = "scans"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the agent takes for itself."""

    uploads: int = 12
    """At a time. Each waits for storage and for the disk most of the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder that a printer writes to."""

    path: Path
    """Absolute; it may come later, such as a share that is mounted."""
    device: str
    """The first segment of its blobs' names."""
    quiet_seconds: float = 5.0
    """How long a file must rest when nothing better is known."""
    done: Done = Done.DELETE
    set: Gathering = Gathering.SINGLE
    sidecar: Sidecar = Sidecar.NONE
    problems: bool = True
    """Whether NAME.problem.txt is left for the person at the printer."""
    remove_empty: bool = False
    """Whether empty folders below are removed."""
    pages_quiet_seconds: float = 10.0
    """After the last page, until no more are expected."""
    pages_missing_seconds: float = 300.0
    """After the last page, until a missing one is a problem."""
    sidecar_seconds: float = 60.0
    """How long a scan waits for its sidecar, and a sidecar for its scan."""
    leftover_seconds: float = 86_400.0
    """How long a file has a temporary name until it is told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All of edge.toml."""

    state_dir: Path
    """Absolute; it need not be there yet."""
    agent: str
    storage: Storage
    folders: tuple[Folder, ...]
    limits: Limits = field(default_factory=Limits)


def read(path: Path, environ: Mapping[str, str] | None = None) -> Config:
    """Read the file; paths in it may be relative to its folder.

    Raises EdgeConfigError.
    """
    env = os.environ if environ is None else environ
    top = _read(path)
    base = path.absolute().parent
    values = _Reader(base, env.get(CONNECTION, "").strip()).config(top)
    if top.faults:
        raise EdgeConfigError(path.name, top.faults)
    return values


def _read(path: Path) -> Value:
    """Read the TOML. Raises EdgeConfigError where it is none."""
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise EdgeConfigError(
                path.name, [(0, f"larger than {SIZE_LIMIT >> 10} KiB")]
            )
        text = path.read_text(encoding="utf-8-sig")
        return Value(tomllib.loads(text), lines=lines_of(text))
    except OSError as exc:
        what = f"cannot be read ({exc.strerror}): write it, or name another"
        raise EdgeConfigError(str(path), [(0, what)]) from exc
    except UnicodeDecodeError as exc:
        what = "not UTF-8: save the file as UTF-8"
        raise EdgeConfigError(path.name, [(0, what)]) from exc
    except (ValueError, RecursionError) as exc:
        raise EdgeConfigError(path.name, [(0, f"not TOML: {exc}")]) from exc


class _Reader:
    """Checks the tables, with what they need to know of each other."""

    def __init__(self, base: Path, connection: str) -> None:
        self._path = check.path_below(base)
        self._connection = connection
        """Of the environment; may be empty."""
        self._places: list[tuple[Value, Path]] = []

    def config(self, top: Value) -> Config:
        said = table(top, self._top)
        if "state_dir" not in said:
            check.missing(top, "state_dir", '"/var/lib/scanpost-edge"')
        if not top.raw.get("folder"):
            check.missing(top, "folder", "[[folder]] with a path and a device")
        check.blame_nested(self._places)
        return Config(
            state_dir=said.get("state_dir", Path("/")),
            agent=said.get("agent") or self._host(top),
            storage=said.get("storage") or self._storage(top.at("storage")),
            folders=said.get("folder", ()),
            limits=said.get("limits", Limits()),
        )

    @property
    def _top(self) -> dict[str, check.Check]:
        return {
            "state_dir": self._state_dir,
            "agent": check.segment,
            "storage": self._storage,
            "limits": lambda value: Limits(**table(value, _LIMITS)),
            "folder": self._folders,
        }

    def _state_dir(self, value: Value) -> Path:
        path = self._path(value)
        if check.is_there(path) and not path.is_dir():
            value.blame(f"{str(path)!r} is no folder: name one, it is made if missing")
        self._places.append((value, path))
        return path

    def _host(self, top: Value) -> str:
        name = socket.gethostname()
        if why := check.why_no_segment(name):
            top.at("agent").blame(f"the host's name will not do ({why}): write one")
        return name

    def _storage(self, value: Value) -> Storage:
        said: dict[str, Any] = table(value, _STORAGE)
        if self._connection:
            if why := check.why_no_connection(self._connection):
                value.faults.append((0, f"{CONNECTION} in the environment: {why}"))
            return Storage(**said | {"connection_string": self._connection})
        if "account_url" not in said:
            example = '"https://stscans.blob.core.windows.net"'
            check.missing(value, "account_url", f"{example}, or set {CONNECTION}")
        return Storage(**said)

    def _folders(self, value: Value) -> tuple[Folder, ...]:
        folders = []
        for each in value.elements("[[folder]], with two brackets on each side"):
            if not isinstance(each.raw, dict):
                each.blame("write [[folder]], with two brackets on each side")
                continue
            said = table(each, _FOLDER | {"path": self._watched})
            for key, example in _NEEDED.items():
                if key not in said:
                    check.missing(each, key, example)
            folders.append(Folder(**_BLANK | said))
        return tuple(folders)

    def _watched(self, value: Value) -> Path:
        path = self._path(value)
        # One that is missing may be a share that is mounted later.
        if check.is_there(path) and not path.is_dir():
            value.blame(f"{str(path)!r} is no folder: name one")
        self._places.append((value, path))
        return path


_NEEDED = {"path": '"/srv/scans/mfp-2f"', "device": '"mfp-2f"'}
_BLANK: dict[str, Any] = {"path": Path("/"), "device": ""}
"""Stands where a folder's entry lacks what it needs; the fault is written down."""
_STORAGE = {"account_url": check.account_url, "container": check.container}
_LIMITS = {"uploads": check.count(1, 64)}
_FOLDER: dict[str, check.Check] = {
    "device": check.segment,
    "quiet_seconds": check.seconds,
    "done": check.one_of(Done),
    "set": check.one_of(Gathering),
    "sidecar": check.one_of(Sidecar),
    "problems": check.yes_or_no,
    "remove_empty": check.yes_or_no,
    "pages_quiet_seconds": check.seconds,
    "pages_missing_seconds": check.seconds,
    "sidecar_seconds": check.seconds,
    "leftover_seconds": check.seconds,
}
