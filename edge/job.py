"""The noun between claiming and uploading: what becomes one blob."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .claim import Claimed


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What becomes one blob: a claimed file, or pages of a scan; and its sidecar."""

    job_id: str
    """What the journal knows it by: the claim of the file, or of the first page."""
    folder: Path
    """The watched folder."""
    members: tuple[Claimed, ...]
    """The file, or the pages in their order; then the sidecar. After a kill some of
    them may be gone."""
    device: str
    path: str
    """Below the device."""
    size: int
    since: float
    """Seconds since 1970: the oldest goes first."""
    file: Callable[[], Path]
    """Where the bytes are; made when it is asked for the first time."""
    is_left_over: bool = False
    """Its files were claimed by an agent that was stopped: what was written to them
    since is not known."""
    pages: int = 0
    """So many of the members are pages to be merged; 0: the first is the file."""
    metadata: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def of(claimed: Claimed, device: str, /, **said: str) -> Job:
        """One file alone, and what its sidecar said; that may be a device too."""
        return Job(
            job_id=claimed.claim_id,
            folder=claimed.place.path,
            members=(claimed,),
            device=device,
            path=claimed.path,
            size=claimed.mark.size,
            since=claimed.mark.ctime_ns / 1e9,
            file=lambda: claimed.file,
            metadata=said,
        )
