"""One look: who holds the file, what its bytes say, and what is never opened."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge import reach
from edge.lease import Holder
from edge.look import Looker
from edge.mounts import Mount, Mounts, mount_now
from edge.sight import Answer, Later, Nothing, Ready, Sight
from tests.whole.tiffs import Page, tiff

from .disks import memory_disk
from .eye import Folder, as_nobody
from .papers import TWIN, a_document, a_picture

PDF = a_document("looked at", 20_000)
WRITER = """
import os, sys, time
end, longest = time.monotonic() + 1.5, 0.0
while (begun := time.monotonic()) < end:
    file = os.open(sys.argv[1], os.O_WRONLY)
    longest = max(longest, time.monotonic() - begun)
    os.close(file)
print(longest)
"""
"""Opens a file to write again and again; prints the longest time that an open took."""
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="root changes its user")


class Clock:
    """Time that passes when it is told to."""

    now = 1000.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


class Look:
    """One looker, and one folder."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self._looker = Looker(clock)
        self._place = Folder(folder, quiet_seconds=5.0)

    def __call__(self, path: str, *, is_closed: bool = False) -> Answer:
        """Look at a name."""
        return self._looker.look(Sight(self._place, path, is_closed))


@pytest.fixture
def clock() -> Clock:
    """Stands still."""
    return Clock()


@pytest.fixture
def look(tmp_path, clock):
    """Look at a name, by one looker."""
    return Look(tmp_path, clock)


def test_a_whole_file_that_nobody_holds_is_ready(tmp_path, look):
    """At once, at whatever moment it is seen."""
    (tmp_path / "a.pdf").write_bytes(PDF)
    answer = look("a.pdf")
    assert isinstance(answer, Ready)
    assert answer.mark.size == len(PDF)


def test_a_file_that_cannot_be_claimed_is_not_read_again(tmp_path, look, monkeypatch):
    """As long as nothing happens to it: what is known of its bytes stays known."""
    (tmp_path / "a.pdf").write_bytes(PDF)
    reads: list[int] = []
    pread = os.pread

    def read(descriptor: int, length: int, at: int) -> bytes:
        reads.append(at)
        return pread(descriptor, length, at)

    monkeypatch.setattr(os, "pread", read)
    assert isinstance(look("a.pdf"), Ready)
    count = len(reads)
    assert count
    assert isinstance(look("a.pdf"), Ready)
    assert len(reads) == count
    (tmp_path / "a.pdf").write_bytes(PDF + b"\n")
    assert isinstance(look("a.pdf"), Ready)
    assert len(reads) > count


def test_a_file_that_is_held_open_waits_for_its_writer(tmp_path, look):
    """However whole it is; a lease tells."""
    with (tmp_path / "a.pdf").open("wb", buffering=0) as file:
        file.write(PDF)
        assert look("a.pdf") == Later(1000.5, "Its writer holds it open.")
    assert isinstance(look("a.pdf", is_closed=True), Ready)


def test_a_dead_session_cannot_hold_a_file_for_ever(tmp_path, look, clock):
    """One holds it; another has written it whole, closed it, and it rests."""
    path = tmp_path / "a.pdf"
    with path.open("wb"):
        path.write_bytes(PDF)
        assert isinstance(look("a.pdf", is_closed=True), Later)
        clock.now += 2.0
        assert isinstance(look("a.pdf"), Ready)


def test_a_change_begins_the_rest_anew(tmp_path, look, clock):
    """And what was closed before it counts no more."""
    path = tmp_path / "a.pdf"
    with path.open("ab") as held:
        path.write_bytes(PDF)
        look("a.pdf", is_closed=True)
        clock.now += 1.9
        held.write(b"\n")
        held.flush()
        look("a.pdf")
        clock.now += 60.0
        assert look("a.pdf") == Later(clock.now + 30.0, "Its writer holds it open.")


