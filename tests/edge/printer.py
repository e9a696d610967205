"""What a printer does to a folder, whatever it speaks; and a server it speaks to."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Protocol

START_SECONDS = 15.0


class Open(Protocol):
    """A file that a printer holds open to write."""

    def write(self, data: bytes, at: int | None = None) -> None:
        """Write on where it stood, or at a place."""

    def resize(self, size: int) -> None:
        """Set its size."""

    def close(self) -> None:
        """Let go of it."""


class Printer(Protocol):
    """One session of one printer. Names are relative to the folder that is served."""

    def open(self, name: str, how: str = "w") -> Open:
        """Open to write: `w` from empty, `a` at its end, `r+` in place."""

    def rename(self, old: str, new: str) -> None:
        """Give it another name, as this protocol usually does; never over a file."""

    def replace(self, old: str, new: str) -> None:
        """Give it another name, over what stands there."""

    def mkdir(self, name: str) -> None:
        """Make a folder."""

    def remove(self, name: str) -> None:
        """Delete a file."""

    def set_time(self, name: str, seconds: float) -> None:
        """Set when it was changed."""

    def cut(self) -> None:
        """Lose the line: the server hears of it."""

    def freeze(self) -> None:
        """Lose power: the server hears nothing any more."""

    def close(self) -> None:
        """End the session."""


class Server(Protocol):
    """A server of one folder."""

    def printer(self) -> Printer:
        """Sign a printer in."""

    def put_slowly(self, name: str, data: bytes) -> None:
        """Send a file by the command that comes with the server."""


def free_port() -> int:
    """A port of loopback that nobody has."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def run(command: Sequence[str], said: str = "") -> None:
    """Run a command to its end; fail where it does."""
    program = shutil.which(command[0])
    assert program
    subprocess.run(  # noqa: S603 (our own words)
        [program, *command[1:]],
        input=said.encode(),
        stdout=subprocess.DEVNULL,
        check=True,
    )


def start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a server that ends with us."""
    return subprocess.Popen(  # noqa: S603 (our own words)
        ["/usr/bin/setpriv", "--pdeathsig", "TERM", "--", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def answers(port: int) -> bool:
    """Whether somebody listens."""
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def await_until(is_so: Callable[[], bool], seconds: float = START_SECONDS) -> None:
    """Wait for something; fail where it does not come."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a server and its children."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(START_SECONDS)
