"""Every query is KQL, and asks for nothing that the code does not write."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest

from shared import transports
from shared.model import Reason, State

from .journal_words import alarm_words, calls, events
from .kql import Query
from .kusto import Verdict, verdicts
from .rules import filled, rules, saved, tiles, workbook
from .scenes import SCENES, Played, play
from .template import INFRA, ROOT

STORY = '"20261121-00000000000000000000"'
BOX = '"{ScanId:escape}"'
VALUES = {
    "event": events(),
    "alarm": alarm_words(),
    "reason": {reason.value for reason in Reason},
    "outcome": {state.value for state in State},
    "state": {state.value for state in State},
    "transport": set(transports.registered()),
}
"""What a column can hold."""
_KV = re.compile(r"parse-kv Message as \(([^)]*)\)")
_COMPARED = re.compile(
    r'\b(\w+) (?:==|!=|has) ("[^"]*")|\b(\w+) !?in \(((?:"[^"]*"(?:, )?)+)\)'
)


def queries() -> dict[str, str]:
    """All of them, placeholders filled."""
    found = {f"alert {name}": rule.text for name, rule in rules().items()}
    found |= {f"saved {name}": text for name, text in saved().items()}
    for name, tile in tiles().items():
        found[f"tile {name}"] = tile["query"].replace("{ScanId:escape}", "x")
    return found


def asked(text: str) -> dict[str, str]:
    """The fields that a query reads from the line, with their types."""
    (fields,) = _KV.findall(text)
    pairs = (each.split(":") for each in fields.split(","))
    return {name.strip(): kind.strip() for name, kind in pairs}


def compared(text: str) -> dict[str, set[str]]:
    """Literals, by the column that they are compared with."""
    found: dict[str, set[str]] = defaultdict(set)
    for column, value, column_of_list, several in _COMPARED.findall(text):
        for each in re.findall(r'"([^"]*)"', value or several):
            found[column or column_of_list].add(each)
    return found


@pytest.fixture(scope="module")
def told() -> dict[str, Verdict]:
    """What Microsoft's grammar says of each."""
    return dict(verdicts(queries()))


@pytest.fixture(scope="module")
def played(azurite) -> dict[str, Played]:
    """Every scene, played once."""
    return {name: play(azurite, name) for name in SCENES}


@pytest.fixture(scope="module")
def written(played) -> dict[str, set[str]]:
    """The fields of each event, as the path and the sweep really write them.

    And those that a call of the journal names in place.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for row in (row for scene in played.values() for row in scene.rows):
        pairs = re.findall(r'(\w+)=(?:"[^"]*"|\S+)', row["Message"])
        found[re.findall(r"event=(\S+)", row["Message"])[0]] |= set(pairs)
    for call in calls():
        found[call.event] |= call.fields
    return found


@pytest.mark.parametrize("name", sorted(queries()))
def test_query_is_kql(told, name):
    """Syntax, names, types and functions, by Microsoft's own grammar."""
    assert told[name].faults == []


def test_grammar_finds_what_is_wrong():
    """Else the test above could not fail."""
    bad = {"column": "AppTraces | where Mesage == 1", "word": "AppTraces | sumarize"}
    assert all(each.faults for each in verdicts(bad).values())


@pytest.mark.parametrize("name", sorted(queries()))
def test_query_asks_for_fields_that_are_written(written, name):
    """By the events that it is about; by any, where it names none."""
    text = queries()[name]
    about = compared(text)["event"] or set(written)
    there = set().union(*(written[event] for event in about)) | {"event"}
    if "alarm" in compared(text):
        there |= set().union(*(f for f in written.values() if "alarm" in f))
    assert set(asked(text)) <= there


@pytest.mark.parametrize("name", sorted(queries()))
def test_query_compares_with_words_that_are_written(name):
    """Events, outcomes, reasons, states, alarms and transports as the code has them."""
    for column, words in compared(queries()[name]).items():
        if column in VALUES:
            assert words <= set(VALUES[column]), column


@pytest.mark.parametrize("name", sorted(queries()))
def test_query_gives_the_columns_that_the_grammar_foretold(played, told, name):
    """Over every scene: what runs here runs as it would there."""
    query, columns = Query(queries()[name]), told[name].columns
    for scene in played.values():
        for row in query.run(scene.rows, scene.end):
            assert set(columns) <= set(row)


