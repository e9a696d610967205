"""The process that merges pages: the border to img2pdf, Pillow and qpdf.

In: JSON on standard input, `pages` and `target`. Out: the PDF, and lines of JSON on
standard output: the page that is begun, and at last `done`, or what went wrong.
One page is in memory at a time; qpdf joins them from disk to disk.
"""

from __future__ import annotations

import errno
import gc
import io
import json
import logging
import os
import re
import resource
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from shutil import disk_usage
from typing import Any

import img2pdf  # type: ignore[import-untyped]
import pikepdf
from PIL import Image, UnidentifiedImageError

from . import reach
from .tiff_jpeg import jpeg_of

MEMORY_BYTES = 3 << 30
"""Of addresses, for the whole process: no picture is worth more."""
PIXELS = 300_000_000
"""Twice that is refused: A0 at 600 dpi has 560 million."""
_UNIT, _RESOLUTION, _CENTIMETRES = 296, (282, 283), 3
_POINTS = 72.0
_OPEN = "/proc/self/fd/"
_FULL_BYTES = 1 << 20
_MARK_WITHIN = 1024
"""Where `%PDF-` may begin (ISO 32000-1, annex H.3)."""


def main() -> int:
    """Merge as standard input says; 0: done."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    warnings.simplefilter("ignore")
    # qpdf's warnings quote the file, and stumble over bytes that are no text.
    logging.disable()
    Image.MAX_IMAGE_PIXELS = PIXELS
    order = json.load(sys.stdin)
    target = Path(order["target"])
    parts: list[Path] = []
    try:
        for n, name in enumerate(order["pages"]):
            _say({"page": n})
            parts.append(_part(Path(name), target.with_name(f"{n:08d}.pdf")))
    except Exception as exc:  # noqa: BLE001 (img2pdf raises Exception itself)
        # An OSError without a number is Pillow's, of the picture and not of the disk.
        number = exc.errno if isinstance(exc, OSError) else None
        fault = {"errno": number} if number else {"page": len(parts)}
        _say({**fault, "why": _words(exc)})
        return 1
    _say({"joining": len(parts)})
    _join(parts, target)
    _say({"done": True})
    return 0


def _part(page: Path, part: Path) -> Path:
    """Make a PDF of one file."""
    try:
        descriptor = reach.claimed(page)
    except reach.NotAFileError as exc:
        # This page's fault: a person is told, and nobody tries again.
        raise ValueError(exc.strerror) from exc
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(_MARK_WITHIN)
        is_pdf = b"%PDF-" in data
        if is_pdf:
            # What qpdf cannot join is this page's fault, not that of all of them. It
            # opens what is open here: the name may be something else by now.
            _join([Path(f"{_OPEN}{descriptor}")], part)
        else:
            data += file.read()
    if is_pdf:
        with pikepdf.open(part, access_mode=pikepdf.AccessMode.stream) as pdf:
            if not len(pdf.pages):
                raise ValueError("it has no page")
        return part
    sheets = _jpegs(data)
    if sheets:
        places = [part.with_suffix(f".{n}.pdf") for n in range(len(sheets))]
        for place, (jpeg, across, down) in zip(places, sheets, strict=True):
            _convert(jpeg, place, _layout(across, down))
        _join(places, part)
    else:
        _convert(data, part)
    # img2pdf's objects hold each other, and the picture.
    gc.collect()
    return part


def _convert(data: bytes, part: Path, layout: Any = None) -> None:
    words = {"layout_fun": layout} if layout else {}
    with part.open("wb") as out:
        img2pdf.convert(
            data,
            outputstream=out,
            engine=img2pdf.Engine.internal,
            rotation=img2pdf.Rotation.ifvalid,
            nodate=True,
            **words,
        )


def _jpegs(data: bytes) -> list[tuple[bytes, float, float]]:
    """Take the JPEGs out of a TIFF, with their resolution; none: let it be decoded."""
    if data[:2] not in {b"II", b"MM"}:
        return []
    sheets = []
    with Image.open(io.BytesIO(data)) as tiff:
        for frame in range(getattr(tiff, "n_frames", 1)):
            tiff.seek(frame)
            tags = dict(getattr(tiff, "tag_v2", {}))
            jpeg = jpeg_of(data, tags)
            if jpeg is None:
                return []
            points = 2.54 if tags.get(_UNIT) == _CENTIMETRES else 1.0
            across, down = (float(tags.get(each) or 0) for each in _RESOLUTION)
            sheets.append((jpeg, across * points, down * points))
    return sheets


def _layout(across: float, down: float) -> Callable[..., tuple[float, ...]]:
    """Make the size of a page, in points, from that of its picture."""
    dots = (across or img2pdf.default_dpi, down or across or img2pdf.default_dpi)

    def layout(width: int, height: int, _: object) -> tuple[float, ...]:
        size = (_POINTS * width / dots[0], _POINTS * height / dots[1])
        return (*size, *size)

    return layout


def _join(parts: Sequence[Path], target: Path) -> None:
    """Join PDFs from disk to disk; see the result there."""
    words = ["--empty", "--deterministic-id", "--keep-files-open=n", "--pages"]
    try:
        pikepdf.Job(["qpdf", *words, *map(str, parts), "--", str(target)]).run()
    except pikepdf.PasswordError as exc:
        raise ValueError("it needs a password") from exc
    except Exception as exc:
        # qpdf raises all kinds, and says by none of them that the disk is full.
        if disk_usage(target.parent).free < _FULL_BYTES:
            raise OSError(errno.ENOSPC, "the disk is full") from exc
        raise
    with target.open("rb+") as file:
        os.fsync(file.fileno())


def _words(exc: Exception) -> str:
    """Say it in one line, without the folder that qpdf puts in front."""
    if isinstance(exc, UnidentifiedImageError | img2pdf.ImageOpenError):
        return "it is no picture of a kind that is known here"
    said = str(exc).strip().splitlines() or [type(exc).__name__]
    words = re.sub(rf"^.*{_OPEN}\d+:? *", "", said[0])
    return words.rpartition("/")[2][:200]


def _say(line: Mapping[str, Any]) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    sys.exit(main())
