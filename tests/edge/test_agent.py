"""The agent as a process: from a folder to the container, as any harness starts it."""

from __future__ import annotations

import io
import json
import re
import signal
import time
import tomllib
from urllib.parse import urlsplit

import pikepdf

from local.azurite import ROOT
from tests.samples import CUT_PDF, PDF, a_pdf

from .site import names, wait_for
from .test_merge import picture


def lengths(site) -> dict[str, int]:
    """How many pages the PDFs have that are there."""
    found = {}
    for name, data in site.blobs().items():
        with pikepdf.open(io.BytesIO(data)) as pdf:
            found[name] = len(pdf.pages)
    return found


def test_file_reaches_the_container_and_leaves_the_folder(site):
    """As it was; and nothing is left."""
    site.start()
    (site.scans / "scan.pdf").write_bytes(PDF)
    wait_for(lambda: site.blobs() == {"mfp-2f/scan.pdf": PDF})
    wait_for(lambda: not names(site.scans))
    assert site.stop() == 0


def test_what_is_there_already_goes_too(site):
    """Written while nobody watched, in folders of their own."""
    (site.scans / "a" / "b").mkdir(parents=True)
    (site.scans / "a" / "b" / "1.pdf").write_bytes(PDF)
    (site.scans / "2.pdf").write_bytes(PDF)
    site.start()
    wait_for(lambda: set(site.blobs()) == {"mfp-2f/a/b/1.pdf", "mfp-2f/2.pdf"})


def test_half_a_file_waits(site):
    """Until its other half is there."""
    site.start()
    file = site.scans / "scan.pdf"
    file.write_bytes(CUT_PDF)
    time.sleep(1.0)
    assert not site.blobs()
    file.write_bytes(PDF)
    wait_for(lambda: site.blobs() == {"mfp-2f/scan.pdf": PDF})


def test_sent_files_may_be_kept(site):
    """In `_sent/`, which nobody picks up again."""
    site.configure(done="move")
    site.start()
    (site.scans / "scan.pdf").write_bytes(PDF)
    wait_for(lambda: (site.scans / "_sent" / "scan.pdf").exists())
    site.stop()
    done = site.edge("once")
    assert done.returncode == 0, done.stderr
    assert site.blobs() == {"mfp-2f/scan.pdf": PDF}


def test_once_drains_and_ends(site):
    """Everything that is there, and not a file more."""
    for number in range(20):
        (site.scans / f"{number}.pdf").write_bytes(a_pdf(30_000))
    done = site.edge("once")
    assert done.returncode == 0, done.stderr
    assert len(site.blobs()) == 20
    assert not names(site.scans)


def test_large_files_do_not_hold_up_a_small_one(site, between):
    """It overtakes them, though they came first; nor do they sit in memory."""
    text = site.config.read_text()
    site.config.write_text(
        text.replace("[[folder]]", "[limits]\nuploads = 2\n[[folder]]", 1)
    )
    between.bytes_per_second = 30_000_000
    site.start(SCAN_STORAGE=site.through(between))
    for number in range(3):
        (site.scans / f"large {number}.pdf").write_bytes(a_pdf(70_000_000))
    wait_for(lambda: not names(site.scans))
    (site.scans / "small.pdf").write_bytes(PDF)
    wait_for(lambda: "mfp-2f/small.pdf" in site.blobs_named())
    assert len(site.blobs_named()) < 3
    between.bytes_per_second = 0
    wait_for(lambda: len(site.blobs_named()) == 4, 60)
    assert site.most_memory() < 100 << 20


def test_kill_at_any_moment_loses_and_doubles_nothing(site):
    """SIGKILL again and again while files come."""
    wanted = {f"mfp-2f/{number}.pdf": a_pdf(40_000 + number) for number in range(60)}
    for number, data in enumerate(wanted.values()):
        (site.scans / f"{number}.pdf").write_bytes(data)
    for pause in (0.0, 0.1, 0.2):
        site.start()
        time.sleep(pause)
        site.stop(signal.SIGKILL)
    done = site.edge("once")
    assert done.returncode == 0, done.stderr
    assert site.blobs() == wanted
    assert not names(site.scans)


def test_storage_that_is_away_is_waited_for(site):
    """Files wait; `once` says so, and sends them the next time."""
    (site.scans / "scan.pdf").write_bytes(PDF)
    port = urlsplit(site.azurite.endpoint("blob")).port
    nowhere = site.azurite.connection_string.replace(f":{port}/", ":1/")
    away = site.edge("once", SCAN_STORAGE=nowhere)
    assert away.returncode == 3
    assert "edge_storage_away" in away.stderr
    assert site.edge("once").returncode == 0
    assert site.blobs() == {"mfp-2f/scan.pdf": PDF}


def test_pages_become_one_pdf(site):
    """Gathered by their names until it is quiet."""
    site.configure(set="merge", pages_quiet_seconds=1.0)
    site.start()
    for page in (2, 1, 3):
        (site.scans / f"SCAN_{page:04}.jpg").write_bytes(picture("JPEG", page))
    wait_for(lambda: len(site.blobs()) == 1)
    assert lengths(site) == {"mfp-2f/SCAN.pdf": 3}


