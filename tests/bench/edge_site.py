"""What an edge agent is measured at: folders, a line to storage, and rclone beside it.

Both take the same files from fresh folders to fresh containers, by the same line.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self
from urllib.parse import urlsplit

from azure.storage.blob import ContainerClient

from local.azurite import ACCOUNT, KEY
from tests.bench.stage import ROOT, Stage
from tests.samples import a_pdf

DELAY_SECONDS = 0.010
"""Each way: a round trip of 20 ms."""
RCLONE = "rclone"
PATIENCE_SECONDS = 300.0


def has_rclone() -> bool:
    """Whether the Debian package is installed."""
    return shutil.which(RCLONE) is not None


class Site:
    """Folders that are new each time; a context manager."""

    def __init__(self, stage: Stage, delay: float = 0.0) -> None:
        self._stage = stage
        self._delay = delay
        self._count = 0

    def __enter__(self) -> Self:
        self._folder = TemporaryDirectory(prefix="scanpost-bench-")
        self.top = Path(self._folder.name)
        text = self._stage.settings["SCAN_STORAGE"]
        parts = dict(part.split("=", 1) for part in text.rstrip(";").split(";"))
        self.endpoint = parts["BlobEndpoint"]
        self._line: subprocess.Popen[str] | None = None
        if self._delay:
            self._line, port = _far(self.endpoint, self._delay)
            near = str(urlsplit(self.endpoint).port)
            self.endpoint = self.endpoint.replace(near, port)
        return self

    def __exit__(self, *_: object) -> None:
        if self._line and self._line.stdin and self._line.stdout:
            self._line.stdin.close()
            self._line.wait()
            self._line.stdout.close()
        self._folder.cleanup()

    def files(self, count: int, size: int) -> Path:
        """Make a folder of whole PDFs, on disk, that nobody watches."""
        self._count += 1
        folder = self.top / f"round-{self._count}"
        folder.mkdir()
        data = a_pdf(size - len(a_pdf()))
        for number in range(count):
            (folder / f"scan-{number:04}.pdf").write_bytes(data)
        # What is written back while somebody is timed would be on his account.
        os.sync()
        return folder

    def container(self) -> ContainerClient:
        """Make a container that is empty."""
        self._count += 1
        return self._stage.blobs.create_container(f"fresh-{self._count}")

    def watched(self, *names: str) -> list[Path]:
        """Make folders for an agent."""
        folders = [self.top / "watched" / name for name in names]
        for each in folders:
            each.mkdir(parents=True, exist_ok=True)
        return folders

    @contextmanager
    def agent(self, folders: list[Path], container: str = "scans") -> Iterator[Agent]:
        """Run an agent; it watches inside."""
        config = self._config(folders, container)
        storage = (
            "DefaultEndpointsProtocol=http;"
            f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={self.endpoint};"
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "edge", "run", "--config", str(config)],
            cwd=ROOT,
            env={**os.environ, "SCAN_STORAGE": storage},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        agent = Agent(process)
        try:
            agent.wait_until_ready()
            yield agent
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
            agent.reader.join()

    def _config(self, folders: list[Path], container: str) -> Path:
        file = self.top / "edge.toml"
        lines = [
            f'state_dir = "{self.top}/state"',
            'agent = "bench"',
            "[storage]",
            f'container = "{container}"',
        ]
        for each in folders:
            lines += ["[[folder]]", f'path = "{each}"', f'device = "{each.name}"']
        file.write_text("\n".join(lines) + "\n")
        return file

    def rclone(self, folder: Path, container: str) -> float:
        """Copy a folder; seconds. It asks for nothing that it need not know."""
        place = (
            f":azureblob,use_emulator=true,endpoint='{self.endpoint}',"
            f"account='{ACCOUNT}',key='{KEY}',no_check_container=true:{container}/mfp"
        )
        words = [RCLONE, "--config", "", "copy", "--transfers", "8", str(folder), place]
        start = time.perf_counter()
        subprocess.run(words, check=True, stderr=subprocess.DEVNULL)
        return time.perf_counter() - start


class Agent:
    """An agent's process, and what it says."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.pid = process.pid
        self._process = process
        self._said: list[str] = []
        self._sent = 0
        self._changed = threading.Condition()
        self._is_ready = False
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            with self._changed:
                self._said.append(line)
                self._is_ready = self._is_ready or line.startswith("ready")
                self._sent += "event=edge_sent" in line
                self._changed.notify_all()
        if self._process.stdout:
            self._process.stdout.close()

    def wait_until_ready(self) -> None:
        """It watches."""
        self._wait(lambda: self._is_ready)

    def wait_until_sent(self, count: int) -> None:
        """So many files are in storage, and gone from their folders."""
        self._wait(lambda: self._sent >= count)

    def _wait(self, is_true: Callable[[], bool]) -> None:
        with self._changed:
            if not self._changed.wait_for(is_true, PATIENCE_SECONDS):
                raise TimeoutError("".join(self._said[-20:]))

    def core_seconds(self) -> float:
        """Processor time it has taken, to the nanosecond (clock_getcpuclockid(3))."""
        return time.clock_gettime((~self.pid << 3) | 2)

    def peak_mb(self) -> float:
        """The most memory it had, in MB of 1,000,000 bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(each for each in status.splitlines() if "VmHWM" in each)
        return int(line.split()[1]) * 1024 / 1e6


def _far(endpoint: str, seconds: float) -> tuple[subprocess.Popen[str], str]:
    """Start a longer line; returns it and its port."""
    port = str(urlsplit(endpoint).port)
    line = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.edge_delay", port, str(seconds)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if line.stdout is None:
        raise RuntimeError("the line says nothing")
    return line, line.stdout.readline().strip()
