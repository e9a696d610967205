"""Sets: pages of one scan are gathered, missing ones waited for, nothing shortened."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.sets import Gathered, Patience, Seen, gather, pdf_name

PATIENCE = Patience(quiet_seconds=10, missing_seconds=300)
RICOH = "20251009141512046_%04d.jpg"
PLAIN = "set_%04d.jpg"


def pages(form, *numbers, at=0.0, apart=1.0, is_finished=True):
    """Files of one stem, written one after the other."""
    return [
        Seen(
            name=form % number,
            changed=at + n * apart,
            is_finished=is_finished,
            key=f"{form % number}@{at + n * apart}",
        )
        for n, number in enumerate(numbers)
    ]


def numbers_of(job):
    """The numbers at the end of a job's names."""
    return [int(each.name.rpartition(".")[0][-4:]) for each in job.pages]


FORMS = [RICOH, PLAIN, "DOC.XSM/%08d.TIF", "a/b/SMFP04102315230_%04d.tif", "j/p%d.png"]


@pytest.mark.parametrize("form", FORMS)
def test_quiet_pages_without_a_gap_are_a_job(form):
    """All pages go together, in the order of their numbers."""
    found = gather(pages(form, 3, 1, 2, 10, *range(4, 10), apart=0.1), PATIENCE, 20)
    (job,) = found.complete
    assert [each.name for each in job.pages] == [form % n for n in range(1, 11)]
    assert found == Gathered(complete=(job,))


@pytest.mark.parametrize("form", FORMS)
def test_pages_wait_until_nothing_more_comes(form):
    """The time of the last one counts."""
    (job,) = gather(pages(form, 1, 2, 3), PATIENCE, 11.9).waiting
    assert job.until == 12
    assert "more pages" in job.why
    assert gather(pages(form, 1, 2, 3), PATIENCE, 12).complete


def test_a_counter_may_begin_at_nought():
    """Page 0 is the first where there is one."""
    (job,) = gather(pages("scan0012_%03d.tif", 0, 1, 2), PATIENCE, 60).complete
    assert len(job.pages) == 3


@pytest.mark.parametrize(
    ("numbers", "missing"),
    [((1, 3), "page is missing: 2"), ((2, 3), "1"), ((0, 2), "1"), ((1, 5), "2, 3, 4")],
)
def test_a_missing_number_is_waited_for(numbers, missing):
    """Until its time is over; then a person is told, and nothing is sent."""
    files = pages(RICOH, *numbers)
    (waits,) = gather(files, PATIENCE, 300.9).waiting
    assert waits.until == 301
    found = gather(files, PATIENCE, 301)
    (broken,) = found.broken
    assert missing in broken.why
    assert broken.until == 0
    assert not found.complete
    assert not found.waiting


def test_a_late_page_makes_a_job_whole():
    """A problem is not for ever."""
    files = [*pages(RICOH, 1, 3), *pages(RICOH, 2, at=4000)]
    (job,) = gather(files, PATIENCE, 4010).complete
    assert numbers_of(job) == [1, 2, 3]


def test_an_unfinished_page_holds_its_job():
    """A page that is being written is no page yet, and after its time a problem."""
    files = [*pages(RICOH, 1, 2), *pages(RICOH, 3, at=2, is_finished=False)]
    (waits,) = gather(files, PATIENCE, 100).waiting
    assert "not finished" in waits.why
    assert waits.until == 302
    assert gather(files, PATIENCE, 302).broken


def test_a_number_again_is_another_scan():
    """Pages claimed before their name came again are no pages of the second scan."""
    files = [*pages(PLAIN, 1, 2, 3), *pages(PLAIN, 1, 2, at=5)]
    found = gather(files, PATIENCE, 5.5)
    assert [numbers_of(each) for each in found.complete] == [[1, 2, 3]]
    assert [numbers_of(each) for each in found.waiting] == [[1, 2]]
    later = gather(files, PATIENCE, 100).complete
    assert [[each.changed for each in job.pages] for job in later] == [
        [0, 1, 2],
        [5, 6],
    ]


