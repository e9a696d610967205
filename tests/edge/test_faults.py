"""What goes wrong around the agent: files wait, the log says what for, and all go."""

from __future__ import annotations

import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

from tests.samples import CUT_PDF, PDF, a_pdf

from .disks import memory_disk, mounted
from .printer import run
from .site import Site, names, wait_for


def put(site: Site, *wanted: str) -> dict[str, bytes]:
    """Write files, each with bytes of its own; what the blobs will be."""
    made = {}
    for name in wanted:
        data = a_pdf(20_000 + len(name)) + name.encode()
        (site.scans / name).write_bytes(data)
        made[f"mfp-2f/{name}"] = data
    return made


def events(site: Site, event: str) -> list[str]:
    """The lines of the log that tell of it."""
    return [line for line in site.said().splitlines() if f"event={event} " in line]


def fill(file: Path) -> None:
    """Leave no byte on its disk."""
    with suppress(OSError), file.open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))


def test_storage_that_was_away_for_long_gets_everything_in_order(site, between):
    """The oldest first; the log says what they wait for, and does not say it often."""
    between.is_down = True
    site.start(SCAN_STORAGE=site.through(between))
    wanted: dict[str, bytes] = {}
    for number in range(5):
        wanted |= put(site, f"{number}.pdf")
        wait_for(lambda: not names(site.scans))
    # Each of them was tried, and then the oldest alone.
    wait_for(lambda: len(events(site, "edge_storage_away")) > 5)
    assert not site.blobs()
    lines = events(site, "edge_storage_away")
    assert len(lines) < 10
    assert "block for storage" in lines[0]
    between.is_down = False
    wait_for(lambda: site.blobs() == wanted, 30)
    sent = [line.split("path=")[1].split()[0] for line in events(site, "edge_sent")]
    assert sent[0] == "0.pdf"


def test_line_that_loses_every_answer_doubles_nothing(site, between):
    """The commit came through, and nobody said so."""
    site.start(SCAN_STORAGE=site.through(between))
    put(site, "first.pdf")
    wait_for(lambda: len(site.blobs()) == 1)
    between.bytes_per_second = 50_000
    wanted = put(site, "second.pdf")
    wait_for(lambda: not names(site.scans))
    time.sleep(0.25)
    between.loses_answers = True
    time.sleep(1.5)
    between.loses_answers = False
    wait_for(lambda: not site.claimed(), 30)
    assert between.cuts
    assert sorted(site.blobs()) == ["mfp-2f/first.pdf", *wanted]


def test_storage_that_does_not_let_us_in_is_waited_for(site, between):
    """A credential that expired, or our clock: which of them, the log says."""
    between.denies = 7200.0
    site.start(SCAN_STORAGE=site.through(between))
    wanted = put(site, "scan.pdf")
    wait_for(lambda: events(site, "edge_storage_away"))
    line = events(site, "edge_storage_away")[0]
    assert "403 AuthenticationFailed" in line
    assert "s behind storage's" in line
    between.denies = None
    wait_for(lambda: site.blobs() == wanted)


def test_container_that_is_missing_is_waited_for(site):
    """Somebody makes it, and everything goes."""
    text = site.config.read_text()
    site.config.write_text(
        text.replace("[[folder]]", '[storage]\ncontainer = "made-later"\n[[folder]]', 1)
    )
    site.start()
    (site.scans / "scan.pdf").write_bytes(PDF)
    wait_for(lambda: events(site, "edge_storage_away"))
    assert "is there such a container?" in events(site, "edge_storage_away")[0]
    container = site.azurite.blobs().create_container("made-later")
    try:
        wait_for(lambda: site.blobs("made-later") == {"mfp-2f/scan.pdf": PDF})
    finally:
        container.delete_container()


def test_name_that_somebody_else_has_is_left_to_them(site):
    """What lies there under our name is never written over."""
    client = site.azurite.blobs().get_blob_client("scans", "mfp-2f/scan.pdf")
    client.upload_blob(b"somebody else's")
    site.start()
    (site.scans / "scan.pdf").write_bytes(PDF)
    wait_for(lambda: len(site.blobs()) == 2)
    assert site.blobs() == {
        "mfp-2f/scan.pdf": b"somebody else's",
        "mfp-2f/scan (2).pdf": PDF,
    }


def test_file_written_again_while_it_is_uploaded_is_two_scans(site, between):
    """The printer's counter began anew: each goes as it was."""
    between.bytes_per_second = 400_000
    site.start(SCAN_STORAGE=site.through(between))
    first, second = a_pdf(400_000), a_pdf(300_000)
    (site.scans / "scan.pdf").write_bytes(first)
    wait_for(lambda: not names(site.scans))
    (site.scans / "scan.pdf").write_bytes(second)
    wait_for(lambda: len(site.blobs()) == 2)
    assert sorted(site.blobs().values(), key=len) == [second, first]


