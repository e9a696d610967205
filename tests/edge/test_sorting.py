"""Claimed files become jobs when all that belongs to them is there, and not before."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.claim import Claimed
from edge.config import Folder, Gathering, Sidecar
from edge.sight import Mark
from edge.sorting import Sorter

NOW = 1_800_000_000.0
QUIET, MISSING, TWIN = 10.0, 300.0, 60.0


def sorter(folder: Path, **words: object) -> Sorter:
    """Of a folder with so and so many files."""
    made = Folder(path=folder, device="mfp", **words)  # type: ignore[arg-type]
    return Sorter(made, lambda pages, job_id: Path(f"{job_id}-{len(pages)}.pdf"))


def claimed(work: Sorter, name: str, when: float, text: str = "x") -> Claimed:
    """A file that was claimed at a time."""
    key = f"{name}@{when:.0f}"
    file = work.folder.path / key / name
    file.parent.mkdir()
    file.write_text(text)
    mark = Mark(len(text), int(when * 1e9), int(when * 1e9))
    return Claimed(work.folder, name, key, f"{key}/{name}", mark)


@pytest.fixture
def merging(tmp_path: Path) -> Sorter:
    """Pages become one PDF."""
    return sorter(tmp_path, set=Gathering.MERGE)


@pytest.fixture
def paired(tmp_path: Path) -> Sorter:
    """A sidecar speaks for each scan."""
    return sorter(tmp_path, sidecar=Sidecar.JSON)


def test_file_by_itself_goes_at_once(tmp_path):
    """Under its own name."""
    work = sorter(tmp_path)
    work.add(claimed(work, "s.pdf", NOW))
    (job,) = work.sort(NOW).jobs
    assert (job.path, job.pages, job.device) == ("s.pdf", 0, "mfp")
    assert not work.waiting()


def test_pages_go_when_it_is_quiet(merging):
    """As one PDF, in their order."""
    for page in (2, 1):
        merging.add(claimed(merging, f"S_000{page}.jpg", NOW))
    found = merging.sort(NOW + 1)
    assert not found.jobs
    assert found.until == NOW + QUIET
    assert merging.is_hopeful()
    (job,) = merging.sort(NOW + QUIET).jobs
    assert [each.path for each in job.members] == ["S_0001.jpg", "S_0002.jpg"]
    assert (job.path, job.pages) == ("S.pdf", 2)
    assert job.file().name.endswith("-2.pdf")


def test_pdf_that_is_a_whole_scan_goes_byte_for_byte(merging):
    """Some printers number a single PDF too; a signature would not outlive a merge."""
    merging.add(claimed(merging, "0051_250416164757_001.pdf", NOW))
    (job,) = merging.sort(NOW + QUIET).jobs
    assert (job.path, job.pages) == ("0051_250416164757.pdf", 0)
    assert job.file() == job.members[0].file


def test_page_that_is_still_written_is_waited_for(merging):
    """However long it takes: a scan is never shortened in silence."""
    for page in (1, 2):
        merging.add(claimed(merging, f"S_000{page}.jpg", NOW))
    for later in (QUIET, MISSING, 10 * MISSING):
        found = merging.sort(NOW + later, {"S_0003.jpg": NOW, "note.pdf": NOW})
        assert not found.jobs
        assert not found.troubles
    (job,) = merging.sort(NOW + 2 * QUIET, {"note.pdf": NOW}).jobs
    assert job.pages == 2


def test_pages_of_before_a_kill_wait_for_what_lies_in_the_folder(merging):
    """What came while nobody watched is claimed only now."""
    merging.add(claimed(merging, "S_0001.jpg", NOW - 500))
    merging.begin(NOW)
    found = merging.sort(NOW + 1)
    assert not found.jobs
    assert found.until == NOW + QUIET
    merging.add(claimed(merging, "S_0002.jpg", NOW + 2))
    assert merging.sort(NOW + QUIET).jobs == ()
    (job,) = merging.sort(NOW + 2 + QUIET).jobs
    assert job.pages == 2


def test_clock_that_was_set_shortens_no_scan(merging):
    """Forward: it waits anew. Backward: it does not wait until then comes again."""
    merging.add(claimed(merging, "S_0001.jpg", NOW))
    merging.begin(NOW + 86_400)
    assert not merging.sort(NOW + 86_400 + 1).jobs
    merging.begin(NOW - 86_400)
    assert not merging.sort(NOW - 86_400 + QUIET - 1).jobs
    assert merging.sort(NOW - 86_400 + QUIET).jobs


def test_scan_of_before_a_kill_waits_for_its_sidecar(paired):
    """Without, it would go to other people."""
    paired.add(claimed(paired, "s.pdf", NOW - 500))
    paired.begin(NOW)
    assert not paired.sort(NOW + 1).jobs
    twin = claimed(paired, "s.json", NOW + 2, '{"to": "a@contoso.com"}')
    paired.add(twin, NOW - 498)
    (job,) = paired.sort(NOW + 3).jobs
    assert job.metadata["to"] == "a@contoso.com"
    assert [each.path for each in job.members] == ["s.pdf", "s.json"]


def test_sidecar_may_name_the_device(paired):
    """JSON is the operator's own form: it may say what the name of the folder hides."""
    paired.add(claimed(paired, "s.pdf", NOW))
    paired.add(claimed(paired, "s.json", NOW, '{"device": "mfp-9f"}'))
    (job,) = paired.sort(NOW + 1).jobs
    assert (job.device, dict(job.metadata)) == ("mfp", {"device": "mfp-9f"})


