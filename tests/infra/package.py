"""Builds the deployment package as `azd deploy` does with `project: .`.

azd walks the service's folder and asks, for each file and folder: is it `.azure`, the
ignore file itself, or `local.settings.json`? Then it stays out. Else the last line of
`.funcignore` that fits decides, and a folder that stays out is not entered. With an
ignore file, azd leaves out nothing else, not even `__pycache__`.
(Seen in Azure/azure-dev, `createDeployableZip`, and in denormal/go-gitignore.)
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

# In that library `/*` fits files at any depth and a closing slash is misread; git
# and the Core Tools see it otherwise. These forms mean the same to all of them.
PLAIN = re.compile(r"!?[\w.*-]+(/\*\*)?", re.ASCII)
ALWAYS_OUT = (".azure", ".funcignore", "local.settings.json")


def rules(folder: Path) -> list[str]:
    """The lines of the ignore file, in order."""
    lines = (folder / ".funcignore").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def build(folder: Path, target: Path) -> list[str]:
    """Write the package; its names, sorted."""
    files = sorted(_files(folder, "", rules(folder)))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for name in files:
            package.write(folder / name, name)
    return files


def _files(folder: Path, inside: str, lines: list[str]) -> Iterator[str]:
    for entry in (folder / inside).iterdir():
        name = f"{inside}{entry.name}"
        if entry.name in ALWAYS_OUT or _is_out(name, lines):
            continue
        if entry.is_dir():
            yield from _files(folder, f"{name}/", lines)
        else:
            yield name


def _is_out(name: str, lines: list[str]) -> bool:
    fitting = [line for line in lines if _fits(name, line.removeprefix("!"))]
    return bool(fitting) and not fitting[-1].startswith("!")


def _fits(name: str, pattern: str) -> bool:
    if pattern.endswith("/**"):
        parents = name.split("/")[:-1]
        return any(fnmatchcase(each, pattern[:-3]) for each in parents)
    return fnmatchcase(name.rpartition("/")[2], pattern)
