"""Does anybody hold this file open to write? Asked of the kernel, or of the SMB server.

In: an open descriptor and its mount. Out: a `Holder`. Nothing is kept: a lease that is
held makes the next writer wait, so it is given up at once.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
from contextlib import suppress
from enum import StrEnum

from .mounts import Mount


class Holder(StrEnum):
    """Who holds a file."""

    NOBODY = "nobody"
    """Sure."""
    WRITER = "a writer"
    """Sure, though its session may be dead."""
    UNKNOWN = "unknown"
    """Not ours to ask (fcntl(2): owner or CAP_LEASE), or nobody here can know."""


def holder(descriptor: int, mount: Mount) -> Holder:
    """Ask who holds a file that was opened to read. Raises nothing.

    On a network mount a lease proves nothing, and neither does an open that is granted:
    over SMB only EBUSY does.
    """
    if mount.is_smb:
        return _by_opening(descriptor)
    return Holder.UNKNOWN if mount.is_remote else _by_lease(descriptor)


def _by_lease(descriptor: int) -> Holder:
    try:
        # A writer who comes in between breaks the lease, and the signal for it, SIGIO,
        # would end the process. SIGURG is ignored by default.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as exc:
        return Holder.WRITER if exc.errno == errno.EAGAIN else Holder.UNKNOWN
    is_kept = fcntl.fcntl(descriptor, fcntl.F_GETLEASE) == fcntl.F_RDLCK
    with suppress(OSError):
        # The system takes it away from who keeps a writer waiting.
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return Holder.NOBODY if is_kept else Holder.WRITER


def _by_opening(descriptor: int) -> Holder:
    try:
        other = os.open(f"/proc/self/fd/{descriptor}", os.O_RDWR | os.O_NONBLOCK)
    except OSError as exc:
        return Holder.WRITER if exc.errno == errno.EBUSY else Holder.UNKNOWN
    os.close(other)
    return Holder.UNKNOWN
