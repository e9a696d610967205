"""What a folder lies on: whether the system tells us of what others write there.

In: a path and the text of /proc/self/mountinfo (proc(5)). Out: a `Mount`. The text is
read by `read_mounts`, `Mounts` remembers; the rest is pure.
"""

from __future__ import annotations

import re
import select
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

MOUNTINFO = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")
_REMOTE = frozenset(
    {
        *("cifs", "smb2", "smb3", "smbfs", "nfs", "nfs4", "afs", "coda", "acfs"),
        *("9p", "virtiofs", "vboxsf", "vmhgfs", "prl_fs", "fuse", "davfs"),
        *("ceph", "glusterfs", "lustre", "beegfs", "gpfs", "gfs", "gfs2", "ocfs2"),
        "orangefs",
    }
)
"""Others write behind the kernel's back: inotify hears nothing of it."""
_SMB = frozenset({"cifs", "smb2", "smb3", "smbfs"})
_UNKNOWN = "unknown"
_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted file system."""

    point: str
    kind: str
    """The kernel's word, such as `ext4` or `fuse.sshfs`."""

    @property
    def is_remote(self) -> bool:
        """Whether its files may change unheard: it is polled.

        Every FUSE system counts: who writes below it is known to its server alone.
        """
        return self.kind in _REMOTE or self.kind.startswith("fuse.")

    @property
    def is_smb(self) -> bool:
        """Whether EBUSY tells of a writer (seen with cifs, opened to write)."""
        return self.kind in _SMB


def mount_of(path: Path, text: str) -> Mount:
    """Find the mount that an absolute, resolved path lies on; of two, the upper one."""
    inside = f"{path}/"
    found = Mount("", _UNKNOWN)
    for mount in _mounts(text):
        below = mount.point if mount.point.endswith("/") else f"{mount.point}/"
        if inside.startswith(below) and len(mount.point) >= len(found.point):
            found = mount
    return found


@lru_cache(maxsize=1)
def _mounts(text: str) -> tuple[Mount, ...]:
    """Read the table, once for each time that it changes."""
    mounts = []
    for line in text.splitlines():
        head, dash, tail = line.partition(" - ")
        fields = head.split()
        if dash and len(fields) > 4 and tail:  # noqa: PLR2004 (proc(5))
            point = _OCTAL.sub(lambda octal: chr(int(octal[1], 8)), fields[4])
            mounts.append(Mount(point, tail.split()[0]))
    return tuple(mounts)


def read_mounts() -> str:
    """Read what is mounted now. Raises OSError."""
    return MOUNTINFO.read_text(encoding="utf-8", errors="surrogateescape")


type MountOf = Callable[[Path], Mount]


def mount_now(path: Path) -> Mount:
    """Find what a path lies on now. Raises OSError."""
    return mount_of(path.resolve(), read_mounts())


class Mounts:
    """What folders lie on, asked again after anything was mounted. Thread-safe.

    A folder is the same as before while files in it are on the same device: what a link
    leads to may change.
    """

    def __init__(self, ask: MountOf) -> None:
        self._ask = ask
        self._known: dict[tuple[Path, str, int], Mount] = {}
        self._lock = threading.Lock()
        self._poll = select.poll()
        self._table: BinaryIO | None = None

    def of(self, top: Path, path: str, device: int) -> Mount:
        """Find what a folder below `top` lies on, on that device. Raises OSError."""
        key = top, path, device
        with self._lock:
            if self._has_changed():
                self._known.clear()
            if key in self._known:
                return self._known[key]
        # A share that hangs holds up nobody else. It was asked for after the table was
        # seen to be as it is: what changes meanwhile is seen the next time.
        found = self._ask(top / path)
        with self._lock:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = found
        return found

    def _has_changed(self) -> bool:
        """Whether the table did (proc(5)); at first it has."""
        if self._table is None:
            self._table = MOUNTINFO.open("rb")
            self._poll.register(self._table, select.POLLPRI)
            return True
        return bool(self._poll.poll(0))

    def __del__(self) -> None:
        if self._table:
            self._table.close()
