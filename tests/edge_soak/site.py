"""The agent as a process, for a campaign: started again whenever it is not there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from local.azurite import ROOT
from tests.edge_soak.printers import PAIRED, SETS, SINGLE

TOOK_TOO_LONG = 90.0
CONFIG = """\
state_dir = "{folder}/state"
agent = "soak"

[[folder]]
path = "{folder}/{single}"
device = "{single}"
quiet_seconds = 1.0
remove_empty = true

[[folder]]
path = "{folder}/{paired}"
device = "{paired}"
quiet_seconds = 1.0
sidecar = "json"
sidecar_seconds = 30.0

[[folder]]
path = "{folder}/{sets}"
device = "{sets}"
quiet_seconds = 1.0
set = "merge"
pages_quiet_seconds = 6.0
"""


@dataclass
class Edge:
    """One agent after the other, on the same folders."""

    folder: Path
    storage: str
    counts: Counter[str] = field(default_factory=Counter)
    _process: subprocess.Popen[bytes] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        for device in (SINGLE, PAIRED, SETS):
            (self.folder / device).mkdir()
        text = CONFIG.format(
            folder=self.folder, single=SINGLE, paired=PAIRED, sets=SETS
        )
        (self.folder / "edge.toml").write_text(text)

    @property
    def log(self) -> Path:
        """What all of them said."""
        return self.folder / "edge.log"

    def tend(self) -> None:
        """Start one where none is there."""
        with self._lock:
            if self._process and self._process.poll() is not None:
                self.counts["agents that ended by themselves"] += 1
                self._process = None
            if self._process is None:
                self._start()

    def end(self, number: int) -> None:
        """Kill it, or tell it to stop."""
        with self._lock:
            if self._process is None:
                return
            was_there = self._process.poll() is None
            self._process.send_signal(number)
            status = self._process.wait(TOOK_TOO_LONG)
            is_well = status == (0 if number == signal.SIGTERM else -number)
            if not (was_there and is_well):
                # SIGTERM before its handler stands ends any process.
                early = number == signal.SIGTERM and status == -number
                self.counts["agents that ended by themselves"] += not early
            self._process = None

    def left(self) -> list[Path]:
        """Files that are in the folders still, claimed or not."""
        return [
            each
            for device in (SINGLE, PAIRED, SETS)
            for each in (self.folder / device).rglob("*")
            if each.is_file() and each != self.folder / device / ".scanpost" / "agent"
        ]

    def _start(self) -> None:
        words = ["-m", "edge", "run", "--config", str(self.folder / "edge.toml")]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *words],
                cwd=ROOT,
                env={**os.environ, "SCAN_STORAGE": self.storage},
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self.counts["agents started"] += 1
