"""A folder that a printer writes to, and an agent beside it, as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from local.azurite import ROOT, Azurite

from .between import Between


class Site:
    """A folder that a printer writes to, and an agent beside it."""

    def __init__(self, azurite: Azurite, folder: Path) -> None:
        self.azurite = azurite
        self.scans = folder / "scans"
        self.scans.mkdir()
        self.state = folder / "state"
        self.config = folder / "edge.toml"
        self.log = folder / "edge.log"
        self.configure()
        self.process: subprocess.Popen[str] | None = None

    def configure(self, **changes: object) -> None:
        """Write edge.toml."""
        values = {"device": "mfp-2f", "quiet_seconds": 0.5, **changes}
        lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
        self.config.write_text(
            f'state_dir = "{self.state}"\nagent = "office"\n'
            f'[[folder]]\npath = "{self.scans}"\n' + "\n".join(lines) + "\n"
        )

    @property
    def env(self) -> dict[str, str]:
        """As a harness sets it."""
        return {**os.environ, "SCAN_STORAGE": self.azurite.connection_string}

    def edge(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(  # noqa: S603 (our own module)
            [sys.executable, "-m", "edge", *words, "--config", str(self.config)],
            cwd=ROOT,
            env=self.env | env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self, **env: str) -> None:
        """Start the agent, and wait until it watches."""
        self.launch(**env)
        assert self.process
        assert self.process.stdout is not None
        assert "ready" in self.process.stdout.readline(), self.said()

    def launch(self, **env: str) -> None:
        """Start the agent."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 (the same)
                [sys.executable, "-m", "edge", "run", "--config", str(self.config)],
                cwd=ROOT,
                env=self.env | env,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def said(self) -> str:
        """All that the agent wrote to its log."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def status(self) -> str:
        """What the agent left for `status`."""
        file = self.state / "status.json"
        return file.read_text() if file.exists() else ""

    def through(self, between: Between) -> str:
        """SCAN_STORAGE by another line."""
        here = urlsplit(self.azurite.endpoint("blob")).port
        return self.azurite.connection_string.replace(f":{here}/", f":{between.port}/")

    @property
    def port(self) -> int:
        """Where storage listens."""
        return urlsplit(self.azurite.endpoint("blob")).port or 0

    def claimed(self) -> list[Path]:
        """Files that the agent has taken away."""
        top = self.scans / ".scanpost"
        return [each for each in sorted(top.glob("*/**/*")) if each.is_file()]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop it; returns its exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        status = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None
        return status

    def most_memory(self) -> int:
        """The most bytes that the agent has had in memory so far (VmHWM, proc(5))."""
        assert self.process
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.split("VmHWM:")[1].split()[0]) << 10

    def end(self) -> None:
        """Leave no agent behind."""
        if self.process:
            self.stop(signal.SIGKILL)

    def blobs(self, container: str = "scans") -> dict[str, bytes]:
        """What a reader sees."""
        client = self.azurite.blobs().get_container_client(container)
        return {
            each.name: client.download_blob(each.name).readall()
            for each in client.list_blobs()
        }

    def blobs_named(self) -> set[str]:
        """Their names alone."""
        client = self.azurite.blobs().get_container_client("scans")
        return {each.name for each in client.list_blobs()}

    def clear(self) -> None:
        """Leave nothing behind."""
        for container in ("scans", "edge"):
            client = self.azurite.blobs().get_container_client(container)
            for each in client.list_blobs():
                client.delete_blob(each.name)


def wait_for(what: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait until it is so."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


def names(folder: Path) -> list[str]:
    """What a person sees in a folder."""
    return sorted(each.name for each in folder.iterdir() if each.name[0] != ".")
