"""`make test` asks the official compiler where there is one, and else says so.

The compiler itself is called by the Makefile and, always, by the workflow in .github:
here it is played, to see that nothing that it says is lost.
"""

from __future__ import annotations

import json
import subprocess
import sys

from tests.infra import bicep
from tests.infra.template import INFRA, ROOT

FAKE = """#!{python}
import sys
word, path = sys.argv[1], sys.argv[-1]
if word == "format":
    print(open(path, encoding="utf-8").read(), end="{more}")
else:
    print("{said}", file=sys.stderr)
sys.exit({status})
"""
FILES = bicep.files(INFRA)


def compiler(folder, *, said="", more="", status=0) -> str:
    """A compiler that answers so."""
    path = folder / "bicep"
    text = FAKE.format(python=sys.executable, said=said, more=more, status=status)
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_a_warning_is_a_finding(tmp_path):
    """The compiler's exit status is 0 all the same."""
    said = "main.bicep(1,1) : Warning no-unused-params: x"
    found = bicep.findings(compiler(tmp_path, said=said), FILES[:1])
    assert len(found) == 2
    assert said in found[0]


def test_a_failure_is_a_finding(tmp_path):
    """Whatever it says."""
    assert len(bicep.findings(compiler(tmp_path, status=1), FILES[:1])) == 3


def test_other_spacing_is_a_finding(tmp_path):
    """The formatter's is the one."""
    found = bicep.findings(compiler(tmp_path, more=" "), FILES[:1])
    assert found == [f"{FILES[0].name}: bicep format would write it otherwise"]


def test_a_good_file_is_none(tmp_path):
    """No words, no status."""
    assert bicep.findings(compiler(tmp_path), FILES[:2]) == []


def test_parameters_files_are_built_as_such(tmp_path):
    """They have a word of their own, and the compiler lints them too."""
    words = bicep.commands("bicep", tmp_path / "main.bicepparam")
    assert [it[1] for it in words] == ["build-params", "lint"]


def test_without_a_compiler_one_line_says_so():
    """And nothing fails."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.infra.bicep"],
        cwd=ROOT,
        env={"PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("bicep: ")
    assert done.stdout.count("\n") == 1


def test_warnings_of_the_linter_are_on():
    """What the linter can find, bicepconfig.json asks it for."""
    told = json.loads((INFRA / "bicepconfig.json").read_text(encoding="utf-8"))
    core = told["analyzers"]["core"]
    assert core["enabled"] is True
    assert {it["level"] for it in core["rules"].values()} <= {"error", "warning"}
    assert "experimentalFeaturesEnabled" not in told
