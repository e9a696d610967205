"""Tests about the pages: links lead somewhere, decisions have their six lines."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from shared.model import Mail
from shared.row import Row

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SUBJECTS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
SIX = (
    "Date",
    "Chose",
    "Because",
    "Instead of",
    "Costs",
    "Would change our minds",
)
_CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def text(page: Path) -> str:
    """Read a page without its code blocks."""
    return _CODE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """What a page's headings are called in a link, as GitHub makes it."""
    named = (re.sub(r"\[(.+?)\]\(.+?\)", r"\1", each) for each in headings(page))
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in named}


def headings(page: Path) -> list[str]:
    """List a page's headings, of every level."""
    return _HEADING.findall(text(page))


def decided(page: Path) -> dict[str, list[str]]:
    """Give the lines below each decision's heading."""
    parts = re.split(r"^## ", text(page), flags=re.MULTILINE)[1:]
    return {
        part.splitlines()[0]: [each for each in part.splitlines()[1:] if each]
        for part in parts
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_link_leads_to_a_page_and_a_heading_that_are_there(page):
    """A reader who follows a link arrives."""
    for link in _LINK.findall(text(page)):
        if re.match(r"https?:|mailto:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


@pytest.mark.parametrize("page", SUBJECTS, ids=lambda page: page.stem)
def test_decision_has_six_lines_and_is_named_in_the_index(page):
    """Date, chose, because, instead of, costs, would change our minds."""
    index = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    for heading, lines in decided(page).items():
        assert [each.split(":")[0] for each in lines] == [f"- {w}" for w in SIX], (
            heading
        )
        assert f"[{heading}](decisions/{page.name}#" in index, heading


@pytest.mark.parametrize("page", SUBJECTS, ids=lambda page: page.stem)
def test_page_of_decisions_stays_below_thirty(page):
    """Past thirty, nobody reads them: the subject is split."""
    assert len(decided(page)) <= 30


def named(page: str, heading: str) -> set[str]:
    """Which names the first column of a table holds."""
    part = (ROOT / "docs" / page).read_text(encoding="utf-8").split(f"## {heading}")[1]
    rows = re.findall(r"^\| (`.+?) \|", part.split("\n## ")[0], re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_ledger_page_names_each_column_and_each_key_of_a_mail():
    """Whoever reads the table finds there what each name means."""
    columns = {each.name for each in fields(Row)} - {"scan_id", "version", "is_found"}
    assert named("ledger.md", "A row") == columns
    assert named("ledger.md", "A mail of the plan") == {f.name for f in fields(Mail)}
