"""The kernel's notices of what happens in folders: inotify(7), through the C library.

The one border to it. Raises OSError, with the path, as the system says it.
"""

from __future__ import annotations

import ctypes
import os
import struct
from enum import IntFlag
from pathlib import Path
from typing import NamedTuple

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.inotify_add_watch.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32)
_EVENT = struct.Struct("iIII")
_BATCH = 1 << 18
"""Bytes read in one go: some thousand notices."""


class Flag(IntFlag):
    """The system's words (sys/inotify.h)."""

    CLOSE_WRITE = 0x8
    MOVED_FROM = 0x40
    MOVED_TO = 0x80
    CREATE = 0x100
    DELETE_SELF = 0x400
    MOVE_SELF = 0x800
    UNMOUNT = 0x2000
    Q_OVERFLOW = 0x4000
    IGNORED = 0x8000
    ONLYDIR = 0x1000000
    DONT_FOLLOW = 0x2000000
    EXCL_UNLINK = 0x4000000
    ISDIR = 0x40000000


class Notice(NamedTuple):
    """One event."""

    watch: int
    """-1 where it stands for none, as with an overflow."""
    flags: Flag
    name: str
    """In the folder watched; empty where it is about the folder itself."""


class Inotify:
    """One queue of notices. Close it, or use it as a context manager.

    Where the system has none left, it is silent, and `add` tries to have one each time.
    """

    def __init__(self) -> None:
        # Silent, until the system's queue takes its number: who polls need not know.
        self._descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._has_queue = False

    def __enter__(self) -> Inotify:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End all watches."""
        os.close(self._descriptor)

    def fileno(self) -> int:
        """For poll(2): readable when there is a notice."""
        return self._descriptor

    def add(self, path: Path, flags: Flag) -> int:
        """Watch a folder; its number. The same folder again has the same number.

        EMFILE and ENFILE: the system has no queue left.
        """
        if not self._has_queue:
            self._begin()
        name = os.fsencode(path)
        number = _LIBC.inotify_add_watch(self._descriptor, name, int(flags))
        return _checked(number, os.fspath(path))

    def _begin(self) -> None:
        queue = _checked(_LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC), "inotify")
        try:
            os.dup2(queue, self._descriptor, inheritable=False)
        finally:
            os.close(queue)
        self._has_queue = True

    def remove(self, watch: int) -> None:
        """End a watch; a notice IGNORED follows. One that has ended already is fine."""
        _LIBC.inotify_rm_watch(self._descriptor, watch)

    def read(self) -> list[Notice]:
        """Take the notices that are there, in order; an empty list where none is."""
        try:
            data = os.read(self._descriptor, _BATCH)
        except BlockingIOError:
            return []
        notices, at = [], 0
        while at < len(data):
            watch, flags, _, length = _EVENT.unpack_from(data, at)
            start = at + _EVENT.size
            name = data[start : start + length].rstrip(b"\0")
            notices.append(Notice(watch, Flag(flags), os.fsdecode(name)))
            at = start + length
        return notices


def _checked(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), what)
    return result
