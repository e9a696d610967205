"""The commands that people type at Samba and OpenSSH, and how soon a scan is seen."""

from __future__ import annotations

import os
import shutil
import statistics
import time

import pytest

from edge.mounts import Mount

from . import samba, sftp
from .eye import Eye, Folder
from .papers import a_document
from .printer import await_until, run

needs_samba = pytest.mark.skipif(bool(samba.why_not()), reason=samba.why_not())
needs_sftp = pytest.mark.skipif(bool(sftp.why_not()), reason=sftp.why_not())
needs_sshfs = pytest.mark.skipif(
    shutil.which("sshfs") is None or not os.access("/dev/fuse", os.W_OK),
    reason="without sshfs or /dev/fuse: see tests/setup.sh",
)
SCANS = 15


@pytest.fixture(
    params=[
        pytest.param(samba.Samba, marks=needs_samba, id="smb"),
        pytest.param(sftp.Sftp, marks=needs_sftp, id="sftp"),
    ]
)
def server(request, tmp_path):
    """A server of a folder."""
    (tmp_path / "scans").mkdir()
    with request.param(tmp_path / "scans") as running:
        yield running


def test_a_pdf_is_claimed_within_a_tenth_of_a_second(server, tmp_path):
    """Median of the time since its last close."""
    late = []
    printer = server.printer()
    with Eye([Folder(tmp_path / "scans")]) as eye:
        for n in range(SCANS):
            file = printer.open(f"{n}.pdf")
            file.write(a_document(f"{n}", 400_000))
            file.close()
            closed = time.monotonic()
            late.append(eye.wait(n + 1)[-1].at - closed)
    printer.close()
    assert statistics.median(late) < 0.1


@needs_samba
def test_smbclient_puts_and_renames(tmp_path):
    """Samba's own client: put, put and rename, a pipe."""
    folder, local = tmp_path / "scans", tmp_path / "local.pdf"
    folder.mkdir()
    local.write_bytes(a_document("smbclient"))
    with samba.Samba(folder) as server, Eye([Folder(folder)]) as eye:
        server.smbclient(f"put {local} n.pdf")
        eye.wait(1)
        server.smbclient(f"put {local} n.tmp; rename n.tmp m.pdf; mkdir d")
        server.smbclient(f"put {local} d\\o.pdf")
        taken = eye.wait(3)
    assert [each.path for each in taken] == ["n.pdf", "m.pdf", "d/o.pdf"]
    assert {each.data for each in taken} == {local.read_bytes()}


@needs_sftp
def test_sftp_puts_renames_and_resumes(tmp_path):
    """OpenSSH's own client: put, put -p, rename, and reput of half a file."""
    folder, local = tmp_path / "scans", tmp_path / "local.pdf"
    folder.mkdir()
    data = a_document("sftp")
    local.write_bytes(data)
    with sftp.Sftp(folder) as server, Eye([Folder(folder)]) as eye:
        server.sftp(f"put {local} n.pdf\nput -p {local} p.pdf")
        eye.wait(2)
        server.sftp(f"put {local} q.tmp\nrename q.tmp q.pdf")
        eye.wait(3)
        (folder / "half.pdf").write_bytes(data[: len(data) // 2])
        time.sleep(0.3)
        assert len(eye.taken) == 3
        server.sftp(f"reput {local} half.pdf")
        taken = eye.wait(4)
    assert sorted(each.path for each in taken) == [
        "half.pdf",
        "n.pdf",
        "p.pdf",
        "q.pdf",
    ]
    assert {each.data for each in taken} == {data}


@needs_sftp
@needs_sshfs
def test_a_mounted_share_is_seen_without_notices(tmp_path):
    """sshfs: the system hears nothing of what others write, so the folder is listed.

    A writer that pauses less than the rest is waited for, though no lease tells.
    """
    remote, mounted = tmp_path / "remote", tmp_path / "mounted"
    for each in (remote, mounted):
        each.mkdir()
    with sftp.Sftp(remote) as server:
        words = [f"{server.target}:{remote}", str(mounted), "-o", "cache=no"]
        run(["sshfs", *words, *server.options])
        try:
            await_until(mounted.is_mount)
            with Eye([Folder(mounted)]) as eye:
                data = a_document("mounted")
                with (remote / "m.pdf").open("wb", buffering=0) as file:
                    for at in range(0, len(data), 30_000):
                        file.write(data[at : at + 30_000])
                        time.sleep(1.0)
                    written = time.monotonic()
                taken = eye.wait(1, 8.0)
            assert (taken[0].path, taken[0].data) == ("m.pdf", data)
            assert taken[0].at > written
            assert eye.looker.mount_of(mounted) == Mount(str(mounted), "fuse.sshfs")
        finally:
            run(["fusermount3", "-u", "-z", str(mounted)])
