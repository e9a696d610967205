"""Every recipe of docs/routing.md does what its table says."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.directory import Directory, parse_directory
from tests.route.world import a_scan, routed

PAGE = Path(__file__).parents[2] / "docs" / "routing.md"
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"^\| file \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", re.MULTILINE)


@dataclass(frozen=True)
class Recipe:
    """Rules, what lies beside them, and the rows of the table below."""

    title: str
    toml: str
    csv: str
    sidecar: str
    rows: list[list[str]]

    @property
    def directory(self) -> Directory:
        """The recipe's directory; empty where it has none."""
        return parse_directory(self.csv.encode()) if self.csv else Directory()


def recipes() -> list[Recipe]:
    """Read the page: a table belongs to the blocks above it."""
    text = PAGE.read_text(encoding="utf-8")
    section = text.partition("\n## Recipes\n")[2].partition("\n## ")[0]
    found = []
    for part in section.split("\n### ")[1:]:
        title, start = part.partition("\n")[0], 0
        for table in _TABLE.finditer(part):
            blocks = dict(_FENCE.findall(part[start : table.start()]))
            rows = [
                [cell.strip() for cell in line.strip("|").split(" |")]
                for line in table[1].splitlines()
            ]
            toml, csv = blocks["toml"], blocks.get("csv", "")
            found.append(Recipe(title, toml, csv, blocks.get("json", ""), rows))
            start = table.end()
    return found


RECIPES = recipes()
ROWS = [(recipe, row) for recipe in RECIPES for row in recipe.rows]


def quoted(cell: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`]*)`", cell)


def sidecar(text: str) -> dict[str, str]:
    """A sidecar's keys, as `receive` hands them on."""
    read = json.loads(text).items()
    return {key: ",".join(v) if isinstance(v, list) else v for key, v in read}


def goes_to(routing) -> str:
    """Who gets it, in the words of the tables."""
    if routing.reason:
        return f"held: `{routing.reason}`"
    groups = {"": routing.to, "cc ": routing.cc, "bcc ": routing.bcc}
    return " ".join(f"{kind}`{who}`" for kind, each in groups.items() for who in each)


@pytest.mark.parametrize(
    ("recipe", "row"), ROWS, ids=[f"{each.title}-{row[0]}" for each, row in ROWS]
)
def test_recipe_does_what_its_table_says(recipe, row):
    """The page is run, not believed."""
    file, comes_with, who, *subject = row
    said = dict(pair.split(": ", 1) for pair in quoted(comes_with))
    beside = sidecar(recipe.sidecar) if comes_with == "its sidecar" else {}
    scan = a_scan(*quoted(file), metadata=said, sidecar=beside)
    routing = routed(scan, recipe.toml, recipe.directory)
    assert goes_to(routing) == who
    assert not subject or not subject[0] or routing.subject == subject[0]


def test_the_page_has_its_recipes():
    """Those that people ask for; an empty page would pass the test above."""
    assert len(RECIPES) >= 12
    assert len(ROWS) >= 30
