"""Nothing that happens in a folder goes unseen: real folders, real notices."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.mounts import Mount
from edge.sight import Place, Sight
from edge.watch import Watcher

from .disks import memory_disk
from .eye import Eye, Folder, as_nobody
from .papers import a_document
from .printer import await_until

PDF = a_document("watched", 2000)
REMOTE = Mount("/", "cifs")
MOST_NOTICES = 100_000


@contextmanager
def watching(
    places: Sequence[Place], found, mount_of=None
) -> Iterator[tuple[Watcher, threading.Thread]]:
    """Run a watcher in a thread."""
    extra = {"mount_of": mount_of} if mount_of else {}
    watcher = Watcher(places, found, **extra)
    stop = threading.Event()
    thread = threading.Thread(target=watcher.run, args=(stop,))
    thread.start()
    try:
        assert watcher.is_watching.wait(5.0)
        yield watcher, thread
    finally:
        stop.set()
        thread.join(5.0)


class Seen:
    """Keeps the sights."""

    def __init__(self) -> None:
        self.sights: list[Sight] = []

    def __call__(self, sight: Sight) -> None:
        """Keep one."""
        self.sights.append(sight)

    @property
    def paths(self) -> set[str]:
        """Each once."""
        return {each.path for each in self.sights}

    @property
    def closed(self) -> set[str]:
        """Those whose writer let go, or that got this name."""
        return {each.path for each in self.sights if each.is_closed}


@pytest.fixture
def seen() -> Seen:
    """What was seen."""
    return Seen()


def test_what_is_there_at_the_start_is_seen(tmp_path, seen):
    """In subfolders too; what is no scan is not."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "@eaDir").mkdir()
    names = ("x.pdf", "a/y.pdf", "a/b/z.pdf", "@eaDir/no.pdf", "no.tmp", ".no")
    for name in names:
        (tmp_path / name).write_bytes(PDF)
    with watching([Folder(tmp_path)], seen):
        await_until(lambda: seen.paths == {"x.pdf", "a/y.pdf", "a/b/z.pdf"}, 2.0)


def test_a_file_in_new_nested_folders_is_seen(tmp_path, seen):
    """A hundred times `mkdir -p a/b/c` and the file at once: no watch is in time."""
    wanted = set()
    with watching([Folder(tmp_path)], seen):
        for n in range(100):
            folder = tmp_path / f"{n}" / "b" / "c"
            folder.mkdir(parents=True)
            (folder / "x.pdf").write_bytes(PDF)
            wanted.add(f"{n}/b/c/x.pdf")
        await_until(lambda: seen.paths == wanted, 5.0)


def test_after_an_overflow_everything_is_listed(tmp_path):
    """The system keeps 16,384 notices for a busy watcher, and drops the rest."""
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if limit > MOST_NOTICES:
        pytest.skip("fs.inotify.max_queued_events is large here")
    files = limit // 2 + 500
    paths: set[str] = set()
    is_held = threading.Event()

    def found(sight: Sight) -> None:
        is_held.wait(60.0)
        paths.add(sight.path)

    with watching([Folder(tmp_path)], found) as (watcher, _):
        for n in range(files):
            with (tmp_path / f"{n}.pdf").open("wb"):
                pass
        is_held.set()
        await_until(lambda: len(paths) == files, 20.0)
        assert not watcher.troubles


def test_renames_end_a_write(tmp_path, seen):
    """MOVED_TO is as good as a close; link and unlink show as a new name."""
    (tmp_path / "1.tmp").write_bytes(PDF)
    (tmp_path / "2.tmp").write_bytes(PDF)
    with watching([Folder(tmp_path)], seen):
        (tmp_path / "1.tmp").rename(tmp_path / "1.pdf")
        (tmp_path / "2.pdf").hardlink_to(tmp_path / "2.tmp")
        (tmp_path / "2.tmp").unlink()
        await_until(lambda: seen.paths == {"1.pdf", "2.pdf"}, 2.0)
    assert seen.closed == {"1.pdf"}


def test_a_folder_that_is_renamed_is_known_by_its_new_name(tmp_path, seen):
    """What lay in it, and what is written to it later."""
    (tmp_path / "job" / "in").mkdir(parents=True)
    with watching([Folder(tmp_path)], seen):
        (tmp_path / "job" / "in" / "1.pdf").write_bytes(PDF)
        (tmp_path / "job").rename(tmp_path / "done")
        await_until(lambda: "done/in/1.pdf" in seen.paths, 2.0)
        (tmp_path / "done" / "in" / "2.pdf").write_bytes(PDF)
        await_until(lambda: "done/in/2.pdf" in seen.closed, 2.0)
    assert "job/in/2.pdf" not in seen.paths


def test_a_folder_that_leaves_is_watched_no_more(tmp_path, seen):
    """Its files are not ours; when it comes back they are."""
    place, other = tmp_path / "place", tmp_path / "other"
    (place / "job").mkdir(parents=True)
    with watching([Folder(place)], seen):
        (place / "job").rename(other)
        time.sleep(0.1)
        (other / "1.pdf").write_bytes(PDF)
        time.sleep(0.1)
        assert not seen.paths
        other.rename(place / "job")
        await_until(lambda: seen.paths == {"job/1.pdf"}, 2.0)


