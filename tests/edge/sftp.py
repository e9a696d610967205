"""A real OpenSSH server of Debian's on a free port, and a printer that speaks SFTP.

The printer is the `ssh` command with a few lines of SFTP version 3 on top (draft-ietf-
secsh-filexfer-02): so it can stop half-way through a file, as no client command can.
"""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import struct
import subprocess
import tempfile
from pathlib import Path
from typing import Self

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

SSHD = "/usr/sbin/sshd"
_CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {own}/host
AuthorizedKeysFile {own}/key.pub
PidFile none
MaxStartups 200
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp -d {folder}
"""
_READ, _WRITE, _APPEND, _CREATE, _EMPTY = 1, 2, 4, 8, 16
_HOW = {
    "w": _WRITE | _CREATE | _EMPTY,
    "a": _WRITE | _CREATE,
    "r+": _READ | _WRITE,
}
_OPEN, _CLOSE, _PUT, _SETSTAT, _FSETSTAT = 3, 4, 6, 9, 10
_REMOVE, _MKDIR, _STAT, _RENAME, _EXTENDED = 13, 14, 17, 18, 200
_STATUS = 101
_SIZE, _TIMES = 1, 8
_CHUNK = 32_000


def why_not() -> str:
    """Why it cannot run here; empty where it can."""
    if not Path(SSHD).exists() or shutil.which("ssh") is None:
        return "without openssh-server: see tests/setup.sh"
    if os.geteuid() != 0 and not Path("/run/sshd").exists():
        return "/run/sshd is missing, and only root can make it"
    return ""


class SftpError(Exception):
    """The server said no."""


class Sftp:
    """Serves a folder until it is stopped; a context manager."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.own = Path(tempfile.mkdtemp(prefix="scanpost-sshd-"))
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        for name in ("host", "key"):
            file = str(self.own / name)
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file])
        config = _CONFIG.format(port=self.port, own=self.own, folder=folder)
        (self.own / "sshd_config").write_text(config, encoding="utf-8")

    def __enter__(self) -> Self:
        self._sshd = start([SSHD, "-D", "-e", "-f", str(self.own / "sshd_config")])
        await_until(lambda: answers(self.port))
        return self

    def __exit__(self, *exc: object) -> None:
        end(self._sshd)
        shutil.rmtree(self.own, ignore_errors=True)

    @property
    def options(self) -> list[str]:
        """What leads `ssh` and `sftp` here, and makes them trust it."""
        said = {
            "Port": self.port,
            "IdentityFile": self.own / "key",
            "IdentitiesOnly": "yes",
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
            "LogLevel": "ERROR",
            "BatchMode": "yes",
        }
        return [
            "-F",
            "/dev/null",
            *(word for key, value in said.items() for word in ("-o", f"{key}={value}")),
        ]

    def printer(self) -> SftpPrinter:
        """Sign a printer in."""
        return SftpPrinter(self)

    @property
    def target(self) -> str:
        """Who signs in, and where."""
        return f"{getpass.getuser()}@127.0.0.1"

    def sftp(self, words: str) -> None:
        """Run OpenSSH's own client."""
        run(["sftp", "-q", "-b", "-", *self.options, self.target], words)

    def put_slowly(self, name: str, data: bytes) -> None:
        """Have `sftp -l` send it, at a megabit a second."""
        file = self.own / "slowly"
        file.write_bytes(data)
        words = ["-q", "-l", "1000", "-b", "-", *self.options, self.target]
        run(["sftp", *words], f'put {file} "{name}"')


def _text(value: str | bytes) -> bytes:
    data = os.fsencode(value) if isinstance(value, str) else value
    return struct.pack(">I", len(data)) + data


class SftpPrinter:
    """A session over SFTP."""

    def __init__(self, server: Sftp) -> None:
        self._ssh = subprocess.Popen(  # noqa: S603 (our own words)
            ["/usr/bin/ssh", *server.options, "-s", server.target, "sftp"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        try:
            self._send(1, struct.pack(">I", 3))
            self._receive()
        except BaseException:
            self.close()
            raise

    def _send(self, kind: int, body: bytes) -> None:
        assert self._ssh.stdin
        data = memoryview(struct.pack(">IB", len(body) + 1, kind) + body)
        while data:
            data = data[self._ssh.stdin.write(data) :]

    def _receive(self) -> tuple[int, bytes]:
        (length,) = struct.unpack(">I", self._exactly(4))
        data = self._exactly(length)
        return data[0], data[1:]

    def _exactly(self, length: int) -> bytes:
        assert self._ssh.stdout
        data = b""
        while len(data) < length:
            piece = self._ssh.stdout.read(length - len(data))
            if not piece:
                raise SftpError("The line is cut.")
            data += piece
        return data

    def ask(self, kind: int, body: bytes) -> bytes:
        """Send a request, wait for its answer. Raises SftpError."""
        self._send(kind, struct.pack(">I", 1) + body)
        answer, data = self._receive()
        if answer == _STATUS and struct.unpack(">I", data[4:8])[0]:
            raise SftpError(data[12:].decode(errors="replace"))
        return data[4:]

    def open(self, name: str, how: str = "w") -> Open:
        """Open to write; an end is where it was when it was opened."""
        at = 0
        if how == "a":
            flags, size = struct.unpack(">IQ", self.ask(_STAT, _text(name))[:12])
            at = size if flags & _SIZE else 0
        body = _text(name) + struct.pack(">II", _HOW[how], 0)
        return _SftpOpen(self, self.ask(_OPEN, body), at)

    def rename(self, old: str, new: str) -> None:
        """Rename as version 3 says it: link, then unlink."""
        self.ask(_RENAME, _text(old) + _text(new))

    def replace(self, old: str, new: str) -> None:
        """posix-rename@openssh.com."""
        name = _text("posix-rename@openssh.com")
        self.ask(_EXTENDED, name + _text(old) + _text(new))

    def mkdir(self, name: str) -> None:
        """Make a folder."""
        self.ask(_MKDIR, _text(name) + struct.pack(">I", 0))

    def remove(self, name: str) -> None:
        """Delete a file."""
        self.ask(_REMOVE, _text(name))

    def set_time(self, name: str, seconds: float) -> None:
        """Set both of its times."""
        times = struct.pack(">III", _TIMES, int(seconds), int(seconds))
        self.ask(_SETSTAT, _text(name) + times)

    def cut(self) -> None:
        """Kill the client: the system closes its socket."""
        self._ssh.send_signal(signal.SIGCONT)
        self._ssh.kill()
        self._ssh.wait(START_SECONDS)

    def freeze(self) -> None:
        """Stop the client where it is: its socket stays, and says nothing."""
        self._ssh.send_signal(signal.SIGSTOP)

    def close(self) -> None:
        """End the session."""
        self.cut()
        for pipe in (self._ssh.stdin, self._ssh.stdout):
            assert pipe
            pipe.close()


class _SftpOpen:
    def __init__(self, printer: SftpPrinter, handle: bytes, at: int) -> None:
        self._printer = printer
        self._handle = handle
        self._at = at

    def write(self, data: bytes, at: int | None = None) -> None:
        self._at = self._at if at is None else at
        for start_at in range(0, len(data), _CHUNK):
            piece = data[start_at : start_at + _CHUNK]
            place = struct.pack(">Q", self._at)
            self._printer.ask(_PUT, self._handle + place + _text(piece))
            self._at += len(piece)

    def resize(self, size: int) -> None:
        body = struct.pack(">IQ", _SIZE, size)
        self._printer.ask(_FSETSTAT, self._handle + body)

    def close(self) -> None:
        self._printer.ask(_CLOSE, self._handle)