def test_two_scans_of_one_name_are_not_mixed(site):
    """The second's first page is cut, and its second is whole: the first goes alone."""
    site.configure(set="merge", pages_quiet_seconds=4.0, pages_missing_seconds=60.0)
    site.start()
    file, pages = site.scans / "S_0001.jpg", [picture("JPEG", n) for n in range(3)]
    file.write_bytes(pages[0])
    wait_for(site.claimed)
    time.sleep(2.2)
    file.write_bytes(pages[1][: len(pages[1]) // 2])
    (site.scans / "S_0002.jpg").write_bytes(pages[2])
    wait_for(lambda: len(site.blobs()) == 1)
    assert lengths(site) == {"mfp-2f/S.pdf": 1}
    assert [each.name for each in site.claimed()] == ["S_0002.jpg"]


def test_page_that_is_empty_so_far_is_waited_for(site):
    """Over SMB it is, while it comes slowly; its scan is not shortened."""
    site.configure(set="merge", pages_quiet_seconds=1.0)
    site.start()
    (site.scans / "S_0001.jpg").write_bytes(picture("JPEG", 1))
    (site.scans / "S_0002.jpg").touch()
    (site.scans / "other.jpg").touch()
    time.sleep(3.0)
    assert not site.blobs()
    (site.scans / "S_0002.jpg").write_bytes(picture("JPEG", 2))
    wait_for(site.blobs)
    assert lengths(site) == {"mfp-2f/S.pdf": 2}


def test_pages_wait_until_their_folder_was_looked_through(site):
    """However long that takes: a scan that a kill cut in two is not shortened."""
    many = site.scans.parent / "many"
    for number in range(12_000):
        (many / str(number)).mkdir(parents=True)
    site.configure(set="merge", pages_quiet_seconds=0.2)
    site.start()
    (site.scans / "S_0001.jpg").write_bytes(picture("JPEG"))
    wait_for(site.claimed)
    site.stop(signal.SIGKILL)
    (site.scans / "S_0002.jpg").write_bytes(picture("JPEG", 1))
    first = f'[[folder]]\npath = "{many}"\ndevice = "many"\n[[folder]]'
    site.config.write_text(site.config.read_text().replace("[[folder]]", first))
    site.start()
    wait_for(lambda: site.blobs_named() == {"mfp-2f/S.pdf"})
    assert lengths(site) == {"mfp-2f/S.pdf": 2}
    assert site.stop() == 0


def test_sidecar_waits_for_a_scan_that_is_still_written(site):
    """It was there first, and the scan takes longer than a sidecar has."""
    site.configure(sidecar="json", sidecar_seconds=1.0)
    site.start()
    (site.scans / "scan.json").write_text('{"to": "a@contoso.com"}')
    with (site.scans / "scan.pdf").open("wb", buffering=0) as file:
        time.sleep(0.3)
        file.write(PDF[:100])
        time.sleep(2.5)
        file.write(PDF[100:])
    wait_for(lambda: site.blobs() == {"mfp-2f/scan.pdf": PDF})
    client = site.azurite.blobs().get_blob_client("scans", "mfp-2f/scan.pdf")
    assert client.get_blob_properties().metadata["to"] == "a@contoso.com"


def test_sidecar_becomes_metadata(site):
    """And goes with its scan."""
    site.configure(sidecar="json", sidecar_seconds=20.0)
    site.start()
    (site.scans / "scan.pdf").write_bytes(PDF)
    time.sleep(0.5)
    assert not site.blobs()
    (site.scans / "scan.json").write_text('{"to": "a@contoso.com", "user": "jane"}')
    wait_for(lambda: site.blobs() == {"mfp-2f/scan.pdf": PDF})
    client = site.azurite.blobs().get_blob_client("scans", "mfp-2f/scan.pdf")
    metadata = client.get_blob_properties().metadata
    assert (metadata["to"], metadata["user"]) == ("a@contoso.com", "jane")
    wait_for(lambda: not names(site.scans))


def test_heartbeat_says_that_it_lives(site):
    """At the start, and every minute."""
    site.start()
    wait_for(lambda: site.blobs("edge"))
    beat = json.loads(site.blobs("edge")["office.json"])
    assert beat["agent"] == "office"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert beat["version"] == project["version"]
    assert beat["backlog"] == 0
    assert beat["folders"][0]["device"] == "mfp-2f"


def test_status_says_what_waits_and_what_went(site):
    """While it runs, and afterwards."""
    site.start()
    (site.scans / "scan.pdf").write_bytes(PDF)
    wait_for(lambda: site.blobs())
    (site.scans / "half.pdf").write_bytes(CUT_PDF)
    wait_for(lambda: "half.pdf" in site.status())
    said = json.loads(site.edge("status", "--json").stdout)
    assert [each["path"] for each in said["last"]] == ["scan.pdf"]
    assert [each["path"] for each in said["waiting"]] == ["half.pdf"]
    assert said["waiting"][0]["why"]


def test_status_says_of_which_folder(site):
    """Two printers name their scans alike."""
    (site.scans / "half.pdf").write_bytes(CUT_PDF)
    (site.scans / "scan.pdf").write_bytes(PDF)
    assert site.edge("once").returncode == 3
    said = site.edge("status").stdout
    assert f"  {site.scans}/half.pdf: " in said
    assert re.search("^sent .* mfp-2f/scan.pdf$", said, re.MULTILINE)


def test_check_says_that_all_is_well(site):
    """And leaves nothing behind."""
    done = site.edge("check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not site.blobs("edge")


def test_check_says_what_is_wrong(site):
    """With a wrong key; and with a file that is none."""
    wrong = site.azurite.connection_string.replace("AccountKey=", "AccountKey=AAAA")
    done = site.edge("check", SCAN_STORAGE=wrong)
    assert done.returncode == 1
    assert "NO  storage" in done.stdout
    site.config.write_text("state_dir = 5\n")
    done = site.edge("check")
    assert done.returncode == 2
    assert "state_dir" in done.stderr
