"""A real mail server of Debian's: Postfix, with Dovecot for the sign-in; root only.

Both run from one folder of their own, on free ports of loopback, and are gone with it.
Mail stays here: whatever is accepted lies in one Maildir, whomever it is for.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local.certificates import Authority
from local.tokens import LIFETIME_SECONDS, Issuer

SIZE = 10 * 1024 * 1024
UNKNOWN = "nobody@contoso.com"
DOORS = ("submission", "submissions", "mx", "silent")
"""Its ports: see debian/master.cf."""
DAEMONS = Path("/usr/lib/postfix/sbin")
DOVECOT = Path("/usr/sbin/dovecot")
START_SECONDS = 10.0
_CONFIG = Path(__file__).with_name("debian")
_QUEUES = "active bounce corrupt defer deferred flush hold incoming saved trace"
_ON_ITS_WAY = ("maildrop", "incoming", "active")
_TRACE = rb"(?:(?:Return-Path|X-Original-To|Delivered-To|Received):.*\n(?:[ \t].*\n)*)*"
_NOBODY = 65534


def why_not() -> str:
    """Why it cannot run here; empty where it can."""
    missing = [
        name
        for name, path in (("postfix", DAEMONS / "master"), ("dovecot-core", DOVECOT))
        if not path.exists()
    ]
    if missing:
        return f"without {' and '.join(missing)}: see tests/setup.sh"
    return "" if os.geteuid() == 0 else "Postfix runs as root only"


class Issues(Issuer):
    """Issues tokens that name their subject, as Entra's do and Dovecot insists on."""

    stale = 0
    """So many of the next tokens have ended before they are given out."""

    def issue(
        self,
        audience: str,
        claims: Mapping[str, str],
        lifetime_seconds: float = LIFETIME_SECONDS,
    ) -> str:
        """Sign a token."""
        if self.stale:
            self.stale -= 1
            lifetime_seconds = -60
        named = {"sub": claims["appid"], **claims}
        return super().issue(audience, named, lifetime_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Whom it trusts."""

    authority: Authority
    issuer: Issuer
    accounts: Mapping[str, str]
    """Address -> password."""
    clients: Sequence[Path]
    """The certificates, as PEM files, whose holders may send to anybody."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A mail as it lies in the Maildir."""

    sender: str
    recipient: str
    data: bytes
    """Without what the server wrote on top, and with line ends as on the wire."""


class Postfix:
    """Takes mails until it is stopped; a context manager."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._stack = ExitStack()
        self.folder = Path(tempfile.mkdtemp(prefix="scanpost-postfix-"))
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.ports = dict(zip(DOORS, _free_ports(len(DOORS)), strict=True))

    def __enter__(self) -> Self:
        try:
            self._write()
            self.start_sign_in()
            self.start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def _write(self) -> None:
        """Write everything that both read."""
        folder, post = self.folder, self._post
        folder.chmod(0o755)
        _make_queue(folder)
        (folder / "Maildir").mkdir()
        os.chown(folder / "Maildir", _NOBODY, _NOBODY)
        values = {name: str(port) for name, port in self.ports.items()} | {
            "folder": str(folder),
            "certificate": str(post.authority.issue()),
            "clients": ", ".join(f"{_fingerprint(each)}=it" for each in post.clients),
            "issuer": post.issuer.name,
        }
        for template in _CONFIG.iterdir():
            text = re.sub("@([a-z]+)@", lambda it: values[it[1]], template.read_text())
            file = folder / template.name
            file.write_text(text)
            # Postfix waits until a file has not been changed just now.
            os.utime(file, (0, 0))
        passwords = "".join(f"{who}:{it}\n" for who, it in post.accounts.items())
        (folder / "passwords").write_text(passwords, encoding="utf-8")
        for key in post.issuer.keys()["keys"]:
            file = folder / "keys" / "default" / key["alg"] / key["kid"]
            file.parent.mkdir(parents=True)
            public = jwt.PyJWK(key).key.public_bytes(
                Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
            )
            file.write_bytes(public)

    def start_sign_in(self) -> None:
        """Run Dovecot."""
        config = str(self.folder / "dovecot.conf")
        self._dovecot = self._run([str(DOVECOT), "-F", "-c", config])
        self._await((self.folder / "queue/private/auth").exists)

    def stop_sign_in(self) -> None:
        """Let nobody sign in."""
        _end(self._dovecot)
        (self.folder / "queue/private/auth").unlink(missing_ok=True)

    def start(self) -> None:
        """Listen from now on."""
        master = str(DAEMONS / "master")
        self._master = self._run([master, "-c", str(self.folder), "-d"])
        before = self.connections()
        for port in self.ports.values():
            self._await(partial(_answers, port))
        # It writes of a connection a while after it took it: these are no test's.
        self._await(lambda: self.connections() == before + len(self.ports))

    def stop(self) -> None:
        """Deliver what was taken, hang up on everybody, and listen no more."""
        # Ended in the middle of a delivery, it delivers once more when it is back.
        self._await(self._is_at_rest)
        _end(self._master)
        self._await(lambda: not any(map(_answers, self.ports.values())))

    def _run(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start a server, and see to it that it ends with us."""
        process = subprocess.Popen(  # noqa: S603 (our own words)
            ["/usr/bin/setpriv", "--pdeathsig", "TERM", "--", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._stack.callback(_end, process)
        return process

    def _await(self, is_so: Callable[[], bool]) -> None:
        end = time.monotonic() + START_SECONDS
        while not is_so():
            assert time.monotonic() < end, self.log()
            time.sleep(0.01)

    def log(self) -> str:
        """What both wrote."""
        return "".join(each.read_text() for each in self.folder.glob("*.log"))

    @property
    def settings(self) -> dict[str, str]:
        """What leads each transport here."""
        signed_in, mx = str(self.ports["submission"]), str(self.ports["mx"])
        doors = {"HVE": signed_in, "EXO": signed_in, "SMTP": signed_in}
        doors |= {"RELAY": mx, "DIRECT": mx}
        return {f"{name}_PORT": port for name, port in doors.items()}

    def connections(self) -> int:
        """How many there have been."""
        return self.log().count(": connect from ")

    def forget(self) -> None:
        """Throw away every mail, that on its way too."""
        self._await(self._is_at_rest)
        for each in self._files():
            each.unlink()

    def _is_at_rest(self) -> bool:
        queues = (self.folder / "queue" / name for name in _ON_ITS_WAY)
        return not any(entry for queue in queues for entry in queue.iterdir())

    def _files(self) -> list[Path]:
        return sorted((self.folder / "Maildir/new").glob("*"))

    def delivered(self, count: int) -> list[Delivered]:
        """Wait for so many mails, one for each recipient; by recipient."""
        self._await(lambda: len(self._files()) >= count)
        mails = [_read(each) for each in self._files()]
        assert len(mails) == count
        return sorted(mails, key=lambda mail: mail.recipient)


def _make_queue(folder: Path) -> None:
    """Make the queue's folders with the owners that Postfix insists on."""
    queue = folder / "queue"
    for name in ("pid", *_QUEUES.split(), "private", "public", "maildrop"):
        (queue / name).mkdir(parents=True)
        (queue / name).chmod(0o755 if name == "pid" else 0o700)
        if name != "pid":
            shutil.chown(queue / name, "postfix")
    for name, mode in (("public", 0o710), ("maildrop", 0o730)):
        shutil.chown(queue / name, group="postdrop")
        (queue / name).chmod(mode)
    (folder / "data").mkdir()
    shutil.chown(folder / "data", "postfix")


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _answers(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it with its children, at once: Dovecot's own way takes a second."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(START_SECONDS)


def _fingerprint(file: Path) -> str:
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    der = certificate.public_bytes(Encoding.DER)
    return hashlib.sha256(der).digest().hex(":").upper()


def _read(file: Path) -> Delivered:
    """Part the mail from what was written on top of it."""
    text = file.read_bytes()
    match = re.match(_TRACE, text)
    assert match
    trace = match[0].decode("ascii")
    sender, recipient = (
        re.findall(rf"^{name}: <?(.*?)>?$", trace, re.MULTILINE)[0]
        for name in ("Return-Path", "Delivered-To")
    )
    return Delivered(sender, recipient, text[match.end() :].replace(b"\n", b"\r\n"))
