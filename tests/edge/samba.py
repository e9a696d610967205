"""A real Samba of Debian's on a free port, and a printer that speaks SMB to it.

It serves one folder as the agent's own user (`force user`), which is what the shipped
configuration does; passwords, locks and logs lie in a folder of its own.
"""

from __future__ import annotations

import getpass
import io
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Self

import smbclient  # type: ignore[import-untyped]

from .printer import (
    START_SECONDS,
    Open,
    answers,
    await_until,
    end,
    free_port,
    run,
    start,
)

SMBD = "/usr/sbin/smbd"
PASSWORD = "made-up-7531"
_CONFIG = """
[global]
    server role = standalone server
    interfaces = 127.0.0.1/8
    bind interfaces only = yes
    smb ports = {port}
    disable netbios = yes
    private dir = {own}/private
    lock directory = {own}/lock
    state directory = {own}/state
    cache directory = {own}/cache
    pid directory = {own}/pid
    ncalrpc dir = {own}/ncalrpc
    passdb backend = tdbsam:{own}/private/passdb.tdb
    log file = {own}/log
    load printers = no
    printing = bsd
    printcap name = /dev/null
    disable spoolss = yes
    server min protocol = SMB2
    # One process for each printer, though all have one client's id here.
    server multi channel support = no
[scans]
    path = {folder}
    read only = no
    force user = {user}
    veto files = /.scanpost/
"""


def why_not() -> str:
    """Why it cannot run here; empty where it can."""
    if not Path(SMBD).exists() or shutil.which("smbpasswd") is None:
        return "without samba: see tests/setup.sh"
    return "" if os.geteuid() == 0 else "Samba of its own runs as root only"


class Samba:
    """Serves a folder until it is stopped; a context manager."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._own = Path(tempfile.mkdtemp(prefix="scanpost-samba-"))
        for name in ("private", "lock", "state", "cache", "pid", "ncalrpc"):
            (self._own / name).mkdir(mode=0o755)
        self.config = self._own / "smb.conf"
        self.user = getpass.getuser()
        self.config.write_text(
            _CONFIG.format(
                port=self.port, own=self._own, folder=folder, user=self.user
            ),
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        words = ["-c", str(self.config), "-s", "-a", self.user]
        run(["smbpasswd", *words], f"{PASSWORD}\n{PASSWORD}\n")
        words = ["--foreground", "--no-process-group", "--configfile"]
        self._smbd = start([SMBD, *words, str(self.config)])
        await_until(lambda: answers(self.port))
        return self

    def __exit__(self, *exc: object) -> None:
        end(self._smbd)
        shutil.rmtree(self._own, ignore_errors=True)

    def printer(self) -> SmbPrinter:
        """Sign a printer in."""
        return SmbPrinter(self)

    def smbclient(self, words: str) -> None:
        """Run Samba's own client."""
        who = ["-U", f"{self.user}%{PASSWORD}", "-s", str(self.config)]
        run(["smbclient", "//127.0.0.1/scans", "-p", str(self.port), *who, "-c", words])

    def put_slowly(self, name: str, data: bytes) -> None:
        """Feed `smbclient put` from a pipe: six pieces within two seconds."""
        who = ["-U", f"{self.user}%{PASSWORD}", "-s", str(self.config)]
        words = ["//127.0.0.1/scans", "-p", str(self.port), *who, "-c"]
        command = ["/usr/bin/smbclient", *words, f"put - {name}"]
        with subprocess.Popen(  # noqa: S603 (our own words)
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        ) as client:
            assert client.stdin
            step = -(-len(data) // 6)
            for at in range(0, len(data), step):
                client.stdin.write(data[at : at + step])
                time.sleep(0.4)
            client.stdin.close()
            assert client.wait(START_SECONDS) == 0


class SmbPrinter:
    """A session over SMB; files are opened as printers do, shared to read."""

    def __init__(self, samba: Samba) -> None:
        self._cache: dict[str, Any] = {}
        self._files: list[Any] = []
        self._words: dict[str, Any] = {
            "username": samba.user,
            "password": PASSWORD,
            "port": samba.port,
            "connection_cache": self._cache,
        }
        smbclient.register_session("127.0.0.1", **self._words)

    @staticmethod
    def _path(name: str) -> str:
        return "\\\\127.0.0.1\\scans\\" + name.replace("/", "\\")

    def open(self, name: str, how: str = "w") -> Open:
        """Open to write."""
        file = smbclient.open_file(
            self._path(name),
            mode=how.replace("+", "b+") if "+" in how else f"{how}b",
            buffering=0,
            share_access="r",
            **self._words,
        )
        self._files.append(file)
        return _SmbOpen(file)

    def rename(self, old: str, new: str) -> None:
        """Rename, refused over a file."""
        smbclient.rename(self._path(old), self._path(new), **self._words)

    def replace(self, old: str, new: str) -> None:
        """Rename with ReplaceIfExists."""
        smbclient.replace(self._path(old), self._path(new), **self._words)

    def mkdir(self, name: str) -> None:
        """Make a folder."""
        smbclient.mkdir(self._path(name), **self._words)

    def remove(self, name: str) -> None:
        """Delete a file."""
        smbclient.remove(self._path(name), **self._words)

    def set_time(self, name: str, seconds: float) -> None:
        """Set both of its times."""
        smbclient.utime(self._path(name), (seconds, seconds), **self._words)

    def cut(self) -> None:
        """Close the socket, and nothing before it."""
        for connection in self._cache.values():
            connection.transport.close()
        for file in self._files:
            # So that the library does not speak of what was never closed.
            file.fd._connected = False

    def freeze(self) -> None:
        """Say nothing any more; `close` ends what is left of it."""

    def close(self) -> None:
        """End the session, whatever is open."""
        self.cut()


class _SmbOpen:
    def __init__(self, file: io.FileIO) -> None:
        self._file = file

    def write(self, data: bytes, at: int | None = None) -> None:
        if at is not None:
            self._file.seek(at)
        view = memoryview(data)
        while view:
            view = view[self._file.write(view[: 1 << 20]) :]

    def resize(self, size: int) -> None:
        self._file.truncate(size)

    def close(self) -> None:
        self._file.close()
