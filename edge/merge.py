"""Makes one PDF of the pages of a scan, without recompressing them.

In: files in their order (JPEG, PNG, TIFF of one page or more, PDF). Out: one PDF.
Raises `MergeError` for a page that cannot be read, `MergeStoppedError` where another
try may do, `OSError` where the disk is full. A process of its own does the work
(`bind`): a stranger's file, and the memory it takes, do not reach the agent.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.errors import PermanentError, TransientError

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_SECONDS = 900.0
"""A thousand pages take a minute."""


class MergeError(PermanentError):
    """A page cannot be merged; which, and why."""

    def __init__(self, page: Path, why: str) -> None:
        super().__init__(f"{page.name} cannot be merged: {why}")
        self.page = page


class MergeStoppedError(TransientError):
    """It was stopped from outside, or took too long."""


def merge(
    pages: Sequence[Path], target: Path, *, timeout_seconds: float = TIMEOUT_SECONDS
) -> None:
    """Write `target`, in one step; the same pages give the same bytes.

    It needs as much space again in the target's folder as the pages take, twice.
    """
    with TemporaryDirectory(prefix=".merge-", dir=target.parent) as work:
        out = Path(work) / "whole.pdf"
        order = {"pages": [str(each.absolute()) for each in pages], "target": str(out)}
        try:
            done = subprocess.run(
                [sys.executable, "-m", "edge.bind"],
                input=json.dumps(order),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=timeout_seconds,
                cwd=ROOT,
                check=False,
                text=True,
            )
        except subprocess.TimeoutExpired as exc:
            raise MergeStoppedError(f"not merged in {timeout_seconds:.0f} s") from exc
        _raise(done, pages)
        out.replace(target)


def _raise(done: subprocess.CompletedProcess[str], pages: Sequence[Path]) -> None:
    """Say by an error what the process said by its last line, or did not."""
    lines = done.stdout.splitlines()
    last = json.loads(lines[-1]) if lines else {}
    if done.returncode == 0 and last.get("done"):
        return
    if "errno" in last:
        raise OSError(last["errno"], last["why"])
    at = last.get("page")
    if at is None or done.returncode in {-1, -2, -9, -15}:
        raise MergeStoppedError(f"merging ended with status {done.returncode}")
    # A page was begun, and nothing was said any more: its decoder crashed.
    raise MergeError(pages[at], last.get("why") or "it crashes what reads it")
