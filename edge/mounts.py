"""What a folder lies on: whether the system tells us of what others write there.

In: a path and the text of /proc/self/mountinfo (proc(5)). Out: a `Mount`. The text is
read by `read_mounts`; the rest is pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

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
