"""The deployment package: only what runs is in it, and it runs."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.infra import package
from tests.infra.template import ROOT

SETTINGS = {
    "SCAN_STORAGE": "DefaultEndpointsProtocol=https;AccountName=stscans;"
    "AccountKey=a2V5;EndpointSuffix=core.windows.net",
    "INTERNAL_DOMAINS": "contoso.com",
    "INTERNAL_TRANSPORT": "outbox",
}
# Hides what requirements.txt does not install, and imports all there is to import.
SCRIPT = """
import importlib, importlib.metadata, json, pkgutil, re, sys
wanted = set(json.loads(sys.argv[1]))
def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()
class Hidden:
    owners = importlib.metadata.packages_distributions()
    def find_spec(self, name, path=None, target=None):
        owners = self.owners.get(name.partition(".")[0], [])
        if owners and not wanted & {plain(each) for each in owners}:
            raise ModuleNotFoundError(f"{name} is not in requirements.txt")
sys.meta_path.insert(0, Hidden())
sys.path.insert(0, ".")
import function_app, shared
for each in pkgutil.walk_packages(shared.__path__, "shared."):
    importlib.import_module(each.name)
files = [m.__file__ for m in sys.modules.values() if getattr(m, "__file__", None)]
names = [f.get_function_name() for f in function_app.app.get_functions()]
print(json.dumps({"names": names, "files": files}))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> tuple[Path, list[str]]:
    """The package, unpacked in a folder of its own, and what is in it."""
    folder = tmp_path_factory.mktemp("package")
    names = package.build(ROOT, folder / "package.zip")
    with zipfile.ZipFile(folder / "package.zip") as packed:
        packed.extractall(folder / "app")
    return folder / "app", names


def requirements() -> set[str]:
    """What Azure installs."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    found = re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==", text, re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower() for name in found}


def test_the_package_holds_only_what_runs(built):
    """The door, the host's settings, what to install, and the core."""
    _, names = built
    code = {
        path.relative_to(ROOT).as_posix()
        for kind in ("*.py", "*.toml")
        for path in (ROOT / "shared").rglob(kind)
    }
    assert set(names) == code | {"function_app.py", "host.json", "requirements.txt"}


def test_the_app_runs_from_the_package_alone(built):
    """No other file of ours and no other package of the environment is needed."""
    folder, _ = built
    done = subprocess.run(  # noqa: S603 (our own words)
        [
            sys.executable,
            "-P",
            "-W",
            "error",
            "-c",
            SCRIPT,
            json.dumps([*requirements()]),
        ],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **SETTINGS},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told["names"]) == functions()
    assert not [it for it in told["files"] if ours(it)]


def ours(file: str) -> bool:
    """Whether a module was found in the checkout."""
    path = Path(file)
    return path.is_relative_to(ROOT) and not path.is_relative_to(ROOT / ".venv")


def functions() -> set[str]:
    """What function_app.py decorates."""
    tree = ast.parse((ROOT / "function_app.py").read_text(encoding="utf-8"))
    return {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.decorator_list
    }


def test_a_stray_file_stays_out(tmp_path):
    """Secrets, notes and folders that nobody thought of are not sent to Azure."""
    wanted = ["function_app.py", "host.json", "requirements.txt"]
    wanted += ["shared/model.py", "shared/stores/blobs.py", "shared/texts.toml"]
    strays = [".env", ".azure/dev/.env", "key.pem", "local.settings.json", "notes.txt"]
    strays += ["ops/__main__.py", "secrets/shared/key.py", "infra/main.bicep", "x.py"]
    strays += ["shared/__pycache__/model.cpython-313.pyc", "__pycache__/x.pyc"]
    strays += [".venv/lib/shared/x.py", "tests/function_app.py", "shared.zip"]
    for name in [*wanted, *strays]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    text = (ROOT / ".funcignore").read_text(encoding="utf-8")
    (tmp_path / ".funcignore").write_text(text)
    assert package.build(tmp_path, tmp_path / "out.zip") == sorted(wanted)


def test_the_ignore_file_means_the_same_to_every_tool():
    """Only forms on which azd, git and the Core Tools agree."""
    for line in package.rules(ROOT):
        assert package.PLAIN.fullmatch(line), line


@pytest.mark.parametrize(
    ("name", "is_out"),
    [("a.md", True), ("b/a.md", True), ("b/keep.md", False), ("c/d/e", False)],
)
def test_the_last_line_that_fits_decides(name, is_out):
    """As in git: what one line takes out, a later one may bring back."""
    lines = ["*.md", "!keep.md", "c", "!c/**"]
    assert package._is_out(name, lines) is is_out
