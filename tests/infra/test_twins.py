"""The hooks for PowerShell ask, read and say what those for the shell do."""

from __future__ import annotations

import re

import pytest

from tests.infra import twins
from tests.infra.fakes.options import parse
from tests.infra.hooks import HOOKS

NAMES = ("azure", "postprovision", "postdeploy")


def both(name):
    """A hook in both languages."""
    return (HOOKS / f"{name}.sh").read_text(), (HOOKS / f"{name}.ps1").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_twins_ask_azure_the_same(name):
    """The same commands in the same order, option by option."""
    sh, ps = both(name)
    assert twins.sh_commands(sh)
    assert twins.sh_commands(sh) == twins.ps_commands(ps)


@pytest.mark.parametrize("name", NAMES)
def test_every_command_is_one_that_az_takes(name):
    """Those of PowerShell never run here: the stand-in's table reads them."""
    for command in twins.ps_commands(both(name)[1]):
        if command[0] == "az":
            parse(command[1:])
        else:
            assert command[:3] == ["azd", "env", "set"]


@pytest.mark.parametrize("name", NAMES)
def test_twins_read_the_same_settings(name):
    """The values of azd's environment."""
    sh, ps = both(name)
    assert twins.sh_settings(sh) == twins.ps_settings(ps)


@pytest.mark.parametrize("name", NAMES)
def test_twins_say_the_same(name):
    """Word by word; only what is known later may differ."""
    sh, ps = both(name)
    assert len(twins.sh_words(sh)) > 5
    assert twins.sh_words(sh) == twins.ps_words(ps)


def test_twins_seed_the_same_routes():
    """Each line that the shell writes stands in the other, too."""
    sh, ps = both("postprovision")
    body = sh[sh.index("write_routes() {") : sh.index("# Says which answers")]
    lines = re.findall(r"echo '(.*)'", body)
    assert len(lines) == 6
    for line in lines:
        assert f"'{line}'" in ps
    for key in ("fallback", "timezone", "language"):
        assert f'echo "{key} = \\"$' in sh
        assert f'"{key} = `"$' in ps


def test_twins_make_the_same_pdf():
    """The same lines in the same order."""
    sh, ps = both("postdeploy")
    lines = re.findall(r"^        '([^']*)'(?: \\)?$", sh, re.MULTILINE)
    other = ps[ps.index("function Get-Pdf") : ps.index("# Asks the ledger")]
    assert len(lines) == 17
    assert lines == re.findall(r"^    '([^']*)'$", other, re.MULTILINE)
    assert "(Scanpost test scan, $(" in sh
    assert "(Scanpost test scan, $(" in other


def test_twins_ask_one_version_of_the_mail_api():
    """An API has one version in both."""
    sh, ps = both("postprovision")
    found = re.search(r"MAIL_API_VERSION=(\S+)", sh)
    assert found
    assert f"$mailApiVersion = '{found[1]}'" in ps
