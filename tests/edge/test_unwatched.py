"""A folder that cannot be looked at is told of, one that is a link is watched."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from local.azurite import ROOT
from tests.samples import PDF

from .site import wait_for
from .test_faults import put

DEAF = (
    "import sys; from edge import inotify\n"
    "def add(*_): raise PermissionError(1, 'Operation not permitted')\n"
    "inotify.Inotify.add = add\n"
    "from edge.__main__ import main; sys.exit(main(sys.argv[1:]))"
)
"""The agent, where the system lets it watch nothing."""


def test_once_does_not_say_done_where_a_folder_cannot_be_looked_at(site):
    """The log says which, and why; the status is 3: later."""
    put(site, "scan.pdf")
    done = subprocess.run(  # noqa: S603 (our own module)
        [sys.executable, "-c", DEAF, "once", "--config", str(site.config)],
        cwd=ROOT,
        env=site.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    (told,) = [each for each in done.stderr.splitlines() if "edge_not_watched" in each]
    assert "Operation not permitted" in told
    assert str(site.scans) in told


def test_files_of_a_folder_that_is_a_link_go(site):
    """As `check` says that they would, which follows it too."""
    real = site.scans.rename(site.scans.with_name("disk2"))
    site.scans.symlink_to(real)
    wanted = put(site, "1.pdf")
    assert site.edge("check").returncode == 0
    assert site.edge("once").returncode == 0
    assert site.blobs() == wanted
    site.start()
    (real / "2.pdf").write_bytes(PDF)
    wait_for(lambda: site.blobs_named() == {"mfp-2f/1.pdf", "mfp-2f/2.pdf"})


def test_full_disk_behind_its_output_ends_nothing(site):
    """`run >/dev/full`: scans go, and nothing is a traceback."""
    wanted = put(site, "scan.pdf")
    words = [sys.executable, "-m", "edge", "once", "--config", str(site.config)]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(  # noqa: S603 (our own module)
            words,
            cwd=ROOT,
            env=site.env,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert site.blobs() == wanted
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_reader_that_leaves_is_no_failure():
    """`scanpost-edge guess … | head -1`."""
    names = [f"2025100914151{n:04}_0003.jpg" for n in range(9000)]
    words = [sys.executable, "-m", "edge", "guess", *names]
    with subprocess.Popen(  # noqa: S603 (our own module)
        words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""