@pytest.mark.parametrize(
    ("name", "data", "is_at_once"),
    [
        ("a.pdf", PDF, True),
        ("a.jpg", a_picture("look"), True),
        ("a.xml", TWIN, True),
        ("a.json", b'{"to": "jane@contoso.com"}', True),
        ("a.txt", b"a line\n", False),
        ("a.xml", TWIN[:-4], False),
        ("a.dat", b"\x01\x02\x03", False),
        ("a.tif", tiff([Page()]), False),
    ],
)
def test_what_announces_no_end_must_be_quiet(look, clock, name, data, is_at_once):
    """Kinds that do are decided at once, the rest by the quiet time of its folder."""
    (look.folder / name).write_bytes(data)
    assert isinstance(look(name, is_closed=True), Ready) is is_at_once
    clock.now += 4.9
    if not is_at_once:
        assert look(name) == Later(1005.0, "It has to rest for 5 s.")
    clock.now += 0.1
    assert isinstance(look(name), Ready)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("cut.pdf", PDF[:-20]),
        ("cut.jpg", a_picture("look")[:-2]),
        ("cut.tif", tiff([Page()])[:-9]),
        ("late.tif", bytes(8) + tiff([Page()])[8:]),
        ("pre.pdf", bytes(5000)),
    ],
)
def test_half_a_file_is_never_ready(tmp_path, look, clock, name, data):
    """Closed, at rest, held by nobody: it waits, and the reason can be read."""
    (tmp_path / name).write_bytes(data)
    for _ in range(3):
        answer = look(name, is_closed=True)
        assert isinstance(answer, Later)
        assert answer.why
        clock.now += 7200.0


def test_an_empty_file_is_nothing_yet(tmp_path, look):
    """Some printers make the name first."""
    (tmp_path / "a.pdf").touch()
    assert look("a.pdf", is_closed=True) == Nothing("empty")


def test_what_is_no_file_is_refused_and_never_waited_for(tmp_path, look):
    """A pipe that nobody writes to would hold up whoever opens it."""
    (tmp_path / "secret.pdf").write_bytes(PDF)
    (tmp_path / "link.pdf").symlink_to(tmp_path / "secret.pdf")
    (tmp_path / "gone.pdf").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe.pdf")
    (tmp_path / "folder.pdf").mkdir()
    for name in ("link", "gone", "pipe", "folder"):
        answer = look(f"{name}.pdf")
        assert isinstance(answer, Nothing)
        assert "not a file" in answer.why


def test_no_link_on_the_way_is_followed(tmp_path, look):
    """A folder that became a link since it was listed."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.pdf").write_bytes(PDF)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert isinstance(look("real/a.pdf"), Ready)
    assert isinstance(look("link/a.pdf"), Nothing)


def test_what_takes_a_file_s_place_is_not_followed_nor_waited_for(tmp_path):
    """Between the question what it is and its opening."""
    (tmp_path / "link.pdf").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "pipe.pdf")
    with pytest.raises(OSError, match="link"), reach.file(tmp_path, "link.pdf"):
        pass
    with reach.file(tmp_path, "pipe.pdf") as descriptor:
        assert not os.get_blocking(descriptor)


@pytest.mark.parametrize("name", ["x.tmp", "~x.pdf", "x.problem.txt", "_sent/x.pdf"])
def test_a_name_that_is_no_scan_is_not_looked_at(tmp_path, look, name):
    """Whatever lies under it."""
    (tmp_path / "_sent").mkdir()
    (tmp_path / name).write_bytes(PDF)
    assert isinstance(look(name, is_closed=True), Nothing)


@needs_root
def test_a_file_that_may_not_be_read_says_so(tmp_path, look):
    """A client may create it with mode 0600: it waits for whoever mends that."""
    (tmp_path / "a.pdf").write_bytes(PDF)
    (tmp_path / "a.pdf").chmod(0o600)
    with as_nobody(tmp_path):
        answer = look("a.pdf", is_closed=True)
    assert isinstance(answer, Later)
    assert "let the agent's user read" in answer.why
    (tmp_path / "a.pdf").chmod(0o644)
    assert isinstance(look("a.pdf"), Ready)


@needs_root
def test_another_user_s_file_needs_a_close_and_a_rest(tmp_path, look, clock):
    """A lease is the owner's to ask for, or of those with CAP_LEASE."""
    (tmp_path / "a.pdf").write_bytes(PDF)
    with as_nobody(tmp_path):
        assert isinstance(look("a.pdf", is_closed=True), Later)
        clock.now += 2.0
        assert isinstance(look("a.pdf"), Ready)