def test_file_written_to_while_it_is_uploaded_is_not_torn(site, between):
    """Whoever holds it open still: nothing of the mixture is ever seen."""
    between.bytes_per_second = 400_000
    site.start(SCAN_STORAGE=site.through(between))
    (site.scans / "scan.pdf").write_bytes(a_pdf(400_000))
    wait_for(site.claimed)
    last = a_pdf(500_000)
    site.claimed()[0].write_bytes(last)
    wait_for(lambda: site.blobs() == {"mfp-2f/scan.pdf": last}, 30)
    assert events(site, "edge_changed")


def test_sigterm_lets_what_is_seen_go_first(site):
    """And says in the last heartbeat that it was told to stop."""
    site.start()
    wanted = put(site, *(f"{number}.pdf" for number in range(30)))
    assert site.stop() == 0
    assert site.blobs() == wanted
    assert b'"stopped": true' in site.blobs("edge")["office.json"]
    client = site.azurite.blobs().get_blob_client("edge", "office.json")
    assert client.get_blob_properties().metadata == {"stopped": "true"}


def test_sigterm_ends_it_while_storage_is_away(site, between):
    """Files wait for the next start."""
    between.is_down = True
    site.start(SCAN_STORAGE=site.through(between))
    wanted = put(site, "scan.pdf")
    wait_for(lambda: events(site, "edge_storage_away"))
    begun = time.monotonic()
    assert site.stop() == 0
    assert time.monotonic() - begun < 15
    assert site.edge("once").returncode == 0
    assert site.blobs() == wanted


def test_second_agent_is_refused(site):
    """On one state_dir: with the process that has it."""
    site.start()
    assert site.process
    done = site.edge("once")
    assert done.returncode == 2
    assert f"another agent (process {site.process.pid})" in done.stderr
    assert site.edge("status").returncode == 0
    site.stop(signal.SIGKILL)
    assert site.edge("once").returncode == 0


def test_claims_go_where_the_journal_was_lost(site, between):
    """Each says itself where it came from."""
    between.is_down = True
    site.start(SCAN_STORAGE=site.through(between))
    (site.scans / "sub").mkdir()
    wanted = put(site, "1.pdf", "sub/2.pdf")
    wait_for(lambda: len(site.claimed()) == 2)
    site.stop(signal.SIGKILL)
    shutil.rmtree(site.state)
    assert site.edge("once").returncode == 0
    assert site.blobs() == wanted
    assert not site.claimed()


def test_journal_that_is_damaged_is_told_and_nothing_is_lost(site, between):
    """What to do about it stands there; done, everything goes."""
    between.is_down = True
    site.start(SCAN_STORAGE=site.through(between))
    wanted = put(site, "scan.pdf")
    wait_for(site.claimed)
    site.stop(signal.SIGKILL)
    for each in site.state.glob("edge.sqlite3*"):
        each.write_bytes(b"not a journal" * 1000)
    done = site.edge("once")
    assert done.returncode == 2
    assert "edge.sqlite3" in done.stderr
    assert "move" in done.stderr
    assert site.claimed()
    for each in site.state.glob("edge.sqlite3*"):
        each.unlink()
    assert site.edge("once").returncode == 0
    assert site.blobs() == wanted


def test_state_dir_without_room_is_waited_for(site):
    """Nothing is sent that cannot be noted."""
    site.state.mkdir()
    with memory_disk(site.state):
        run(["mount", "-o", "remount,size=2m", str(site.state)])
        site.start()
        filler = site.state / "filler"
        fill(filler)
        wanted = put(site, *(f"{number}.pdf" for number in range(20)))
        wait_for(lambda: events(site, "edge_not_written"))
        assert "full" in events(site, "edge_not_written")[0]
        assert site.edge("status").returncode == 0
        assert len(site.blobs()) < len(wanted)
        filler.unlink()
        wait_for(lambda: site.blobs() == wanted, 30)
        site.stop()


def test_agent_starts_when_the_disk_of_its_state_has_room(site):
    """Until then it says what it waits for."""
    site.state.mkdir()
    with memory_disk(site.state):
        run(["mount", "-o", "remount,size=64k", str(site.state)])
        fill(site.state / "filler")
        done = site.edge("once")
        assert (done.returncode, "state_dir" in done.stderr) == (2, True)
        site.launch()
        wanted = put(site, "scan.pdf")
        wait_for(lambda: events(site, "edge_state_dir_full"))
        run(["mount", "-o", "remount,size=8m", str(site.state)])
        wait_for(lambda: site.blobs() == wanted, 30)
        site.stop()


def test_files_of_a_full_folder_go_and_make_room(site):
    """Not a block is left: a claim needs none."""
    with memory_disk(site.scans):
        run(["mount", "-o", "remount,size=200k", str(site.scans)])
        site.start()
        (site.scans / "half.pdf").write_bytes(CUT_PDF)
        (site.scans / "scan.pdf").write_bytes(PDF)
        fill(site.scans / "filler.part")
        wait_for(lambda: site.blobs() == {"mfp-2f/scan.pdf": PDF})
        assert site.stop() == 0