def test_file_under_way_is_no_scan_yet(paired):
    """Beside sidecars each scan stands for itself."""
    paired.add(claimed(paired, "s.pdf", NOW))
    paired.add(claimed(paired, "t.json", NOW, "{}"))
    assert not paired.sort(NOW + 1, {"t.pdf": NOW, "s.json": NOW}).jobs
    found = paired.sort(NOW + TWIN, {"t.pdf": NOW, "s.json": NOW})
    assert [each.path for each in found.jobs] == ["s.pdf"]
    assert not found.troubles
    paired.add(claimed(paired, "t.pdf", NOW + TWIN))
    (job,) = paired.sort(NOW + TWIN).jobs
    assert [each.path for each in job.members] == ["t.pdf", "t.json"]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 0, 1, 2), (1, 3, 2, 0)])
def test_one_sidecar_speaks_for_every_page_that_goes_by_itself(paired, order):
    """Else whom it names gets the first page alone. It vanishes with the last."""
    names = [*(f"S_000{page}.jpg" for page in (1, 2, 3)), "S.json"]
    for number, n in enumerate(order):
        when = NOW + number
        paired.add(claimed(paired, names[n], when, '{"to": "a@contoso.com"}'))
        assert not paired.sort(when).jobs
    jobs = paired.sort(NOW + 3 + QUIET).jobs
    assert [each.path for each in jobs] == names[:3]
    assert {each.metadata["to"] for each in jobs} == {"a@contoso.com"}
    assert [len(each.members) for each in jobs] == [1, 1, 2]
    assert not paired.waiting()


def test_pages_with_a_sidecar_each_wait_for_no_other(paired):
    """Nor does one whose name only looks like a page's."""
    for name in ("S_0001.jpg", "S_0001.json"):
        paired.add(claimed(paired, name, NOW, '{"to": "a@contoso.com"}'))
    (job,) = paired.sort(NOW).jobs
    assert job.metadata["to"] == "a@contoso.com"


def test_pages_of_which_one_is_missing_go_by_themselves_with_their_sidecar(paired):
    """Each is a scan: none waits for ever."""
    for name in ("S_0001.jpg", "S_0003.jpg", "S.json"):
        paired.add(claimed(paired, name, NOW, '{"to": "a@contoso.com"}'))
    for seconds in (QUIET, TWIN + 1, MISSING - 1):
        found = paired.sort(NOW + seconds)
        assert (found.jobs, found.troubles) == ((), ())
    jobs = paired.sort(NOW + MISSING).jobs
    assert [each.metadata.get("to") for each in jobs] == ["a@contoso.com"] * 2


