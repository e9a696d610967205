"""The function app in the local host, as a process that can be looked at."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.bench.stage import ROOT


def core_seconds(pid: int) -> float:
    """Processor time of a process, user and system, in seconds (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Worker:
    """One host process; a context manager."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local.host", "--app", str(ROOT)],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        ready = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(ready,), daemon=True)
        self._reader.start()
        if not ready.wait(60):
            raise RuntimeError("".join(self.lines[-20:]))
        return self

    def _read(self, ready: threading.Event) -> None:
        for line in self._process.stdout or ():
            self.lines.append(line)
            if line == "ready\n":
                ready.set()

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        self._reader.join()

    @property
    def sent(self) -> int:
        """Scans that it says it sent."""
        return sum("outcome=sent" in line for line in list(self.lines))

    def core_seconds(self) -> float:
        """Processor time it has taken."""
        return core_seconds(self._process.pid)

    def resident_mb(self, field: str) -> float:
        """`VmRSS` or `VmHWM` of the process, in MB of 1,000,000 bytes."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        line = next(each for each in status.splitlines() if each.startswith(field))
        return int(line.split()[1]) * 1024 / 1e6