def test_read_only_share_is_waited_for(site):
    """Nothing is sent that could not be removed; the status says why."""
    with memory_disk(site.scans):
        (site.scans / "scan.pdf").write_bytes(PDF)
        run(["mount", "-o", "remount,ro", str(site.scans)])
        assert "Read-only file system: mount it writable" in site.edge("check").stdout
        site.start()
        wait_for(lambda: "read-only" in site.status())
        assert not site.blobs()
        run(["mount", "-o", "remount,rw", str(site.scans)])
        # It is tried again every ten seconds, or when something happens to it.
        (site.scans / "scan.pdf").open("r+b").close()
        wait_for(lambda: site.blobs() == {"mfp-2f/scan.pdf": PDF})
        site.stop()


def test_check_says_that_a_share_has_turned_read_only(site):
    """Though the agent runs, and had the folder while it was not."""
    with memory_disk(site.scans):
        site.start()
        assert site.stop() == 0
        run(["mount", "-o", "remount,ro", str(site.scans)])
        site.start()
        assert "Read-only file system: mount it writable" in site.edge("check").stdout
        assert site.stop() == 0


def test_share_that_turns_read_only_after_the_upload_doubles_nothing(site, between):
    """The file cannot be removed: it is, as soon as it can be."""
    between.bytes_per_second = 60_000
    with memory_disk(site.scans):
        site.start(SCAN_STORAGE=site.through(between))
        wanted = put(site, "scan.pdf")
        wait_for(site.claimed)
        run(["mount", "-o", "remount,ro", str(site.scans)])
        wait_for(lambda: site.blobs() == wanted)
        site.stop()
        site.clear()
        site.start()
        time.sleep(1)
        run(["mount", "-o", "remount,rw", str(site.scans)])
        wait_for(lambda: not site.claimed(), 30)
        assert not site.blobs()
        site.stop()


def test_share_that_vanishes_and_comes_back_loses_nothing(site, between, tmp_path):
    """What was claimed there goes too, and none of it twice."""
    share = tmp_path / "share"
    share.mkdir()
    between.is_down = True
    with mounted(site.scans, "--bind", str(share)):
        site.start(SCAN_STORAGE=site.through(between))
        wanted = put(site, "1.pdf", "2.pdf")
        wait_for(lambda: len(site.claimed()) == 2)
    wait_for(lambda: not site.claimed())
    between.is_down = False
    time.sleep(1.5)
    assert not site.blobs()
    with mounted(site.scans, "--bind", str(share)):
        wanted |= put(site, "3.pdf")
        wait_for(lambda: site.blobs() == wanted, 30)
        wait_for(lambda: not site.claimed(), 30)
        site.stop()


def test_folder_that_is_away_at_the_start_is_looked_through_later(site, between):
    """What an earlier agent claimed there goes before anything else is claimed."""
    between.is_down = True
    site.start(SCAN_STORAGE=site.through(between))
    wanted = put(site, "1.pdf")
    wait_for(site.claimed)
    site.stop(signal.SIGKILL)
    away = site.scans.rename(site.scans.with_name("away"))
    site.scans.mkdir()
    site.start()
    site.scans.rename(site.scans.with_name("empty"))
    away.rename(site.scans)
    wanted |= put(site, "2.pdf")
    wait_for(lambda: site.blobs() == wanted, 30)


def test_file_that_somebody_takes_back_is_no_trouble(site, between):
    """Claimed, and removed by hand before it went."""
    between.is_down = True
    site.start(SCAN_STORAGE=site.through(between))
    put(site, "1.pdf")
    wait_for(site.claimed)
    shutil.rmtree(site.claimed()[0].parent)
    between.is_down = False
    wait_for(lambda: events(site, "edge_gone"), 30)
    wanted = put(site, "2.pdf")
    wait_for(lambda: site.blobs() == wanted)


def test_thing_that_hangs_in_the_folder_holds_up_nobody(site):
    """A pipe, a link to nowhere, a link to a secret: none is read."""
    os.mkfifo(site.scans / "pipe.pdf")
    (site.scans / "nowhere.pdf").symlink_to("/nowhere")
    (site.scans / "secret.pdf").symlink_to(site.config)
    site.start()
    wanted = put(site, "scan.pdf")
    wait_for(lambda: site.blobs() == wanted)
    assert (site.scans / "secret.pdf").is_symlink()


def test_no_shell_sees_a_key(site):
    """Neither the log nor the status says what SCAN_STORAGE holds."""
    site.start()
    put(site, "scan.pdf")
    wait_for(site.blobs)
    site.stop()
    assert "AccountKey" not in site.said() + site.status()
