"""PDFs that were made of pages, for as long as they are needed.

They lie in `state_dir`, and are made again after a kill. Raises what `merge` raises.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from .merge import merge


class Merged:
    """The folder they lie in."""

    def __init__(self, folder: Path) -> None:
        """Begin with none: what a kill left is removed."""
        shutil.rmtree(folder, ignore_errors=True)
        self._folder = folder

    def __call__(self, pages: Sequence[Path], job_id: str) -> Path:
        """Make one, or find the one that was made."""
        target = self._folder / f"{job_id}.pdf"
        if not target.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            merge(pages, target)
        return target

    def drop(self, job_id: str) -> None:
        """Remove one; none is fine."""
        with suppress(OSError):
            # What is left is removed at the next start.
            (self._folder / f"{job_id}.pdf").unlink(missing_ok=True)
