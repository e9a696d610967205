"""One agent for each `state_dir`: a lock that ends with whoever holds it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILE = "lock"


class HeldError(Exception):
    """Another agent is at work there; says which, and what to do."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder. Raises HeldError; OSError where it cannot be written to."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            who = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
            raise HeldError(
                f"state_dir {folder}: another agent (process {who or 'unknown'}) is at "
                "work here: stop it, or give this one a state_dir and folders of its "
                "own"
            ) from exc
        _write(descriptor, f"{os.getpid()}\n")
        yield
    finally:
        os.close(descriptor)


def is_held(folder: Path) -> bool:
    """Whether an agent is at work there; where that cannot be told, it is."""
    try:
        descriptor = os.open(folder / FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def _write(descriptor: int, text: str) -> None:
    """Say who we are; on a full disk the lock holds all the same."""
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(), 0)
    except OSError:
        return
