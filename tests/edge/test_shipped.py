"""What is shipped for the edge agent, and its page, keep up with the code."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
from dataclasses import MISSING, fields
from enum import StrEnum

import pytest

from edge.__main__ import LATER, NO, USAGE, VERBS
from edge.config import Config, Folder, Gathering, Limits, Sidecar, Storage, read
from local.azurite import ROOT

DEPLOY = ROOT / "deploy" / "edge"
PAGE = (ROOT / "docs" / "edge.md").read_text(encoding="utf-8")


SAYS = {"note", "warn", "line", "_warn", "_say", "_log"}
"""What takes an event's name first."""


def section(heading: str) -> str:
    """What stands under a heading, to the next of any level."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", PAGE, re.M | re.S)
    assert found, heading
    return found[1]


def documented(heading: str) -> dict[str, str]:
    """Key and default of each row under a heading; a default is TOML, or words."""
    rows = re.findall(r"^\| `(\w+)` \|.*\| ?([^|]*) \|$", section(heading), re.M)
    return {key: default.strip("`") for key, default in rows}


def declared(noun: type) -> dict[str, str]:
    """The same of the code, in JSON, which these values share with TOML."""
    found = {}
    for each in fields(noun):
        default = each.default
        value = default.value if isinstance(default, StrEnum) else default
        found[each.name] = "" if value is MISSING else json.dumps(value)
    return found


def test_every_key_is_on_the_page():
    """With its default; nothing that is not there any more."""
    assert documented("[[folder]]") == declared(Folder)
    assert documented("[limits]") == declared(Limits)
    storage = {**declared(Storage), "account_url": ""}
    # The environment's alone: a key belongs into no file that everybody may read.
    del storage["connection_string"]
    assert documented("[storage]") == storage
    top = set(documented("edge.toml")) | {"storage", "limits", "folders"}
    assert top == set(declared(Config))


def test_every_choice_is_on_the_page():
    """Forms of sidecars, and what becomes of several files."""
    rows = section("[[folder]]")
    for word in (*Sidecar, *Gathering):
        assert f'"{word}"' in rows
    for form in Sidecar:
        assert f"`{form}`" in section("Sets and sidecars")


def test_every_event_is_on_the_page():
    """What the log says, and what to do; each begins alike."""
    said = set()
    for path in (ROOT / "edge").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                word = node.args[0]
                if name in SAYS and isinstance(word, ast.Constant):
                    said.add(str(word.value))
    assert "edge_sent" in said
    assert {each for each in said if not each.startswith("edge_")} == set()
    table = section("When something does not go").partition("| log: `event=` |")[2]
    heads = re.findall(r"^\|(.*?)\|", table, re.M)
    assert {word for head in heads for word in re.findall(r"`(\w+)`", head)} == said


def test_every_command_and_status_is_on_the_page():
    """As `--help` has them."""
    rows = section("Commands")
    for verb in VERBS:
        assert f"| `scanpost-edge {verb.NAME}" in rows
    assert {f"| {status} |" for status in (0, NO, USAGE, LATER)} == set(
        re.findall(r"^\| \d \|", rows, re.M)
    )


def test_sample_lacks_nothing_but_a_printer(tmp_path):
    """With one, it can be read."""
    sample = (DEPLOY / "edge.toml").read_text(encoding="utf-8")
    file = tmp_path / "edge.toml"
    file.write_text(f'{sample}\n[[folder]]\npath = "."\ndevice = "mfp-2f"\n')
    config = read(file, {})
    assert config.storage.account_url == "https://stscans.blob.core.windows.net"
    assert [each.device for each in config.folders] == ["mfp-2f"]


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="without shellcheck")
def test_script_is_sound():
    """By shellcheck's word."""
    done = subprocess.run(  # noqa: S603 (our own words)
        ["/usr/bin/shellcheck", DEPLOY / "add-printer"],
        capture_output=True,
        check=False,
    )
    assert done.stdout == b""


def test_container_holds_what_the_package_does():
    """Packages of pyproject.toml are copied; what it needs is pinned with hashes."""
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    copied = set(re.findall(r"^COPY (\w+) ", text, re.M))
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r"^packages = \[(.*)\]$", project, re.M)
    assert found
    assert {name.split(".")[0] for name in re.findall(r'"([^"]+)"', found[1])} == copied
    pins = (ROOT / "requirements-edge.txt").read_text(encoding="utf-8")
    for name in ("img2pdf", "pikepdf", "pillow", "azure-identity"):
        assert re.search(rf"^{name}==.*\\\n +--hash=", pins, re.M)


def test_what_the_page_installs_is_there():
    """Each file that a command names."""
    for name in set(re.findall(r"deploy/edge/([\w.-]+\w)", PAGE)):
        assert (DEPLOY / name).is_file(), name
