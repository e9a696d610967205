"""azure.yaml keeps azd's schema (version 1.0), and names what is there.

The rules are those of the schema for the parts used here, read in November 2026;
azd itself lets unknown keys pass, which hides mistakes, so here they are errors.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.infra import template, values
from tests.infra.sets import APPS, made
from tests.infra.template import INFRA, ROOT

TOP = {"name", "metadata", "infra", "services", "hooks", "requiredVersions", "pipeline"}
COMMANDS = {"provision", "infracreate", "infradelete", "down", "up", "package"}
COMMANDS |= {"publish", "deploy", "restore"}
HOOKS = {f"{when}{command}" for when in ("pre", "post") for command in COMMANDS}
ONE_HOOK = {"shell", "kind", "dir", "run", "continueOnError", "interactive", "secrets"}
SERVICE = {"project", "host", "language", "dist", "remoteBuild", "hooks", "uses"}
SERVICE |= {"resourceName", "resourceGroup"}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    """The file, read."""
    text = (ROOT / "azure.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def hooks(project: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Each hook: its event, its platform, its words."""
    found: list[tuple[str, str, dict[str, Any]]] = []
    for event, several in project["hooks"].items():
        for hook in several if isinstance(several, list) else [several]:
            found += [(event, platform, told) for platform, told in hook.items()]
    return found


def test_the_file_names_its_schema():
    """So that editors check it too."""
    first = (ROOT / "azure.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=https://")
    assert first.endswith("/schemas/v1.0/azure.yaml.json")


def test_top_of_the_file(project):
    """Known keys only; a name that azd takes."""
    assert set(project) <= TOP
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", project["name"])
    assert len(project["name"]) >= 2
    assert set(project["infra"]) <= {"provider", "path", "module"}
    assert project["infra"]["provider"] == "bicep"


def test_infrastructure_is_where_it_says(project):
    """The main template and its parameters."""
    module = ROOT / project["infra"]["path"] / project["infra"]["module"]
    assert module.with_suffix(".bicep").is_file()
    assert module.with_suffix(".bicepparam").is_file()
    assert module.parent == INFRA


def test_services(project):
    """One function app, written in Python, built in Azure."""
    for service in project["services"].values():
        assert set(service) <= SERVICE
        assert service["host"] == "function"
        assert service["language"] == "python"
        assert service.get("remoteBuild", True) is True
        assert (ROOT / service["project"] / "function_app.py").is_file()
        assert (ROOT / service["project"] / "host.json").is_file()


def test_azd_finds_the_app_by_its_tag(project):
    """The one resource with the service's tag is a function app."""
    tagged = [
        it for it in made("typical") if "azd-service-name" in it.body.get("tags", {})
    ]
    assert [it.type for it in tagged] == [APPS]
    assert [it.body["tags"]["azd-service-name"] for it in tagged] == [
        *project["services"]
    ]


def test_azd_finds_the_resource_group():
    """By its tag, which holds the environment's name."""
    deployment = values.deploy(INFRA / "sets" / "typical.bicepparam")
    groups = [it for it in deployment.made() if it.type.endswith("/resourceGroups")]
    assert [it.body["tags"]["azd-env-name"] for it in groups] == [
        deployment.parameters["environmentName"]
    ]


def test_hooks_keep_the_schema(project):
    """Each for both platforms, with its own shell, in a file that is there."""
    assert set(project["hooks"]) <= HOOKS
    events: dict[str, set[str]] = {}
    for event, platform, told in hooks(project):
        events.setdefault(event, set()).add(platform)
        assert set(told) <= ONE_HOOK, event
        assert told["shell"] == {"posix": "sh", "windows": "pwsh"}[platform]
        assert (ROOT / told["run"]).is_file(), told["run"]
        assert told["run"].endswith({"posix": ".sh", "windows": ".ps1"}[platform])
        for word in ("interactive", "continueOnError"):
            assert isinstance(told.get(word, False), bool)
    assert all(each == {"posix", "windows"} for each in events.values())


def test_hooks_read_what_there_is():
    """Outputs of main.bicep, answers, and what azd or the hooks themselves set."""
    known = set(template.read(INFRA / "main.bicep").outputs)
    known |= {"AZURE_SUBSCRIPTION_ID", "SETUP_EXCHANGE", "TEST_SCAN", "ASK"}
    for path in sorted((INFRA / "hooks").glob("*.sh")):
        text = path.read_text(encoding="utf-8")
        read = set(re.findall(r"\$\{?([A-Z][A-Z_]{2,})\b", text))
        own = set(re.findall(r"^\s*([A-Z_]{3,})=", text, re.MULTILINE))
        own |= {"PAUSE_SECONDS", "TRIES", "HOOK_PAUSE_SECONDS", "HOOK_TRIES"}
        assert read - own <= known, path.name
