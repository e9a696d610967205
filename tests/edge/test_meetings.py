"""Scans of one name that meet: no sidecar speaks for another person's scan."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import pytest

from edge.config import Gathering, Sidecar
from edge.job import Job
from edge.sorting import Sorter, Trouble

from .test_sorting import NOW, QUIET, TWIN, claimed, sorter

ORDERS = [
    order
    for order in permutations(("scan A", "scan B", "said A", "said B"))
    if order[0][:4] == order[1][:4]
]
"""Both scans come first, or both sidecars; else one is there alone, and goes."""


@pytest.fixture
def paired(tmp_path: Path) -> Sorter:
    """A sidecar speaks for each scan."""
    return sorter(tmp_path, sidecar=Sidecar.JSON)


def arrive(work: Sorter, what: str, when: float, to: str = "") -> None:
    """A scan of somebody's, or the sidecar of it."""
    kind, who = what.split()
    if kind == "scan":
        work.add(claimed(work, "s.pdf", when, who))
    else:
        text = json.dumps({"to": to or f"{who}@contoso.com"})
        work.add(claimed(work, "s.json", when, text))


def settled(work: Sorter, now: float, until: float) -> tuple[list[Job], list[Trouble]]:
    """Look from second to second; what came of it."""
    jobs: list[Job] = []
    troubles: list[Trouble] = []
    while now <= until:
        found = work.sort(now)
        jobs += found.jobs
        troubles += found.troubles
        now += 1
    return jobs, troubles


def names(troubles: list[Trouble]) -> list[str]:
    """The files that a person is asked about."""
    return sorted(each.path for trouble in troubles for each in trouble.files)


@pytest.mark.parametrize("gap", [1, 3, 25])
@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_nobody_gets_anothers_scan(paired, order, gap):
    """Nobody knows whose is whose: a person is asked, and told so once of each."""
    jobs: list[Job] = []
    troubles: list[Trouble] = []
    for n, what in enumerate(order):
        arrive(paired, what, NOW + n * gap)
        some = settled(paired, NOW + n * gap, NOW + (n + 1) * gap - 1)
        jobs, troubles = jobs + some[0], troubles + some[1]
    some = settled(paired, NOW + 4 * gap, NOW + 4 * gap + 3 * TWIN)
    jobs, troubles = jobs + some[0], troubles + some[1]
    assert not jobs
    assert names(troubles) == ["s.json", "s.json", "s.pdf", "s.pdf"]
    assert all("whose" in each.why and each.is_final for each in troubles)
    assert not paired.waiting()


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_one_person_gets_both(paired, order):
    """Where all sidecars say the same it does not matter whose is whose."""
    jobs: list[Job] = []
    for n, what in enumerate(order):
        arrive(paired, what, NOW + n, to="jane@contoso.com")
        found = paired.sort(NOW + n)
        jobs += found.jobs
        assert not found.troubles
    assert [each.metadata["to"] for each in jobs] == ["jane@contoso.com"] * 2
    assert not paired.waiting()


def test_scans_without_sidecars_go_without(paired):
    """At their time, each: no sidecar came that could be the other's."""
    arrive(paired, "scan A", NOW)
    arrive(paired, "scan B", NOW + 5)
    jobs, troubles = settled(paired, NOW + 5, NOW + 5 + TWIN)
    assert [dict(each.metadata) for each in jobs] == [{}, {}]
    assert not troubles


def test_one_sidecar_for_two_scans_is_asked_about(paired):
    """Whoever's it is, the other one's did not come in time."""
    arrive(paired, "scan A", NOW)
    arrive(paired, "scan B", NOW + 5)
    arrive(paired, "said B", NOW + 6)
    early, none = settled(paired, NOW + 6, NOW + 4 + TWIN)
    assert not early
    assert not none
    jobs, troubles = settled(paired, NOW + 5 + TWIN, NOW + 6 + 2 * TWIN)
    assert not jobs
    assert names(troubles) == ["s.json", "s.pdf", "s.pdf"]


def test_next_scan_of_that_name_is_like_any_other(paired):
    """What met is over once nothing of it can come any more."""
    for n, what in enumerate(ORDERS[0]):
        arrive(paired, what, NOW + n)
        paired.sort(NOW + n)
    later = NOW + 2 * TWIN
    assert not paired.sort(later).troubles
    arrive(paired, "scan A", later)
    arrive(paired, "said A", later + 1)
    (job,) = paired.sort(later + 1).jobs
    assert job.metadata["to"] == "A@contoso.com"


def test_other_names_do_not_wait_for_it(paired):
    """It is a matter of one name."""
    for n, what in enumerate(ORDERS[0][:3]):
        arrive(paired, what, NOW + n)
        paired.sort(NOW + n)
    paired.add(claimed(paired, "t.pdf", NOW + 3))
    paired.add(claimed(paired, "t.json", NOW + 3, '{"to": "t@contoso.com"}'))
    (job,) = paired.sort(NOW + 3).jobs
    assert (job.path, job.metadata["to"]) == ("t.pdf", "t@contoso.com")


@pytest.mark.parametrize("form", [Sidecar.JSON, Sidecar.XEROX])
def test_pages_that_meet_are_asked_about(tmp_path, form):
    """Two jobs of one name, whole both, and a sidecar of one of them."""
    ending, text = ("json", '{"to": "a@contoso.com"}'), "to = a@contoso.com;"
    work = sorter(tmp_path, set=Gathering.MERGE, sidecar=form)
    for n in range(4):
        work.add(claimed(work, f"S_000{n % 2 + 1}.jpg", NOW + 10 * n))
    name, said = ending if form is Sidecar.JSON else ("xst", text)
    work.add(claimed(work, f"S.{name}", NOW + 31, said))
    jobs, troubles = settled(work, NOW + 31, NOW + 31 + QUIET + 2 * TWIN)
    assert not jobs
    assert len(names(troubles)) == 5
    assert not work.waiting()