def growing(form, *numbers, since, now):
    """Files that are not finished, or not looked at."""
    return [
        Seen(name=form % number, changed=now, is_finished=False, since=since + n)
        for n, number in enumerate(numbers)
    ]


def test_a_name_that_may_be_stale_begins_no_second_scan():
    """A page is seen once more after it was claimed: the others are on their way.

    Until it is finished under its name, it says nothing of what is there.
    """
    stale = growing(PLAIN, 1, since=0.0, now=0.6)
    found = gather([*pages(PLAIN, 1), *stale], PATIENCE, 0.6)
    assert not found.complete
    assert [numbers_of(each) for each in found.waiting] == [[1], [1]]
    found = gather([*pages(PLAIN, 1, 2, 3, apart=0.1), *stale], PATIENCE, 0.6)
    assert not found.complete


@pytest.mark.parametrize("cut", [(1,), (1, 2), (1, 3), (1, 2, 3, 4)])
def test_a_second_scan_that_nobody_finishes_does_not_hold_the_first(cut):
    """What is whole and quiet goes; pages of the second stay with the second."""
    first = pages(PLAIN, 1, 2)
    for now in (10.9, 20.0, 86_400.0):
        second = growing(PLAIN, *cut, since=5.0, now=now)
        found = gather([*first, *second], PATIENCE, now)
        complete = [numbers_of(each) for each in found.complete]
        assert complete == ([] if now < 11 else [[1, 2]])
        assert [numbers_of(each) for each in found.waiting][-1] == list(cut)


def test_pages_of_a_second_scan_are_not_mixed_into_the_first():
    """Its first page is large, and finished after its second; or it never is."""
    first, second = pages(PLAIN, 1), pages(PLAIN, 2, at=6)
    late = growing(PLAIN, 1, since=4.0, now=30.0)
    found = gather([*first, *second, *late], PATIENCE, 30.0)
    assert [each.pages for each in found.complete] == [tuple(first)]
    assert [numbers_of(each) for each in found.waiting] == [[1, 2]]
    late = [replace(pages(PLAIN, 1, at=9)[0], since=4.0)]
    found = gather([*first, *second, *late], PATIENCE, 30.0)
    assert not found.complete
    found = gather([*first, *second, *late], PATIENCE, 400.0)
    assert not found.complete
    assert all("two scans" in each.why for each in found.broken)


def test_a_second_scan_takes_no_place_in_a_first_with_a_gap():
    """The elder lacks its first page; the younger's does not become it."""
    files = [*pages(PLAIN, 2, 3), *pages(PLAIN, 1, 2, 3, at=60)]
    found = gather(files, PATIENCE, 80)
    (whole,) = found.complete
    assert [each.changed for each in whole.pages] == [60, 61, 62]
    (lacks,) = found.waiting
    assert [each.changed for each in lacks.pages] == [0, 1]


def test_a_first_page_long_after_the_others_is_not_believed():
    """It may be another person's: both are held, and a person is told."""
    files = [*pages(PLAIN, 2), *pages(PLAIN, 1, at=60)]
    assert not gather(files, PATIENCE, 80).complete
    (held,) = gather(files, PATIENCE, 1000).broken
    assert "two scans" in held.why


def test_a_first_page_may_come_late_where_the_name_tells_the_time():
    """No second scan has the same millisecond."""
    files = [*pages(RICOH, 2), *pages(RICOH, 1, at=60)]
    assert gather(files, PATIENCE, 80).complete


def test_an_overwritten_first_page_is_not_mixed_into_the_elder_scan():
    """Where nobody claimed the pages, and the name is used again in place."""
    files = [*pages(PLAIN, 1, at=9), *pages(PLAIN, 2, 3, at=1)]
    assert not gather(files, PATIENCE, 100).complete


def test_stems_folders_and_kinds_are_kept_apart():
    """Two people's scans are two scans."""
    files = [
        *pages("jane/set_%04d.jpg", 1),
        *pages("john/set_%04d.jpg", 1),
        *pages("john/set_%04d.tif", 1),
        *pages("A.XSM/%08d.TIF", 1),
        *pages("B.XSM/%08d.TIF", 1),
    ]
    assert len(gather(files, PATIENCE, 60).complete) == 5


