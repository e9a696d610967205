"""Before `azd provision`: the hook asks what has no answer, once, and only a person."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from tests.infra.fakes import Bench
from tests.infra.hooks import HOOKS, Ran

QUESTIONS = (
    "INTERNAL_DOMAINS",
    "UNMATCHED_RECIPIENT",
    "HVE_SENDER",
    "EXTERNAL_TRANSPORT",
    "OPS_MAILBOX",
)


@pytest.fixture
def bench(tmp_path):
    """A machine with azd."""
    return Bench(tmp_path)


def run(bench, replies="", **answers):
    """Run the hook; each line of `replies` is typed in."""
    done = subprocess.run(  # noqa: S603 (our own script)
        [str(shutil.which("dash") or shutil.which("sh")), HOOKS / "preprovision.sh"],
        env=bench.environment() | answers,
        input=replies,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60,
    )
    return Ran(done.returncode, done.stdout)


def kept(bench):
    """What azd was given to keep."""
    return {call[3]: call[4] for call in bench.calls("azd", "env", "set")}


def test_a_first_run_asks_the_handful(bench):
    """Each reply is kept under its own name, also an empty one."""
    ran = run(
        bench, "contoso.com\n\nscans@contoso.com\nexo\nit@contoso.com\n", ASK="true"
    )
    assert ran.status == 0
    replies = ("contoso.com", "", "scans@contoso.com", "exo", "it@contoso.com")
    assert kept(bench) == dict(zip(QUESTIONS, replies, strict=True))


def test_what_was_answered_is_not_asked_again(bench):
    """Nothing is an answer too, except to the first question."""
    ran = run(
        bench, ASK="true", **dict.fromkeys(QUESTIONS, "") | {QUESTIONS[0]: "x.org"}
    )
    assert (ran.status, ran.out, kept(bench)) == (0, "", {})


def test_nobody_is_asked_where_nobody_sits(bench):
    """A pipeline goes on with the defaults of what it was not told."""
    ran = run(bench, INTERNAL_DOMAINS="contoso.com")
    assert (ran.status, ran.out, kept(bench)) == (0, "", {})


def test_a_pipeline_without_domains_stops(bench):
    """There is no default for whom mail is inside."""
    ran = run(bench)
    assert ran.status == 1
    assert ran.says("NO  INTERNAL_DOMAINS is not set: azd env set INTERNAL_DOMAINS")
    assert kept(bench) == {}


def test_a_reply_that_was_not_kept_is_told(bench):
    """Else the deployment would go on without it."""
    bench.add("azd", "exit 1")
    ran = run(bench, "contoso.com\n", ASK="true")
    assert ran.status == 1
    assert ran.says("NO  azd did not keep INTERNAL_DOMAINS")


def test_powershell_asks_the_same():
    """Word by word, in the same order."""
    sh = (HOOKS / "preprovision.sh").read_text()
    ps = (HOOKS / "preprovision.ps1").read_text()
    asked = re.findall(r'ask ([A-Z_]+) "(.*)"$', sh, re.MULTILINE)
    assert [name for name, _ in asked] == list(QUESTIONS)
    assert asked == re.findall(r"Read-Reply '([A-Z_]+)' '(.*)'$", ps, re.MULTILINE)


def test_each_answer_is_read_by_the_parameters():
    """A question whose answer nobody reads would be a lie."""
    read = (HOOKS.parent / "main.bicepparam").read_text()
    assert all(f"readEnvironmentVariable('{name}'" in read for name in QUESTIONS)
