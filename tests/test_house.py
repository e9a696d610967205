"""Tests about the house: sizes, import direction, borders, and docs that keep up."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from ops.__main__ import VERBS
from shared import settings, transports
from shared.model import Reason

ROOT = Path(__file__).resolve().parent.parent
DOORS = ("edge", "ops", "local")
CODE = sorted(
    path
    for folder in ("shared", *DOORS, "tests")
    for path in (ROOT / folder).rglob("*.py")
)
PRODUCT = [path for path in CODE if path.is_relative_to(ROOT / "shared")]
MODULE_LINES, TEST_LINES, FUNCTION_LINES, PARAMETERS = 300, 400, 40, 5
SHARED_LINES = 16_000
DOOR_LINES, CONFTEST_LINES = 100, 150

# What a module of `shared` may import, from the bottom up.
NOUNS = {"model", "errors", "plain", "names", "address", "row", "journal"}
BELOW = NOUNS | {"stores", "whole", "kinds", "patterns"}
STAGES = {"receive", "route", "compose", "deliver", "settle"}
STAGE_IMPORTS = BELOW | {"transports", "ledger", "gate", "rules", "directory"}
STAGE_IMPORTS |= {"search", "sources"}  # the two halves of `route`
STAGE_IMPORTS |= {"attempt", "outcome", "traffic"}  # the parts of `deliver`
STAGE_IMPORTS |= {"ways"}  # what `route` and `plan` choose from
STAGE_IMPORTS |= {"moves"}  # one half of `settle`
BORDERS = {
    "azure.storage": ("shared/stores/", "local/", "tests/"),
    "azure.data": ("shared/stores/", "local/", "tests/"),
    "azure.functions": ("function_app.py", "local/", "tests/"),
    "azure.communication": ("shared/transports/acs", "tests/"),
    "azure.identity": (
        "shared/transports/",
        "shared/stores/",
        "edge/",
        "local/",
        "tests/",
    ),
    "img2pdf": ("edge/bind", "tests/"),
    "msal": ("shared/transports/", "tests/"),
    "pikepdf": ("edge/bind", "tests/"),
    "PIL": ("edge/bind", "tests/"),
    "smtplib": ("shared/transports/", "tests/"),
}


def tree(path: Path) -> ast.Module:
    """A module's syntax."""
    return ast.parse(path.read_text(encoding="utf-8"))


def named(path: Path) -> str:
    """A path as the project speaks of it."""
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> set[str]:
    """Full names of everything that a module imports, at whatever depth."""
    package = named(path).removesuffix(".py").split("/")[:-1]
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            head = ".".join([*base, *filter(None, [node.module])])
            found |= {f"{head}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", CODE, ids=named)
def test_module_opens_with_a_docstring_and_stays_small(path):
    """What stage, what comes in, what leaves; and no file that everybody adds to."""
    lines = path.read_text(encoding="utf-8").count("\n")
    limit = TEST_LINES if path.is_relative_to(ROOT / "tests") else MODULE_LINES
    limit = CONFTEST_LINES if path.name == "conftest.py" else limit
    assert lines <= limit
    assert ast.get_docstring(tree(path))


@pytest.mark.parametrize("path", CODE, ids=named)
def test_functions_stay_small(path):
    """40 lines without the docstring, 5 parameters."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            length = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
            assert length <= FUNCTION_LINES, node.name
            names = [a.arg for a in node.args.args if a.arg not in {"self", "cls"}]
            assert len(names) <= PARAMETERS or "tests/" in named(path), node.name


@pytest.mark.parametrize("path", CODE, ids=named)
def test_no_grab_bags(path):
    """A helper lives with its one user."""
    assert path.stem not in {"utils", "util", "helpers", "helper", "common", "misc"}


def test_the_whole_of_shared_stays_in_bounds():
    """Raised only with a decision (docs/decisions.md)."""
    lines = sum(path.read_text(encoding="utf-8").count("\n") for path in PRODUCT)
    assert lines <= SHARED_LINES


def test_the_cloud_s_door_stays_a_door():
    """Triggers only."""
    text = (ROOT / "function_app.py").read_text(encoding="utf-8")
    assert text.count("\n") <= DOOR_LINES


@pytest.mark.parametrize("path", PRODUCT, ids=named)
def test_nothing_shared_imports_a_door(path):
    """Imports run downward."""
    assert not {name.split(".")[0] for name in imports(path)} & {
        *DOORS,
        "function_app",
        "tests",
    }


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_stages_know_nothing_of_each_other(stage):
    """They receive what they need; the conductor puts them in order."""
    names = {
        name.split(".")[1]
        for name in imports(ROOT / "shared" / f"{stage}.py")
        if name.startswith("shared.")
    }
    assert names <= STAGE_IMPORTS


@pytest.mark.parametrize("path", CODE, ids=named)
def test_foreign_libraries_stay_behind_their_borders(path):
    """One border per foreign thing."""
    for name in imports(path):
        for library, places in BORDERS.items():
            if name == library or name.startswith(f"{library}."):
                assert named(path).startswith(places), name


@pytest.mark.parametrize("path", PRODUCT, ids=named)
def test_only_settings_read_the_environment(path):
    """One reader."""
    if path.name != "settings.py":
        assert "os.environ" not in imports(path)
        assert "os" not in imports(path)


@pytest.mark.parametrize("path", PRODUCT, ids=named)
def test_no_broad_except(path):
    """The one that there is stands in function_app.py."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ExceptHandler):
            name = node.type.id if isinstance(node.type, ast.Name) else ""
            assert node.type is not None
            assert name != "Exception"


def documented_settings() -> set[str]:
    """The settings that docs/settings.md has a row for."""
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([A-Z_]+)`", cell)}


def test_settings_and_their_page_agree():
    """A setting has one name, in code and in docs/settings.md."""
    known = set(settings.names())
    for name in transports.registered():
        known |= set(transports.config_fields(name))
    others = {"PYTHON_THREADPOOL_THREAD_COUNT", "SSL_CERT_FILE"}
    assert documented_settings() - others == known


def test_every_command_is_documented():
    """docs/operating.md names each verb."""
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    for verb in VERBS:
        assert f"ops {verb.NAME}" in text


def test_every_reason_is_documented():
    """docs/operating.md says what each means and what to do."""
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    for reason in Reason:
        assert f"\n### {reason}\n" in text


@pytest.mark.parametrize("name", transports.registered())
def test_every_transport_is_documented(name):
    """docs/settings.md has a heading for each that an operator can name."""
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert f"### {name}" in text or name == "outbox"
