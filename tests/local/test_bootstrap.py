"""`make setup`: what is missing is said in one sentence; what is done is not redone."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local import bootstrap
from local.azurite import CannotStartError
from local.functions import Functions
from tests.local.hosts import ROOT

INPUTS = ("requirements-dev.txt", "package-lock.json", "local/bootstrap.py")


@pytest.fixture
def checkout(tmp_path):
    """What setting up needs of a checkout, in a folder where nothing was set up."""
    shutil.copytree(ROOT / "local" / "pins", tmp_path / "local" / "pins")
    for name in INPUTS:
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def set_up(checkout: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run it, with no index to be had."""
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_CONFIG_FILE": os.devnull}
    nowhere |= {"PIP_RETRIES": "0", "PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": ""}
    return subprocess.run(
        [sys.executable, "local/bootstrap.py"],
        cwd=checkout,
        env={**os.environ, **nowhere, **env},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("version", [(3, 8, 18), (3, 9, 2)])
def test_old_python_is_told_what_to_do(monkeypatch, capsys, version):
    """One sentence with the version it has, and the one it needs."""
    monkeypatch.setattr(sys, "version_info", version)
    assert bootstrap.main([]) == 2
    said = capsys.readouterr().err
    assert f"This is Python 3.{version[1]};" in said
    assert "3.10 or later" in said
    assert said.count("\n") == 1


def test_bootstrap_is_read_by_old_pythons():
    """It has to be understood before it can say that."""
    source = Path(bootstrap.__file__).read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 7))
    imports = [it.module for it in ast.walk(tree) if isinstance(it, ast.ImportFrom)]
    # Python 3.6, as RHEL 8 has it, knows no postponed annotations.
    assert "__future__" not in imports
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            given = [*(each.annotation for each in node.args.args), node.returns]
            for annotation in filter(None, given):
                assert not isinstance(annotation, ast.Subscript | ast.BinOp), node.name


def test_python_without_venv_is_told_what_to_install(checkout):
    """Stock Debian has no ensurepip."""
    hiding = checkout / "hiding"
    hiding.mkdir()
    text = "import sys; sys.modules['ensurepip'] = None"
    (hiding / "sitecustomize.py").write_text(text)
    done = set_up(checkout, PYTHONPATH=str(hiding))
    assert done.returncode == 2
    assert done.stderr == (
        "This Python has no venv with pip: on Debian and Ubuntu "
        "`apt install python3-venv`, then run it again.\n"
    )


def test_missing_network_is_one_sentence_and_a_log(checkout):
    """What pip said is kept for whoever wants to know."""
    done = set_up(checkout)
    assert done.returncode == 2
    assert done.stderr.startswith("pip could not install uv: connect to a network")
    assert done.stderr.count("\n") == 1
    assert "uv" in (checkout / ".local" / "setup.log").read_text()


def test_what_is_done_is_not_done_again(checkout):
    """A second call needs no network, says nothing and changes nothing."""
    azurite, checkov = "node_modules/azurite/package.json", ".local/checkov/bin/python"
    for name in (".venv/bin/python", azurite, checkov):
        path = checkout / name
        path.parent.mkdir(parents=True)
        path.touch()
    (checkout / ".venv" / "pyvenv.cfg").write_text("version = 3.13.0\n")
    pins = checkout / "local" / "pins" / "checkov.txt"
    shutil.copy(pins, checkout / ".local" / "checkov" / "made-from")
    script = "import bootstrap as b; b.STAMP.write_text(b._stamp())"
    subprocess.run(  # noqa: S603 (our own words)
        [sys.executable, "-c", script], cwd=checkout / "local", check=True
    )
    done = set_up(checkout)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("home = /usr/bin\nversion_info = 3.13.0\n", True),
        ("version = 3.13.9\n", True),
        ("version = 3.12.1\n", False),
        ("home = /usr/bin\n", False),
    ],
)
def test_environment_of_another_python_is_not_taken(
    tmp_path, monkeypatch, text, expected
):
    """It is made anew with the right one."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    (tmp_path / "pyvenv.cfg").write_text(text)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    assert bootstrap._has_right_python() is expected


def test_functions_that_cannot_start_say_why(tmp_path):
    """The last words of the host, with the setting that is wrong."""
    functions = Functions(
        {"SCAN_STORAGE": "", "LEASE_SECONDS": "soon"}, tmp_path / "log"
    )
    with pytest.raises(CannotStartError, match="LEASE_SECONDS"), functions:
        pass
