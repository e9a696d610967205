"""The printers: they write in the ways that printers do, and note what they wrote.

In: folders. Out: `Scan`s. Names repeat, as counters do; a name that is there still is
never written over: a printer that does so loses the file itself.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.samples import a_pdf

SINGLE, PAIRED, SETS = "mfp-1", "mfp-2", "mfp-3"
NAMES = 40
"""So many names a counter has before it begins anew."""
LARGEST_BYTES = 60_000
_HALF_SECONDS = 0.15


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan that a printer wrote: one file, or pages."""

    number: int
    device: str
    parts: tuple[bytes, ...]
    """The file; or what each page holds and no other does."""
    to: str = ""
    """Whom its sidecar names."""


@dataclass
class Printers:
    """Three of them, one hand."""

    folder: Path
    dice: random.Random
    pages: Callable[[int], bytes]
    """Makes a JPEG that carries a number."""
    scans: list[Scan] = field(default_factory=list)

    def write(self, number: int) -> None:
        """Write one scan."""
        kind = self.dice.random()
        if kind < 0.01:
            self._set(number)
        elif kind < 0.06:
            self._pair(number)
        else:
            self._single(number)

    def _single(self, number: int) -> None:
        data = self._pdf(number)
        sub = self.dice.choice(("", "", "jane", "invoices/2026"))
        folder = self.folder / SINGLE / sub
        folder.mkdir(parents=True, exist_ok=True)
        if self.dice.random() < 0.5:
            name = self._free(folder, "SCN_{:04}.pdf", number % NAMES)
        else:
            name = f"20261121 {number:06}.pdf"
        way = self.dice.choice((_at_once, _at_once, _in_halves, _by_rename, _by_link))
        way(folder / name, data)
        self.scans.append(Scan(number, SINGLE, (data,)))

    def _pair(self, number: int) -> None:
        data, to = self._pdf(number), f"person{number}@contoso.com"
        folder = self.folder / PAIRED
        twin = json.dumps({"to": to}).encode()
        files = [(f"{number:06}.pdf", data), (f"{number:06}.json", twin)]
        self.dice.shuffle(files)
        for name, each in files:
            _at_once(folder / name, each)
        self.scans.append(Scan(number, PAIRED, (data,), to))

    def _set(self, number: int) -> None:
        count = self.dice.randrange(2, 5)
        marks = [number * 10 + page for page in range(1, count + 1)]
        pages = [self.pages(mark) for mark in marks]
        for page, data in enumerate(pages, 1):
            _at_once(self.folder / SETS / f"{number:06}_{page:04}.jpg", data)
        parts = tuple(mark_of(mark) for mark in marks)
        self.scans.append(Scan(number, SETS, parts))

    def _pdf(self, number: int) -> bytes:
        size = self.dice.randrange(LARGEST_BYTES)
        return a_pdf(size) + b"%% scan %d\n%%%%EOF\n" % number

    def _free(self, folder: Path, pattern: str, at: int) -> str:
        """The next name of the counter that is not there."""
        while (folder / pattern.format(at)).exists():
            at += 1
        return pattern.format(at)


def mark_of(number: int) -> bytes:
    """What a page holds."""
    return b"scanpost-page-%09d" % number


def _at_once(file: Path, data: bytes) -> None:
    with file.open("xb") as out:
        out.write(data)


def _in_halves(file: Path, data: bytes) -> None:
    with file.open("xb", buffering=0) as out:
        out.write(data[: len(data) // 2])
        time.sleep(_HALF_SECONDS)
        out.write(data[len(data) // 2 :])


def _by_rename(file: Path, data: bytes) -> None:
    temporary = file.with_name(f"{file.name}.{os.getpid()}.tmp")
    temporary.write_bytes(data)
    os.link(temporary, file)
    temporary.unlink()


def _by_link(file: Path, data: bytes) -> None:
    """OpenSSH's rename: a link first, then the old name goes."""
    temporary = file.with_name(f"{file.name}.part")
    _at_once(temporary, data)
    os.link(temporary, file)
    time.sleep(0.005)
    temporary.unlink()
