"""The ways in which printers write, as they were observed; played on a `Desk`.

Each plays against one folder and tells what whole documents it left there; pauses are
shorter than observed, in the same proportion to the times of the rule.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from .desk import Desk, at_desk
from .papers import TWIN, a_document, a_picture, a_tiff
from .sftp import SftpError

type Play = Callable[[Desk], None]
PATTERNS: dict[str, Play] = {}
ALONE = ("reuse_fast",)
"""Played after the others, whose burst would take all the time there is."""


def play_all(desks: Mapping[str, Desk]) -> None:
    """Play every pattern at its desk, all at once but for those that want calm."""

    def play(name: str) -> None:
        with at_desk(desks[name]) as desk:
            PATTERNS[name](desk)

    with ThreadPoolExecutor(len(desks)) as pool:
        list(pool.map(play, desks.keys() - ALONE))
    for name in ALONE:
        play(name)


def pattern(play: Play) -> Play:
    """Add it to the list."""
    PATTERNS[play.__name__] = play
    return play


@pattern
def slow(desk: Desk) -> None:
    """Slow chunks, one open."""
    desk.put("slow.pdf", desk.want("slow.pdf", a_document("slow")), 10, 0.15)


@pattern
def stall(desk: Desk) -> None:
    """A pause longer than any rest: the user turns the page."""
    desk.put("stall.pdf", desk.want("stall.pdf", a_document("stall")), 2, 3.0)


def _renamed(desk: Desk, temporary: str, name: str) -> None:
    desk.put(temporary, desk.want(name, a_document(name)), 4, 0.05)
    desk.rename(temporary, name)


@pattern
def tmp_rename(desk: Desk) -> None:
    """x.tmp, then rename."""
    _renamed(desk, "job1.tmp", "job1.pdf")


@pattern
def part_rename(desk: Desk) -> None:
    """x.pdf.part, then rename."""
    _renamed(desk, "job2.pdf.part", "job2.pdf")


@pattern
def tilde_rename(desk: Desk) -> None:
    """~x.pdf, then rename."""
    _renamed(desk, "~job3.pdf", "job3.pdf")


@pattern
def tmp_replace(desk: Desk) -> None:
    """x.tmp, then the other rename: posix-rename, or with ReplaceIfExists."""
    desk.put("job4.tmp", desk.want("job4.pdf", a_document("job4")))
    desk.printer.replace(desk.at("job4.tmp"), desk.at("job4.pdf"))


@pattern
def rename_over(desk: Desk) -> None:
    """x.tmp, then rename over an existing x.pdf."""
    desk.put("over.pdf", desk.want("over.pdf", a_document("over, first")))
    time.sleep(0.5)
    desk.put("over.tmp", desk.want("over.pdf", a_document("over, second")))
    desk.printer.replace(desk.at("over.tmp"), desk.at("over.pdf"))


@pattern
def zero_then_fill(desk: Desk) -> None:
    """Create, close; open again and fill."""
    desk.put("zero.pdf", b"")
    time.sleep(1.0)
    desk.put("zero.pdf", desk.want("zero.pdf", a_document("zero")), 4, 0.05)


@pattern
def page_set(desk: Desk) -> None:
    """Five single pages."""
    for n in range(1, 6):
        name = f"set_{n:04}.jpg"
        desk.put(name, desk.want(name, a_picture(name)), 2, 0.05)
        time.sleep(0.1)


@pattern
def sidecar_first(desk: Desk) -> None:
    """XML, then the PDF."""
    desk.put("sf.xml", desk.want("sf.xml", TWIN))
    desk.put("sf.pdf", desk.want("sf.pdf", a_document("sf")), 4, 0.1)


@pattern
def sidecar_last(desk: Desk) -> None:
    """The PDF, XML later."""
    desk.put("sl.pdf", desk.want("sl.pdf", a_document("sl")), 4, 0.1)
    time.sleep(0.5)
    desk.put("sl.xml", desk.want("sl.xml", TWIN))


@pattern
def reuse(desk: Desk) -> None:
    """The same name again, other content."""
    for n in range(2):
        desk.put("scan.pdf", desk.want("scan.pdf", a_document(f"scan {n}")), 3, 0.05)
        time.sleep(1.0)


@pattern
def reuse_fast(desk: Desk) -> None:
    """The same name again at once."""
    for n in range(2):
        desk.put("fast.pdf", desk.want("fast.pdf", a_document(f"fast {n}")), 3, 0.02)
        time.sleep(0.15)


def _half(desk: Desk, name: str, data: bytes) -> None:
    desk.printer.open(desk.at(name)).write(data[: len(data) // 2])
    time.sleep(0.1)


@pattern
def interrupted(desk: Desk) -> None:
    """The line is cut half-way: half a file stays."""
    _half(desk, "cut.pdf", a_document("cut"))
    desk.printer.cut()


@pattern
def interrupted_retry(desk: Desk) -> None:
    """Cut half-way, sent again whole."""
    data = desk.want("again.pdf", a_document("again"))
    _half(desk, "again.pdf", data)
    desk.printer.cut()
    time.sleep(2.0)
    desk.again()
    desk.put("again.pdf", data, 8, 0.05)


@pattern
def interrupted_resume(desk: Desk) -> None:
    """Cut half-way, appended to later."""
    data = desk.want("resume.pdf", a_document("resume"))
    _half(desk, "resume.pdf", data)
    desk.printer.cut()
    time.sleep(2.0)
    file = desk.again().open(desk.at("resume.pdf"), "a")
    file.write(data[len(data) // 2 :])
    file.close()


@pattern
def power_off_retry(desk: Desk) -> None:
    """Power off half-way; back soon, it sends the file again. Its old session lives on.

    Samba lets nobody else at the name: the printer takes another one.
    """
    data = a_document("power")
    _half(desk, "pwr.pdf", data)
    desk.printer.freeze()
    time.sleep(1.0)
    desk.again()
    name = "pwr.pdf" if desk.protocol == "sftp" else "pwr(1).pdf"
    desk.put(name, desk.want(name, data), 8, 0.05)


@pattern
def big(desk: Desk) -> None:
    """A large file."""
    desk.put("big.pdf", desk.want("big.pdf", a_document("big", desk.big_bytes)), 40)


@pattern
def odd_names(desk: Desk) -> None:
    """Names that break shells, URLs and assumptions; a hidden one is no scan."""
    for name in (
        "Müller Größe 扫描 📄.pdf",
        "e\u0301-decomposed.pdf",
        "\u00e9-composed.pdf",
        "two  spaces.pdf",
        "-dash.pdf",
        "#50%25 & +plus=[x]{y}'q.pdf",
        "UPPER.PDF",
    ):
        desk.put(name, desk.want(name, a_document(name)))
    desk.put(".hidden.pdf", a_document("hidden"))


@pattern
def nested(desk: Desk) -> None:
    """New nested folders, the file at once after."""
    path = "2025/11/dept A/job 7"
    parts = path.split("/")
    for depth in range(len(parts)):
        desk.printer.mkdir(desk.at("/".join(parts[: depth + 1])))
    desk.put(f"{path}/deep.pdf", desk.want(f"{path}/deep.pdf", a_document("deep")))


@pattern
def prealloc(desk: Desk) -> None:
    """The full size first, bytes after, slowly."""
    data = desk.want("pre.pdf", a_document("pre"))
    file = desk.printer.open(desk.at("pre.pdf"))
    file.resize(len(data))
    desk.write(file.write, data, 5, 0.5)
    file.close()


@pattern
def append_pages(desk: Desk) -> None:
    """Grows page by page: open, append, close."""
    data = desk.want("grow.pdf", a_document("grow"))
    for n in range(4):
        file = desk.printer.open(desk.at("grow.pdf"), "a" if n else "w")
        file.write(data[n * 20_000 : None if n == 3 else (n + 1) * 20_000])
        file.close()
        time.sleep(0.5)


@pattern
def append_valid(desk: Desk) -> None:
    """A TIFF to which pages come: valid after each, within the quiet time."""
    desk.put("pages.tif", a_tiff(1))
    for n in (2, 3):
        time.sleep(0.7)
        before, after = a_tiff(n - 1), a_tiff(n)
        changed = [at for at, byte in enumerate(before) if after[at] != byte]
        file = desk.printer.open(desk.at("pages.tif"), "r+")
        file.write(after[len(before) :], len(before))
        file.write(after[changed[0] : changed[-1] + 1], changed[0])
        file.close()
    desk.want("pages.tif", a_tiff(3))


@pattern
def header_last(desk: Desk) -> None:
    """A TIFF whose header is written last, after a pause."""
    data = desk.want("hdr.tif", a_tiff(5))
    file = desk.printer.open(desk.at("hdr.tif"))
    file.write(data[8:], 8)
    time.sleep(2.5)
    file.write(data[:8], 0)
    file.close()


@pattern
def old_mtime(desk: Desk) -> None:
    """Its time is set to 2001 after the close: a flat clock battery."""
    desk.put("old.pdf", desk.want("old.pdf", a_document("old")), 2, 0.05)
    with suppress(SftpError, OSError):
        # It may have been claimed by now.
        desk.printer.set_time(desk.at("old.pdf"), 1e9)


@pattern
def probe_file(desk: Desk) -> None:
    """A connection test."""
    desk.put("conntest.tmp", b"test")
    time.sleep(0.3)
    desk.printer.remove(desk.at("conntest.tmp"))


@pattern
def lock_file(desk: Desk) -> None:
    """A lock file beside it, removed at the end."""
    desk.put("lk.lck", b"")
    desk.put("lk.pdf", desk.want("lk.pdf", a_document("lk")), 4, 0.1)
    time.sleep(0.3)
    desk.printer.remove(desk.at("lk.lck"))


@pattern
def folder_rename(desk: Desk) -> None:
    """Pages into a folder that is renamed when all are there."""
    desk.printer.mkdir(desk.at("job9.tmp"))
    for n in (1, 2, 3):
        data = desk.want(f"job9/p{n}.jpg", a_picture(f"p{n}"))
        desk.put(f"job9.tmp/p{n}.jpg", data)
        time.sleep(0.2)
    desk.rename("job9.tmp", "job9")


@pattern
def burst(desk: Desk) -> None:
    """A hundred files."""
    for n in range(100):
        name = f"burst_{n:03}.pdf"
        desk.put(name, desk.want(name, a_document(name, 8000)))


@pattern
def twins(desk: Desk) -> None:
    """The same bytes under two names: two scans of one blank page."""
    for n in (1, 2):
        desk.put(f"blank_{n}.jpg", desk.want(f"blank_{n}.jpg", a_picture("blank")))


@pattern
def by_command(desk: Desk) -> None:
    """The server's own command line, slowly: it stays empty long, or grows."""
    data = desk.want("typed.pdf", a_document("typed", 300_000))
    desk.server.put_slowly(desk.at("typed.pdf"), data)