def test_a_folder_that_vanishes_is_told_of_and_watched_again(tmp_path, seen):
    """So is one that was never there."""
    place = tmp_path / "place"
    with watching([Folder(place)], seen) as (watcher, _):
        assert "not there" in watcher.troubles[place]
        place.mkdir()
        await_until(lambda: not watcher.troubles, 5.0)
        (place / "1.pdf").write_bytes(PDF)
        await_until(lambda: "1.pdf" in seen.closed, 2.0)
        shutil.rmtree(place)
        await_until(lambda: place in watcher.troubles, 5.0)
        place.mkdir()
        (place / "2.pdf").write_bytes(PDF)
        await_until(lambda: "2.pdf" in seen.paths, 5.0)


def test_a_link_to_a_folder_is_not_followed(tmp_path, seen):
    """Whoever may write here may not have other folders of this machine read."""
    place, secret = tmp_path / "place", tmp_path / "secret"
    for each in (place, secret):
        each.mkdir()
    (secret / "s.pdf").write_bytes(PDF)
    (place / "before").symlink_to(secret)
    with watching([Folder(place)], seen):
        (place / "after").symlink_to(secret)
        (secret / "t.pdf").write_bytes(PDF)
        (place / "1.pdf").write_bytes(PDF)
        await_until(lambda: "1.pdf" in seen.closed, 2.0)
    assert not any("/" in path for path in seen.paths)


def test_a_folder_may_be_named_by_a_link_to_it(tmp_path, seen):
    """Whoever wrote edge.toml wants it so; a link in the folder is a stranger's."""
    first, link = tmp_path / "first", tmp_path / "link"
    first.mkdir()
    link.symlink_to(first)
    with watching([Folder(link)], seen) as (watcher, _):
        assert not watcher.troubles
        (first / "1.pdf").write_bytes(PDF)
        await_until(lambda: "1.pdf" in seen.closed, 2.0)


def test_a_folder_that_cannot_be_watched_is_told_once(tmp_path, seen, caplog):
    """Though it is tried again."""
    place = tmp_path / "place"
    (place / "shut").mkdir(parents=True)
    (place / "shut").chmod(0)
    (place / "open").mkdir()
    (place / "open" / "1.pdf").write_bytes(PDF)
    with as_nobody(tmp_path), watching([Folder(place)], seen) as (watcher, _):
        assert "shut: Permission denied" in watcher.troubles[place]
        watcher._list_all()
        watcher._list_all()
    assert seen.paths == {"open/1.pdf"}
    told = [each for each in caplog.messages if "event=edge_not_watched" in each]
    assert len(told) == 1
    assert str(place) in told[0]


def test_a_network_mount_is_listed(tmp_path, seen):
    """The choice is the watcher's own, by what the folder lies on."""
    deaf, heard = tmp_path / "deaf", tmp_path / "heard"
    for each in (deaf, heard):
        each.mkdir()

    def mount_of(path: Path) -> Mount:
        return REMOTE if path.is_relative_to(deaf) else Mount("/", "ext4")

    with watching([Folder(deaf), Folder(heard)], seen, mount_of):
        for each in (deaf, heard):
            (each / f"{each.name}.pdf").write_bytes(PDF)
        await_until(lambda: seen.paths == {"deaf.pdf", "heard.pdf"}, 3.0)
        # Listing sees names, no closes.
        assert seen.closed == {"heard.pdf"}
        first = len(seen.sights)
        with (deaf / "deaf.pdf").open("ab") as file:
            file.write(b"more")
        await_until(lambda: len(seen.sights) == first + 1, 3.0)


def test_what_is_mounted_over_a_folder_is_watched_instead(tmp_path, seen):
    """A share that is mounted after the agent's start, and unmounted again."""
    with watching([Folder(tmp_path)], seen):
        with memory_disk(tmp_path):
            (tmp_path / "over.pdf").write_bytes(PDF)
            await_until(lambda: "over.pdf" in seen.paths, 2.0)
            (tmp_path / "later.pdf").write_bytes(PDF)
            await_until(lambda: "later.pdf" in seen.closed, 2.0)
        await_until(lambda: not (tmp_path / "over.pdf").exists(), 2.0)
        time.sleep(0.2)
        (tmp_path / "under.pdf").write_bytes(PDF)
        await_until(lambda: "under.pdf" in seen.closed, 2.0)


@pytest.mark.parametrize(("limit", "left"), [("watches", "3"), ("instances", "0")])
def test_where_the_system_has_no_watches_left_a_folder_is_listed(tmp_path, limit, left):
    """Seen later, but seen; and the log says which limit to raise."""
    words = [
        "--user",
        "--map-root-user",
        sys.executable,
        "-m",
        "tests.edge.few_watches",
    ]
    done = subprocess.run(  # noqa: S603 (our own words)
        ["/usr/bin/unshare", *words, str(tmp_path), f"max_inotify_{limit}", left],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare" in done.stderr:
        pytest.skip("no user namespaces here")
    assert done.stdout.split() == [f"{n}/x.pdf" for n in range(6)]
    assert f"fs.inotify.max_user_{limit}" in done.stderr
    assert done.stderr.count("event=edge_no_watches") == 1
    assert "Traceback" not in done.stderr


def test_watching_fifty_folders_costs_next_to_nothing(tmp_path):
    """Under 0.2 % of a core, those who look included."""
    folders = [Folder(tmp_path / f"mfp-{n}") for n in range(50)]
    for each in folders:
        (each.path / "user").mkdir(parents=True)
    with Eye(folders) as eye:
        time.sleep(0.5)
        clocks = [time.pthread_getcpuclockid(each.ident or 0) for each in eye.threads]
        spent = []
        for _ in range(3):
            begun = sum(map(time.clock_gettime, clocks))
            time.sleep(1.0)
            spent.append(sum(map(time.clock_gettime, clocks)) - begun)
    # Whoever else uses the machine only adds to it.
    assert min(spent) < 1.0 * 0.002
