"""One agent for each watched folder: by a lock in it, `FOLDER/.scanpost/agent`.

Two that do not know of each other would each take up what the other has claimed, and
send it twice. flock(2) tells at once, and ends with whoever holds it: on a disk, and
where the server of a mount keeps locks (NFS, SMB). Where it keeps none (sshfs, SMB with
`nobrl`) the file's text tells: it changes every minute, and is let lie by the dead.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import reach
from .junk import CLAIMED

FILE, ID_FILE = "agent", "id"
BEAT_SECONDS = 60.0
STALE_SECONDS = 150.0
"""After so long without a change nobody is there."""
PENDING = "It is being taken."
"""Shows when it is asked for the next time, some seconds later."""
_TEXT_BYTES = 1000
_OPEN = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_UNWRITABLE = frozenset({errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC})


@dataclass(slots=True)
class _Lock:
    """A folder's file."""

    descriptor: int
    is_sure: bool
    """Whether others see that we have locked it."""
    is_ours: bool = False
    seen: str = ""
    """Another agent's text."""
    since: float = 0.0
    """When it was first seen like that."""
    is_alive: bool = False
    """It was seen to change."""


class Owner:
    """What one agent has locked. Not thread-safe."""

    def __init__(
        self, state_dir: Path, agent: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._words = {
            "id": own_id(state_dir),
            "agent": agent,
            "host": socket.gethostname(),
            "process": os.getpid(),
        }
        self._beat = 0
        self._locks: dict[Path, _Lock] = {}

    def take(self, folder: Path, *, is_remote: bool) -> str:
        """Take a folder, or ask again for it; says in words why not. Empty: it is ours.

        Raises OSError where it cannot be locked at all: nobody can tell, then.
        """
        lock = self._locks.get(folder) or _opened(folder, is_remote=is_remote)
        if isinstance(lock, str):
            return lock
        self._locks[folder] = lock
        if lock.is_ours:
            return ""
        why = "" if lock.is_sure else self._why_not(lock)
        if not why:
            lock.is_ours = True
            self._write(lock)
        return why

    def has(self, folder: Path) -> bool:
        """Whether a folder is locked by us."""
        return folder in self._locks and self._locks[folder].is_ours

    def beat(self) -> list[Path]:
        """Say that we are there; returns folders that are ours no more.

        Somebody else has taken them, or has removed the lock.
        """
        self._beat += 1
        lost = []
        for folder, lock in list(self._locks.items()):
            if lock.is_ours:
                is_own = lock.is_sure or self._is_own(_read(lock.descriptor))
                if not (is_own and _is_there(folder, lock.descriptor)):
                    lost.append(folder)
                    self.drop(folder)
                else:
                    self._write(lock)
        return lost

    def drop(self, folder: Path) -> None:
        """Let go of a folder that is not there any more."""
        lock = self._locks.pop(folder, None)
        if lock:
            os.close(lock.descriptor)

    def release(self) -> None:
        """Let go of all of them: the next one need not wait."""
        for folder, lock in list(self._locks.items()):
            if lock.is_ours and self._is_own(_read(lock.descriptor)):
                _write(lock.descriptor, b"")
            self.drop(folder)

    def _why_not(self, lock: _Lock) -> str:
        """The same where a lock proves nothing: by the text."""
        text, now = _read(lock.descriptor), self._clock()
        if self._is_own(text):
            return ""
        is_dead = text == lock.seen and now - lock.since >= STALE_SECONDS
        if not text or is_dead:
            # Whoever writes at the same moment writes over it: it is read once more.
            self._write(lock)
            return PENDING
        if text != lock.seen:
            lock.is_alive = bool(lock.seen)
            lock.seen, lock.since = text, now
        if lock.is_alive:
            return _others(text)
        return f"{_others(text)} Or had it: that shows within {STALE_SECONDS:g} s."

    def _is_own(self, text: str) -> bool:
        return bool(_words(text).get("id") == self._words["id"])

    def _write(self, lock: _Lock) -> None:
        """Say who we are."""
        text = json.dumps({**self._words, "beat": self._beat}) + "\n"
        _write(lock.descriptor, text.encode())


def own_id(state_dir: Path) -> str:
    """By what an agent is known again after a kill; of its `state_dir`."""
    file = state_dir / ID_FILE
    made = secrets.token_hex(8)
    with suppress(OSError):
        if not file.exists():
            file.write_text(made)
        return file.read_text().strip() or made
    # Without room for it, it is another one each time.
    return made


def holder(folder: Path, state_dir: Path, *, is_remote: bool) -> str:
    """Say which other agent holds a folder now; empty: none that can be told.

    Raises OSError.
    """
    lock = _opened(folder, is_remote=is_remote)
    if isinstance(lock, str):
        with reach.file(folder, f"{CLAIMED}/{FILE}") as descriptor:
            words = _words(_read(descriptor))
        return "" if words.get("id") == own_id(state_dir) else lock
    os.close(lock.descriptor)
    return ""


def _opened(folder: Path, *, is_remote: bool) -> _Lock | str:
    """Open and lock the file; a text where somebody has it. Raises OSError.

    NFS locks what is open to write alone; on a disk that would keep it from being
    mounted read-only.
    """
    how = _OPEN | os.O_CREAT | (os.O_RDWR if is_remote else os.O_RDONLY)
    (folder / CLAIMED).mkdir(mode=0o700, exist_ok=True)
    with reach.folder(folder, CLAIMED) as parent:
        try:
            descriptor = os.open(FILE, how, 0o644, dir_fd=parent)
        except OSError as exc:
            if exc.errno not in _UNWRITABLE:
                raise
            descriptor = os.open(FILE, _OPEN | os.O_RDONLY, dir_fd=parent)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        text = _read(descriptor)
        os.close(descriptor)
        return _others(text)
    except OSError:
        # A file system without locks: ENOLCK, EOPNOTSUPP and others.
        return _Lock(descriptor, is_sure=False)
    return _Lock(descriptor, is_sure=not is_remote)


def _is_there(folder: Path, descriptor: int) -> bool:
    """Whether it is still the file that others find; where none can look, it is."""
    try:
        found = reach.stat(folder, f"{CLAIMED}/{FILE}")
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return os.path.samestat(found, os.fstat(descriptor))


def _read(descriptor: int) -> str:
    try:
        return os.pread(descriptor, _TEXT_BYTES, 0).decode(errors="replace").strip()
    except OSError:
        return ""


def _write(descriptor: int, text: bytes) -> None:
    """Where nothing can be written the lock holds all the same."""
    with suppress(OSError):
        writer = os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.ftruncate(writer, 0)
            os.pwrite(writer, text, 0)
        finally:
            os.close(writer)


def _words(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _others(text: str) -> str:
    said = _words(text)
    who = [f"{key} {said[key]}" for key in ("agent", "host", "process") if key in said]
    return f"Another agent has this folder ({', '.join(who) or 'unknown'})."
