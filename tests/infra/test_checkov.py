"""checkov finds nothing in the templates that has no reason beside it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.infra import flat, review, sets, template
from tests.infra.template import ROOT

PYTHON = ROOT / ".local" / "checkov" / "bin" / "python"
FEWEST_LETTERS = 20
WEAK = """
resource open 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: 'open'
  properties: {
    minimumTlsVersion: 'TLS1_0'
    supportsHttpsTrafficOnly: false
  }
}
"""


def run(folder: Path) -> dict[str, Any]:
    """What checkov says of a folder, with no way to the network."""
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    done = subprocess.run(  # noqa: S603 (our own words)
        [PYTHON, "-P", review.__file__, str(folder)],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "LOG_LEVEL": "ERROR", **nowhere},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory) -> tuple[int, dict[str, Any]]:
    """How many resources the three sets make, and what checkov says of them.

    Beside them lies a weak one, to see that the review can fail.
    """
    folder = tmp_path_factory.mktemp("flat")
    count = sum(flat.write(name, folder / name) for name in sets.SETS)
    (folder / "weak").mkdir()
    (folder / "weak" / "open.bicep").write_text(WEAK)
    return count + 1, run(folder)


def test_checkov_has_nothing_to_say(reviewed):
    """Of none of the three sets."""
    assert [it for it in reviewed[1]["failed"] if not it.startswith("weak/")] == []


def test_a_weakness_is_found(reviewed):
    """An account that takes plain HTTP and old TLS."""
    found = " ".join(it for it in reviewed[1]["failed"] if it.startswith("weak/"))
    assert "CKV_AZURE_3 " in found
    assert "CKV_AZURE_44 " in found


def test_checkov_read_everything(reviewed):
    """A file that it cannot read it leaves out without a word."""
    count, told = reviewed
    assert told["unread"] == []
    assert told["read"] == count
    assert told["passed"]


def test_each_suppression_has_a_reason_and_a_use(reviewed):
    """One that suppresses nothing any more goes."""
    used = reviewed[1]["skipped"]
    for file in template.load().values():
        for resource in file.resources.values():
            for check, reason in flat.skips(resource).items():
                assert len(reason) >= FEWEST_LETTERS, f"{resource}: {check}"
                where = f"/{resource.file} {resource.type}.{resource.symbol}_"
                assert [it for it in used if where in it and f" {check} " in it]
