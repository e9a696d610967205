"""Holds the templates against the official compiler: build, lint, format.

`python -m tests.infra.bicep` says what it finds and ends with 1; where no `bicep` is on
the path it says so in one line, and ends with 0. Warnings are findings: the compiler's
own exit status knows errors only.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from .template import INFRA


def files(folder: Path) -> list[Path]:
    """Every template and parameters file."""
    return sorted([*folder.rglob("*.bicep"), *folder.rglob("*.bicepparam")])


def commands(bicep: str, path: Path) -> list[list[str]]:
    """What has to have nothing to say about a file."""
    build = "build-params" if path.suffix == ".bicepparam" else "build"
    return [[bicep, build, "--stdout", str(path)], [bicep, "lint", str(path)]]


def findings(bicep: str, paths: list[Path]) -> list[str]:
    """What it says of these files."""
    found: list[str] = []
    for path in paths:
        for command in commands(bicep, path):
            done = _run(command)
            # The template goes to stdout; of lint nothing does that is not a finding.
            said = done.stderr + (done.stdout if command[1] == "lint" else "")
            if done.returncode or said.strip():
                found.append(f"{path.name}: {command[1]}: {said.strip()}")
        done = _run([bicep, "format", "--stdout", str(path)])
        if done.returncode or done.stdout != path.read_text(encoding="utf-8"):
            found.append(f"{path.name}: bicep format would write it otherwise")
    return found


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 (the compiler, with our own files)
        command, capture_output=True, text=True, check=False
    )


def main() -> int:
    """Check everything below infra."""
    bicep = shutil.which("bicep")
    if bicep is None:
        sys.stdout.write(
            "bicep: not on the path, so infra was not compiled, linted or formatted\n"
        )
        return 0
    found = findings(bicep, files(INFRA))
    sys.stdout.write("".join(f"{each}\n" for each in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
