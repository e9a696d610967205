"""What a check of completeness says. Frozen, without I/O."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a file is complete."""

    is_whole: bool
    why: str = ""
    """One short sentence for a person; empty where the file is whole."""
    pages: int | None = None
    """None unless it is sure."""
