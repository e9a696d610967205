"""The workflows: pinned, with the fewest rights, and signed in without a secret."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.infra.template import ROOT

FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def read(name: str) -> dict[Any, Any]:
    """A workflow."""
    path = ROOT / ".github" / "workflows" / f"{name}.yml"
    found: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def steps(name: str) -> list[dict[str, Any]]:
    """The steps of a workflow's one job."""
    (job,) = read(name)["jobs"].values()
    found: list[dict[str, Any]] = job["steps"]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda it: it.stem)
def test_actions_are_pinned(path):
    """By a commit, with the version beside it for Dependabot and for people."""
    used = re.findall(r"uses: (.*)", path.read_text(encoding="utf-8"))
    for action in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)


@pytest.mark.parametrize("path", FILES, ids=lambda it: it.stem)
def test_rights_are_the_fewest(path):
    """Nothing but reading; who deploys may ask for a token besides."""
    told = read(path.stem)
    assert told["permissions"] == {"contents": "read"}
    for job in told["jobs"].values():
        more = {"contents": "read", "id-token": "write"}
        assert job.get("permissions", told["permissions"]) in (
            told["permissions"],
            more if path.stem == "deploy" else {},
        )
        assert job["timeout-minutes"] <= 60


@pytest.mark.parametrize("path", FILES, ids=lambda it: it.stem)
def test_no_workflow_holds_a_secret(path):
    """OIDC needs none; and no input is pasted into a script."""
    assert "secrets." not in path.read_text(encoding="utf-8")
    for step in steps(path.stem):
        assert "${{" not in step.get("run", "")


def test_the_compiler_is_always_there():
    """Pinned by version and hash, on the path before `make test`."""
    told = read("test")
    runs = [step.get("run", "") for step in steps("test")]
    (install,) = [run for run in runs if "sha256sum --check" in run]
    assert "$BICEP_VERSION/bicep-linux-x64" in install
    assert "GITHUB_PATH" in install
    assert runs.index(install) < runs.index("make test")
    assert re.fullmatch(r"[0-9a-f]{64}", told["env"]["BICEP_SHA256"])
    assert re.fullmatch(r"v\d+\.\d+\.\d+", told["env"]["BICEP_VERSION"])


def test_deployment_is_protected():
    """By hand, in an environment that has reviewers, one at a time."""
    told = read("deploy")
    # YAML reads `on` as true.
    assert list(told[True]) == ["workflow_dispatch"]
    (job,) = told["jobs"].values()
    assert job["environment"] == "${{ inputs.environment }}"
    assert told["concurrency"]["cancel-in-progress"] is False
    assert "inputs.environment" in told["concurrency"]["group"]


def test_answers_win_over_what_was_deployed():
    """Outputs have the names of answers: a changed one would be lost in a refresh."""
    runs = [step.get("run", "") for step in steps("deploy")]
    (refresh,) = [place for place, run in enumerate(runs) if "azd env refresh" in run]
    provision = [place for place, run in enumerate(runs) if "azd provision" in run]
    words = "\n".join(runs[refresh : min(provision)])
    assert words.index("azd env refresh") < words.index("azd env set --file")
    assert any("azd env set --file" in run for run in runs[:refresh])


def test_deployment_explains_its_inputs():
    """In the workflow, and in docs/deploying.md with every variable that it reads."""
    page = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
    for name, told in read("deploy")[True]["workflow_dispatch"]["inputs"].items():
        assert told["description"]
        assert f"`{name}`" in page
    text = (ROOT / ".github" / "workflows" / "deploy.yml").read_text(encoding="utf-8")
    for name in set(re.findall(r"vars\.(\w+)", text)):
        assert f"`{name}`" in page
