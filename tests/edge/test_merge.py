"""Merging: pages become one PDF as they are, in little memory, or one is named."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pikepdf
import pytest
from PIL import Image

from edge import merge as merging
from edge.merge import MergeError, MergeStoppedError, merge
from shared.model import Kind
from shared.whole import judge_file
from tests.whole import pdfs

SIZE = (300, 400)


def picture(form, number=0, **words):
    """A page as a file's bytes; each number has its own shade."""
    image = Image.radial_gradient("L").resize(SIZE).point(lambda v: (v + number) % 256)
    if form == "JPEG":
        image = image.convert("RGB")
    if words.get("compression") == "group4":
        image = image.convert("1")
    out = io.BytesIO()
    image.save(out, form, dpi=(100, 100), **words)
    return out.getvalue()


def several(*numbers):
    """A TIFF of several pages."""
    images = [Image.new("1", SIZE, n % 2) for n in numbers]
    out = io.BytesIO()
    more = {"save_all": True, "append_images": images[1:], "compression": "group4"}
    images[0].save(out, "TIFF", dpi=(100, 100), **more)
    return out.getvalue()


@pytest.fixture
def state(tmp_path):
    """The agent's own folder, where it merges."""
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


def written(folder, *contents):
    """Pages of a scan in a folder."""
    pages = [folder / f"p{n:04d}" for n in range(len(contents))]
    for page, content in zip(pages, contents, strict=True):
        page.write_bytes(content)
    return pages


def names(folder):
    """What lies in a folder."""
    return sorted(each.name for each in folder.iterdir())


def images(pdf):
    """The picture of each page."""
    return [next(iter(page.get_images().values())) for page in pdf.pages]


def test_pages_come_in_their_order(tmp_path, state):
    """Each of its own size; the result is whole, and all that stays."""
    contents = [picture("JPEG", n) for n in range(12)]
    merge(written(tmp_path, *contents), state / "scan.pdf")
    assert names(state) == ["scan.pdf"]
    with pikepdf.open(state / "scan.pdf") as pdf:
        assert [each.read_raw_bytes() for each in images(pdf)] == contents
        assert [float(each) for each in pdf.pages[0].mediabox[2:]] == [216, 288]


def test_the_result_is_whole(tmp_path, state):
    """By the same judgement that the core passes on it."""
    merge(written(tmp_path, picture("JPEG"), several(0, 1)), state / "scan.pdf")
    assert judge_file(state / "scan.pdf", Kind.PDF).is_whole


def test_bytes_are_not_recompressed(tmp_path, state):
    """JPEG and PNG data stand in the PDF as they stood in the file."""
    jpeg, png = picture("JPEG"), picture("PNG")
    fax = picture("TIFF", compression="group4")
    merge(written(tmp_path, jpeg, png, fax), state / "scan.pdf")
    with pikepdf.open(state / "scan.pdf") as pdf:
        first, second, third = images(pdf)
        assert first.read_raw_bytes() == jpeg
        assert second.read_raw_bytes() in png
        assert "/CCITTFaxDecode" in list(third["/Filter"])


def test_jpeg_in_a_tiff_stays_jpeg(tmp_path, state):
    """Of each page, in the size that the TIFF says; decoded it would grow tenfold."""
    sheets = [Image.radial_gradient("L").resize(SIZE).convert("RGB")] * 2
    out = io.BytesIO()
    words = {"compression": "jpeg", "save_all": True, "append_images": sheets[1:]}
    sheets[0].save(out, "TIFF", dpi=(150, 100), **words)
    merge(written(tmp_path, out.getvalue()), state / "scan.pdf")
    with pikepdf.open(state / "scan.pdf") as pdf:
        assert [each["/Filter"] for each in images(pdf)] == ["/DCTDecode"] * 2
        assert [float(each) for each in pdf.pages[1].mediabox[2:]] == [144, 288]
    assert (state / "scan.pdf").stat().st_size < len(out.getvalue()) + 3000


def test_kinds_mix_and_have_several_pages(tmp_path, state):
    """A TIFF of three pages and a PDF of two are five pages."""
    merge(written(tmp_path, several(0, 1, 0), pdfs.classic(2)), state / "scan.pdf")
    with pikepdf.open(state / "scan.pdf") as pdf:
        assert len(pdf.pages) == 5


def test_the_same_pages_give_the_same_bytes(tmp_path, state):
    """A merge that is done again after a kill is the same file."""
    pages = written(tmp_path, picture("JPEG"), several(0, 1))
    merge(pages, state / "a.pdf")
    merge(pages, state / "b.pdf")
    assert (state / "a.pdf").read_bytes() == (state / "b.pdf").read_bytes()


