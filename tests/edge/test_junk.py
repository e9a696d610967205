"""Which names are no scans, and what a folder lies on. Tables."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from edge import junk
from edge.mounts import Mount, mount_of

MOUNTS = r"""
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
40 27 0:50 / /srv/scans rw,relatime shared:5 - cifs //nas.contoso.com/scans rw,vers=3
41 27 0:51 / /srv/two\040words rw,relatime - nfs4 nas:/x rw
42 27 0:52 / /srv/local rw - xfs /dev/vdb rw
43 42 0:53 / /srv/local rw,relatime master:2 propagate_from:1 - fuse.sshfs nas: rw
44 27 0:54 / /srv/ntfs rw - fuseblk /dev/sdc1 rw
45 27 0:55 / /srv/host rw - virtiofs host rw
broken line
"""


@pytest.mark.parametrize(
    "path",
    [
        "x.tmp",
        "x.pdf.part",
        "X.PDF.TMP",
        "x.lck",
        "~x.pdf",
        "~$x.docx",
        "job.tmp/1.jpg",
        "job/~in/1.jpg",
        ".hidden.pdf",
        "._x.pdf",
        ".DS_Store",
        ".recycle/x.pdf",
        "a/.TemporaryItems/x.pdf",
        "a/@eaDir/x.pdf",
        "#recycle/x.pdf",
        "$RECYCLE.BIN/x.pdf",
        "System Volume Information/x",
        "lost+found/x",
        "unpacked/__MACOSX/x.pdf",
        "Thumbs.db",
        "a/desktop.ini",
        ".scanpost/1234/x.pdf",
        "_sent/x.pdf",
        "_sent/a/x.pdf",
        "a/x.pdf.problem.txt",
    ],
)
def test_what_is_no_scan_is_ignored(path):
    """Core's list, NAS systems, desktops, lock files, the agent's own."""
    assert junk.why_ignored(path)


@pytest.mark.parametrize(
    "path",
    [
        "x.pdf",
        "a/b/x.pdf",
        "a/_sent/x.pdf",
        "tmp",
        "x.tmp.pdf",
        "x~.pdf",
        "problem.txt",
    ],
)
def test_what_may_be_a_scan_is_not(path):
    """Near misses."""
    assert not junk.why_ignored(path)


def test_only_plain_files_are_read():
    """Whatever else a name may stand for says what it is."""
    assert not junk.why_refused(stat.S_IFREG | 0o600)
    for kind in (stat.S_IFLNK, stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFBLK, stat.S_IFDIR):
        assert "not a file" in junk.why_refused(kind | 0o644)


@pytest.mark.parametrize(
    ("path", "mount", "is_remote", "is_smb"),
    [
        ("/srv/scans/mfp-2f", Mount("/srv/scans", "cifs"), True, True),
        ("/srv/scans", Mount("/srv/scans", "cifs"), True, True),
        ("/srv/scans-2", Mount("/", "ext4"), False, False),
        ("/srv/two words/x", Mount("/srv/two words", "nfs4"), True, False),
        ("/srv/local/x", Mount("/srv/local", "fuse.sshfs"), True, False),
        ("/srv/ntfs", Mount("/srv/ntfs", "fuseblk"), False, False),
        ("/srv/host/x", Mount("/srv/host", "virtiofs"), True, False),
        ("/proc/self", Mount("/proc", "proc"), False, False),
    ],
)
def test_a_folder_lies_on_the_mount_above_it(path, mount, is_remote, is_smb):
    """The longest, and of two at one place the one that was mounted later."""
    found = mount_of(Path(path), MOUNTS)
    assert found == mount
    assert (found.is_remote, found.is_smb) == (is_remote, is_smb)