@pytest.mark.parametrize("name", sorted(saved()))
def test_saved_query_shows_something(played, name):
    """There is a scene in which it is of use."""
    if name != "scan-story":
        query = Query(saved()[name])
        assert any(query.run(scene.rows, scene.end) for scene in played.values())


@pytest.mark.parametrize("name", sorted(rules()))
def test_alert_splits_by_a_column_of_its_result(told, name):
    """Else Azure would refuse the rule."""
    rule = rules()[name]
    assert not rule.split or rule.split in told[f"alert {name}"].columns
    assert told[f"alert {name}"].columns


@pytest.mark.parametrize("name", sorted(rules()))
def test_alert_sees_lines_that_come_late(name):
    """Whatever lies in two windows is one alert; what comes a look later is seen."""
    rule = rules()[name]
    assert rule.window >= rule.every
    assert rule.severity in range(5)


def test_workbook_shows_the_saved_queries():
    """One text each, but for the box into which a scan's id is pasted."""
    shown = {name: tile["query"] for name, tile in tiles().items()}
    kept = {name: text.split("\n", 1)[1].strip() for name, text in saved().items()}
    story = kept["scan-story"].replace(STORY, f'trim(" +", {BOX})')
    assert shown == kept | {"scan-story": story}


def test_chart_draws_columns_that_are_there(told):
    """Axes and groups."""
    for name, tile in tiles().items():
        chart = tile.get("chartSettings", {})
        drawn = {chart.get("xAxis"), chart.get("group"), *chart.get("yAxis", ())}
        assert drawn - {None} <= set(told[f"tile {name}"].columns)


def test_workbook_has_a_box_for_a_scan_s_id():
    """It shows that scan's lines, in order, once something stands in it."""
    (box,) = (item for item in workbook()["items"] if item["type"] == 9)
    names = {each["name"] for each in box["content"]["parameters"]}
    assert names == {"TimeRange", "ScanId"}
    (story,) = (it for it in workbook()["items"] if it["name"] == "scan-story")
    assert story["conditionalVisibility"]["parameterName"] == "ScanId"
    assert "order by TimeGenerated asc" in story["content"]["query"]
    assert all(it["timeContextFromParameter"] == "TimeRange" for it in tiles().values())


def test_story_holds_every_line_of_its_scan(played):
    """And no other's."""
    scene = played["gone"]
    ids = {
        found for it in scene.rows for found in re.findall(r"scan=(\S+)", it["Message"])
    }
    for scan_id in ids:
        text = tiles()["scan-story"]["query"].replace("{ScanId:escape}", f" {scan_id}")
        lines = [it for it in scene.rows if f"scan={scan_id} " in it["Message"]]
        assert len(Query(text).run(scene.rows, scene.end)) == len(lines) > 0


@pytest.mark.parametrize("folder", ["alerts", "queries"])
def test_every_query_is_deployed(folder):
    """Each file is loaded once, and each that is loaded is there."""
    loaded = [
        name
        for file in ("alerts.bicep", "costs.bicep", "workbook.bicep")
        for name in re.findall(
            rf"loadTextContent\('monitoring/{folder}/([\w-]+)\.kql'\)",
            (INFRA / file).read_text(encoding="utf-8"),
        )
    ]
    files = {file.stem for file in (INFRA / "monitoring" / folder).glob("*.kql")}
    assert sorted(loaded) == sorted(files)
    if folder == "alerts":
        assert files == set(rules())


def headings() -> list[str]:
    """The headings of the runbook."""
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    return re.findall(r"^### (.+)$", text, re.MULTILINE)


def test_every_alert_has_its_section():
    """Where its description points to; and no section is of an alert that is none."""
    found = {it.removeprefix("Alert: ") for it in headings() if it.startswith("Alert")}
    assert found == set(rules())


def test_every_reason_has_its_section():
    """What it means, what to look at, what to do."""
    assert {reason.value for reason in Reason} <= set(headings())


def test_placeholders_are_filled():
    """Those that Bicep knows; the workbook's own are not among them."""
    for rule in rules().values():
        assert not re.findall(r"\{\w+\}", filled(rule.text))