def encrypted():
    """A PDF that needs a password."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdfs.classic())) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="o", user="u"))
    return out.getvalue()


def bomb():
    """A PNG that claims 40,000 times 40,000 points."""
    png = bytearray(picture("PNG"))
    png[16:24] = (40_000).to_bytes(4) * 2
    return bytes(png)


BAD = {
    "empty": b"",
    "no picture": b"no picture at all",
    "cut TIFF": several(0, 1)[:300],
    "cut PNG": picture("PNG")[:60],
    "bomb": bomb(),
    "password": encrypted(),
    "no PDF": b"%PDF-1.7 and nothing more",
    "no page": pdfs.classic(0),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_page_that_cannot_be_merged_is_named(tmp_path, state, kind):
    """And nothing is left behind."""
    pages = written(tmp_path, picture("JPEG"), BAD[kind], picture("JPEG"))
    with pytest.raises(MergeError, match=r"p0001 cannot be merged: .") as caught:
        merge(pages, state / "scan.pdf")
    assert caught.value.page == pages[1]
    assert names(state) == []


def test_a_page_that_is_gone_is_no_bad_page(tmp_path, state):
    """What the disk says is the disk's; the agent waits."""
    with pytest.raises(FileNotFoundError):
        merge([tmp_path / "gone.jpg"], state / "scan.pdf")


def test_a_full_disk_is_no_bad_page(tmp_path, state, monkeypatch):
    """It says so, and another try may do."""
    pages = written(tmp_path, picture("JPEG"))
    small = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (999, 999));"
    ignore = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
    run = f"{small}{ignore}from edge.bind import main; raise SystemExit(main())"
    with pytest.raises(OSError, match="File too large") as caught:
        merge_by(monkeypatch, run, pages, state / "scan.pdf")
    assert not isinstance(caught.value, MergeError)
    assert names(state) == []


RUN = subprocess.run
CRASH = "print('{\"page\": 1}', flush=True); import os; os.kill(os.getpid(), %d)"


def merge_by(monkeypatch, code, pages, target, **words):
    """Merge with another program in the place of `bind`."""

    def run(command, **more):
        return RUN([command[0], "-c", code], **more)

    monkeypatch.setattr(subprocess, "run", run)
    merge(pages, target, **words)


def test_a_page_that_crashes_its_decoder_is_named(tmp_path, state, monkeypatch):
    """The agent goes on, and knows which page it was."""
    pages = written(tmp_path, b"", b"")
    with pytest.raises(MergeError, match="p0001 cannot be merged: it crashes"):
        merge_by(monkeypatch, CRASH % 11, pages, state / "scan.pdf")


def test_a_merge_that_is_stopped_is_done_again(tmp_path, state, monkeypatch):
    """Whoever ends the agent ends its processes too; no page is at fault."""
    pages = written(tmp_path, b"", b"")
    with pytest.raises(MergeStoppedError):
        merge_by(monkeypatch, CRASH % 15, pages, state / "scan.pdf")
    with pytest.raises(MergeStoppedError, match="not merged in"):
        merge_by(
            monkeypatch,
            "import time; time.sleep(9)",
            pages,
            state / "scan.pdf",
            timeout_seconds=0.05,
        )
    assert names(state) == []


MEASURED = r"""
import json, re, resource, sys
from pathlib import Path
from edge.merge import merge
merge([Path(each) for each in json.load(sys.stdin)], Path(sys.argv[1]))
own = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])
print(json.dumps([own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]))
"""


def test_memory_does_not_grow_with_the_pages(tmp_path, state):
    """Of eighty megabytes one page is in memory at a time, and none in the agent's."""
    noise = Image.effect_noise((1200, 1700), 90)
    pages = []
    for number in range(80):
        pages.append(tmp_path / f"{number:04d}.jpg")
        if number:
            os.link(pages[0], pages[-1])
        else:
            noise.save(pages[0], "JPEG", quality=90, dpi=(300, 300))
    size = pages[0].stat().st_size * len(pages)
    assert size > 80e6
    done = subprocess.run(  # noqa: S603 (our own words)
        [sys.executable, "-c", MEASURED, str(state / "scan.pdf")],
        input=json.dumps([str(each) for each in pages]),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=merging.ROOT,
    )
    own, child = (kib / 1024 for kib in json.loads(done.stdout))
    assert own < 40
    assert child < 64
    assert (state / "scan.pdf").stat().st_size > size