def test_what_is_no_page_is_left_alone():
    """A PDF, a counter name, a name that says nothing: each is a scan of its own."""
    names = ["SCN_0001.jpg", "SCN_0002.jpg", "scan.pdf", "20251009141512046.pdf"]
    files = [Seen(name=each, changed=0, is_finished=True) for each in names]
    found = gather(files, PATIENCE, 60)
    assert [each.name for each in found.others] == names
    assert not found.complete


def test_far_numbers_are_soon_judged():
    """A name with a page of eight digits is no reason to count there."""
    (job,) = gather(pages("D.XSM/%08d.TIF", 1, 99_999_999), PATIENCE, 999).broken
    assert job.why.startswith("pages are missing: 2, 3, 4, 5, 6 and more")


@pytest.mark.parametrize(
    ("name", "pdf"),
    [
        ("DOC.XSM/00000001.TIF", "DOC.pdf"),
        ("a/DOC.xsm/00000001.TIF", "a/DOC.pdf"),
        ("20251009141512046_0001.jpg", "20251009141512046.pdf"),
        ("jane/set_0001.jpg", "jane/set.pdf"),
        ("a/job9/p1.jpg", "a/job9.pdf"),
        ("report.jpg", "report.pdf"),
        (".XSM/00000001.TIF", "scan.pdf"),
    ],
)
def test_the_pdf_has_the_name_of_the_job(name, pdf):
    """Beside the pages, or beside the folder that they were in."""
    assert pdf_name(name) == pdf


def mixed(stem, *formats, apart=1.0):
    """Pages of one stem, numbered as they come, each in a format."""
    return [
        Seen(name=f"{stem}_{n:04}.{ending}", changed=n * apart, is_finished=True)
        for n, ending in enumerate(formats, 1)
    ]


@pytest.mark.parametrize("formats", [("jpg", "jpg", "tif"), ("jpg", "tif", "jpg")])
def test_pages_of_one_job_may_have_several_formats(formats):
    """A stem that tells the second is one scan's: none of its pages goes alone."""
    found = gather(mixed("20251009141512046", *formats), PATIENCE, 60)
    (job,) = found.complete
    assert numbers_of(job) == [1, 2, 3]
    assert found == Gathered(complete=(job,))


def test_page_that_is_there_in_two_formats_is_of_two_scans():
    """Each format goes by itself."""
    files = mixed("20251009141512046", "jpg", "jpg")
    files += mixed("20251009141512046", "tif", "tif")
    assert [numbers_of(job) for job in gather(files, PATIENCE, 60).complete] == [
        [1, 2],
        [1, 2],
    ]


def test_counter_that_goes_on_in_another_format_is_another_scan():
    """Nobody knows whose; it is held, and the pages before it go."""
    found = gather(mixed("set", "jpg", "jpg", "tif"), PATIENCE, 999)
    assert [numbers_of(job) for job in found.complete] == [[1, 2]]
    assert [numbers_of(job) for job in found.broken] == [[3]]


FILES = st.lists(
    st.builds(
        Seen,
        name=st.sampled_from(
            [RICOH % 1, f"{RICOH[:-3]}tif" % 2, *(PLAIN % n for n in range(6)), "a.pdf"]
        ),
        changed=st.integers(0, 100).map(float),
        is_finished=st.booleans(),
        since=st.none() | st.integers(0, 100).map(float),
    ),
    max_size=14,
)


@given(FILES, st.integers(0, 1000))
def test_no_file_is_lost_or_in_two_places(files, now):
    """Each file is in one place, and what is complete has no gap and no doubles."""
    found = gather(files, PATIENCE, now)
    jobs = (*found.complete, *found.waiting, *found.broken)
    placed = [each for job in jobs for each in job.pages] + list(found.others)
    assert sorted(map(id, placed)) == sorted(map(id, files))
    for job in found.complete:
        numbers = numbers_of(job)
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert all(each.is_finished for each in job.pages)
    assert all(job.until > now for job in found.waiting)
