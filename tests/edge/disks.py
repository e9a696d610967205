"""File systems of their own for a test; skipped where nothing may be mounted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import CalledProcessError

import pytest

from .printer import run


@contextmanager
def mounted(folder: Path, *words: str) -> Iterator[None]:
    """Mount something over a folder: `mount`'s words before the folder."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount")
    try:
        run(["mount", *words, str(folder)])
    except CalledProcessError:
        pytest.skip("nothing may be mounted here")
    try:
        yield
    finally:
        run(["umount", "-l", str(folder)])


@contextmanager
def memory_disk(folder: Path) -> Iterator[None]:
    """A tmpfs over a folder."""
    with mounted(folder, "-t", "tmpfs", "scans"):
        yield


@contextmanager
def small_disk(folder: Path, image: Path) -> Iterator[None]:
    """An ext4 of 4 MB over a folder."""
    image.write_bytes(bytes(4 << 20))
    run(["mkfs.ext4", "-q", "-m", "0", "-N", "64", str(image)])
    with mounted(folder, "-o", "loop", str(image)):
        yield