def test_scan_without_a_sidecar_goes_in_time(paired):
    """After a kill, so long after the start."""
    paired.add(claimed(paired, "s.pdf", NOW - 500))
    paired.begin(NOW)
    found = paired.sort(NOW + TWIN - 1)
    assert found.until == NOW + TWIN
    (job,) = paired.sort(NOW + TWIN).jobs
    assert not job.metadata


@pytest.mark.parametrize("late", [TWIN + 1, MISSING + 60])
def test_sidecar_waits_as_long_as_its_scan(tmp_path, late):
    """A hundred pages take minutes; a page that was missing comes in the end."""
    work = sorter(tmp_path, set=Gathering.MERGE, sidecar=Sidecar.JSON)
    work.add(claimed(work, "S.json", NOW, '{"to": "a@contoso.com"}'))
    for page in (1, 3):
        work.add(claimed(work, f"S_000{page}.jpg", NOW + 1))
    for seconds in (1, QUIET, TWIN, late):
        found = work.sort(NOW + seconds)
        assert not found.jobs
        assert all(not each.is_final for each in found.troubles)
    work.add(claimed(work, "S_0002.jpg", NOW + late))
    (job,) = work.sort(NOW + late + QUIET).jobs
    assert (job.pages, job.metadata["to"]) == (3, "a@contoso.com")
    assert not work.waiting()


def test_missing_page_is_told_once_and_mended(merging):
    """It is no problem for good: the page may still come."""
    for page in (1, 3):
        merging.add(claimed(merging, f"S_000{page}.jpg", NOW))
    (trouble,) = merging.sort(NOW + MISSING).troubles
    assert not trouble.is_final
    assert not merging.sort(NOW + MISSING + 1).troubles
    assert not merging.is_hopeful()
    assert "missing: 2" in merging.waiting()[0][1]
    merging.add(claimed(merging, "S_0002.jpg", NOW + MISSING + 2))
    (job,) = merging.sort(NOW + MISSING + 2 + QUIET).jobs
    assert job.pages == 3
    assert not merging.waiting()


def test_pages_that_somebody_took_away_are_forgotten(merging):
    """Of a scan that lacked one; the same scan again is whole by itself."""
    for page in (1, 3):
        merging.add(claimed(merging, f"S_000{page}.jpg", NOW))
    assert merging.sort(NOW + MISSING).troubles
    assert not merging.drop_gone()
    for each, _ in merging.waiting():
        each.file.unlink()
    assert len(merging.drop_gone()) == 2
    assert not merging.waiting()


def test_late_sidecar_speaks_for_no_other_scan(paired):
    """The next scan of that name is another person's."""
    paired.add(claimed(paired, "s.pdf", NOW))
    assert paired.sort(NOW + TWIN).jobs
    paired.add(claimed(paired, "s.json", NOW + TWIN + 5, '{"to": "alice@contoso.com"}'))
    (trouble,) = paired.sort(NOW + TWIN + 5).troubles
    assert "had gone without it" in trouble.why
    paired.add(claimed(paired, "s.pdf", NOW + TWIN + 6))
    assert not paired.sort(NOW + TWIN + 6).jobs
    paired.add(claimed(paired, "s.json", NOW + TWIN + 7, '{"to": "bob@contoso.com"}'))
    (job,) = paired.sort(NOW + TWIN + 7).jobs
    assert job.metadata["to"] == "bob@contoso.com"


def test_sidecar_of_long_after_is_of_the_next_scan(paired):
    """A counter's name comes again: its sidecar may be there first."""
    paired.add(claimed(paired, "s.pdf", NOW))
    assert paired.sort(NOW + TWIN).jobs
    later = NOW + 20 * TWIN
    paired.add(claimed(paired, "s.json", later, '{"to": "bob@contoso.com"}'))
    assert not paired.sort(later).troubles
    paired.add(claimed(paired, "s.pdf", later + 1))
    (job,) = paired.sort(later + 1).jobs
    assert job.metadata["to"] == "bob@contoso.com"


def test_orphaned_sidecar_is_a_problem(paired):
    """It would speak for the next scan of that name."""
    paired.add(claimed(paired, "s.json", NOW, "{}"))
    assert not paired.sort(NOW + TWIN - 1).troubles
    (trouble,) = paired.sort(NOW + TWIN).troubles
    assert trouble.is_final
    assert not paired.waiting()
