"""Stand-ins for `az` and `azd` that take what the real ones take, and nothing else.

A test writes the programs into a folder of its own, and that folder is the whole path.
They keep what they know in one file: the second run meets what the first one left.
"""

from __future__ import annotations

import json
import shutil
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
NEEDED = (
    *("dirname", "mktemp", "rm", "sed", "awk", "grep", "cat", "head", "sleep"),
    *("date", "cut", "tr", "sort", "sh"),
)
"""What the hooks may use: a machine without `az` still has these."""


class Bench:
    """A folder of programs, and what the stand-ins know."""

    def __init__(self, folder: Path, *, programs: tuple[str, ...] = ("az", "azd")):
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.state = folder / "state.json"
        self.log = folder / "calls.jsonl"
        for name in NEEDED:
            (self.bin / name).symlink_to(str(shutil.which(name)))
        for name in programs:
            self.add(name, f'exec {sys.executable} -S -m tests.infra.fakes.{name} "$@"')
        self.know()

    def add(self, name: str, body: str) -> None:
        """Put a program on the path."""
        program = self.bin / name
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def know(self, **changes: Any) -> None:
        """Change what the stand-ins know: see `az.py`."""
        old = json.loads(self.state.read_text()) if self.state.exists() else {}
        self.state.write_text(json.dumps(old | changes))

    def known(self) -> Mapping[str, Any]:
        """What they know now."""
        found: dict[str, Any] = json.loads(self.state.read_text())
        return found

    def calls(self, *words: str) -> list[list[str]]:
        """The calls so far that begin with these words."""
        if not self.log.exists():
            return []
        every = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [call for call in every if call[: len(words)] == list(words)]

    def environment(self) -> dict[str, str]:
        """The environment of whatever shall meet the stand-ins and nothing else."""
        return {
            "PATH": str(self.bin),
            "PYTHONPATH": str(ROOT),
            "FAKE_STATE": str(self.state),
            "FAKE_LOG": str(self.log),
            "TMPDIR": str(self.bin.parent),
        }