def test_a_write_during_the_look_is_noticed(tmp_path, clock):
    """Between the first question and the last."""
    path = tmp_path / "a.pdf"
    path.write_bytes(PDF)

    def ask(descriptor: int, _: Mount) -> Holder:
        if os.fstat(descriptor).st_size == len(PDF):
            with path.open("ab") as file:
                file.write(b"\n")
        return Holder.NOBODY

    looker, sight = Looker(clock, ask=ask), Sight(Folder(tmp_path), "a.pdf")
    first = looker.look(sight)
    assert isinstance(first, Later)
    assert first.at - clock.now < 0.1
    assert isinstance(looker.look(sight), Ready)


@pytest.mark.parametrize(
    ("kind", "said", "at_rest"),
    [
        ("cifs", Holder.WRITER, Later),
        ("cifs", Holder.UNKNOWN, Ready),
        ("fuse.sshfs", Holder.UNKNOWN, Ready),
    ],
)
def test_only_rest_or_ebusy_tells_of_a_mount(tmp_path, clock, kind, said, at_rest):
    """A close is never heard there, and a granted lease proves nothing."""
    mount = Mount(str(tmp_path), kind)
    asked = []

    def ask(_: int, mount: Mount) -> Holder:
        asked.append(mount)
        return Holder(said)

    looker = Looker(clock, ask=ask, mount_of=lambda _: mount)
    (tmp_path / "a.pdf").write_bytes(PDF)
    sight = Sight(Folder(tmp_path), "a.pdf")
    assert isinstance(looker.look(sight), Later)
    clock.now += 2.0
    assert isinstance(looker.look(sight), at_rest)
    assert set(asked) == {mount}


def test_looking_neither_kills_us_nor_holds_up_a_writer(tmp_path):
    """A writer that comes while a lease is held breaks it, by a signal."""
    path = tmp_path / "a.pdf"
    path.write_bytes(PDF)
    looker, sight = Looker(), Sight(Folder(tmp_path), "a.pdf")
    words = [sys.executable, "-c", WRITER, str(path)]
    writer = subprocess.Popen(words, stdout=subprocess.PIPE)  # noqa: S603 (our own)
    answers = set()
    while writer.poll() is None:
        answers.add(type(looker.look(sight)))
    longest = float(writer.communicate()[0])
    assert answers == {Ready, Later}
    assert longest < 0.5


def test_what_a_folder_lies_on_is_asked_anew_when_something_is_mounted(tmp_path):
    """And not for each file; nor is it believed of files on another device."""
    asked: list[Path] = []

    def ask(path: Path) -> Mount:
        asked.append(path)
        return mount_now(path)

    mounts, device = Mounts(ask), tmp_path.stat().st_dev
    for _ in range(3):
        mounts.of(tmp_path, "", device)
    assert asked == [tmp_path]
    mounts.of(tmp_path, "", device + 1)
    assert len(asked) == 2
    (tmp_path / "disk").mkdir()
    with memory_disk(tmp_path / "disk"):
        inner = tmp_path / "disk"
        assert mounts.of(inner, "", inner.stat().st_dev).kind == "tmpfs"
        mounts.of(tmp_path, "", device)
    assert len(asked) == 4
