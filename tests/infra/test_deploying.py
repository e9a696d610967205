"""docs/deploying.md says what the templates ask, and nothing that they do not know."""

from __future__ import annotations

import re

import pytest

from tests.infra import template, walk
from tests.infra.grammar import Call
from tests.infra.template import INFRA, ROOT, literal

PAGE = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
HOOKS = sorted((INFRA / "hooks").glob("*.sh"))
ANSWERS = {
    literal(node.arguments[0])
    for node in walk.nodes(walk.expressions(template.read(INFRA / "main.bicepparam")))
    if isinstance(node, Call) and node.name == "readEnvironmentVariable"
}


def cells(text: str) -> set[str]:
    """The names in the first cells of a page's tables."""
    found = re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE)
    return {name for it in found for name in re.findall(r"`([A-Z_]{4,})`", it)}


@pytest.mark.parametrize("name", sorted(filter(None, ANSWERS)))
def test_every_answer_is_explained(name):
    """Here, or with the settings."""
    assert name in cells(PAGE) | cells(SETTINGS)


def test_no_answer_is_made_up():
    """What the page's tables offer, the parameters or the hooks read."""
    hooks = "\n".join(path.read_text(encoding="utf-8") for path in HOOKS)
    workflow = (ROOT / ".github/workflows/deploy.yml").read_text(encoding="utf-8")
    for name in cells(PAGE) - ANSWERS:
        assert name in hooks or f"vars.{name}" in workflow, name


def test_what_the_hook_asks_stands_in_the_page():
    """In the order in which it asks."""
    hook = (INFRA / "hooks" / "preprovision.sh").read_text(encoding="utf-8")
    asked = list(dict.fromkeys(re.findall(r"\bask ([A-Z_]+) ", hook)))
    part = PAGE.partition("## What azd up asks")[2].partition("`azd env set")[0]
    assert re.findall(r"^\| `([A-Z_]+)` \|", part, re.MULTILINE) == asked


def test_defaults_are_the_parameters():
    """Where the page names one that the parameters file has as a text."""
    rows = re.findall(
        r"^\| `([A-Z_]+)` \|[^|]*\|[^|]*`([^`|]+)` \|$", PAGE, re.MULTILINE
    )
    found = {
        literal(node.arguments[0]): literal(node.arguments[1])
        for node in walk.nodes(
            walk.expressions(template.read(INFRA / "main.bicepparam"))
        )
        if isinstance(node, Call) and node.name == "readEnvironmentVariable"
    }
    compared = {name: value for name, value in rows if name in found}
    assert len(compared) >= 5
    for name, value in compared.items():
        assert found[name] == value, name


def test_alerts_cost_what_the_page_says():
    """Two rules look every five minutes."""
    text = (INFRA / "monitoring" / "alerts.json").read_text(encoding="utf-8")
    often = text.count('"PT5M"')
    rest = text.count('"every"') - often
    assert often == 2
    assert 7.5 <= often * 1.5 + rest * 0.5 <= 8.5


def test_prices_are_those_of_the_alert():
    """The estimate of `daily-cost` and the page name the same list prices."""
    query = (INFRA / "monitoring" / "alerts" / "daily-cost.kql").read_text("utf-8")
    for price in set(re.findall(r"0\.000\d+", query)):
        assert f"${price} " in PAGE, price
