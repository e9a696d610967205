"""Three sets of answers, each with the list of what it makes: read it, and trust it."""

from __future__ import annotations

import difflib
from functools import cache

import pytest

from tests.infra import sets, template, values
from tests.infra.sets import APPS, SETS

MODULES = template.load()


@cache
def kinds(name: str) -> set[str]:
    """The types of resources that a set makes."""
    return {it.type for it in sets.made(name)}


@pytest.mark.parametrize("name", SETS)
def test_list_is_what_the_set_makes(name):
    """Written anew by `python -m tests.infra.sets write`; the difference is shown."""
    old = sets.written(name).read_text(encoding="utf-8").splitlines()
    new = sets.listed(name).splitlines()
    assert [*difflib.unified_diff(old, new, "written", "made", lineterm="")] == []


def test_everything_is_on_in_everything():
    """There is no resource that the third set does not show."""
    declared = {
        it.type
        for file in MODULES.values()
        for it in file.resources.values()
        if not it.is_existing
    }
    assert declared == kinds("everything")


def test_each_set_adds_to_the_one_before():
    """From the least that works to all there is."""
    assert kinds("smallest") < kinds("typical") < kinds("everything")


@pytest.mark.parametrize("name", SETS)
def test_names_are_names_once(name):
    """No two resources of a type share one."""
    found = [(it.type, it.name, it.scope) for it in sets.made(name)]
    assert len(found) == len(set(found))


@pytest.mark.parametrize("name", SETS)
def test_outputs_can_be_told(name):
    """None reads what the set did not make."""
    deployment = values.deploy(sets.parameters(name))
    for output in deployment.file.outputs:
        assert deployment.output(output) is not None, output


@pytest.mark.parametrize("kind", ["Communication", "KeyVault", "Network"])
def test_what_nobody_asked_for_is_not_made(kind):
    """Mail by Azure, a vault and a network are made only where they are needed."""
    assert not [it for it in kinds("smallest") if it.startswith(f"Microsoft.{kind}/")]


def test_answers_of_azd_make_the_smallest_set():
    """main.bicepparam without an answer but the domains: nobody outside, no SFTP."""
    environ = {"AZURE_ENV_NAME": "x", "INTERNAL_DOMAINS": "contoso.com"}
    deployment = values.deploy(template.INFRA / "main.bicepparam", environ)
    made = list(deployment.made())
    assert {it.type for it in made} <= kinds("smallest")
    (app,) = [it for it in made if it.type == APPS]
    pairs = app.body["properties"]["siteConfig"]["appSettings"]
    told = {pair["name"]: pair["value"] for pair in pairs}
    assert told["EXTERNAL_TRANSPORT"] == "none"
    assert told["INTERNAL_TRANSPORT"] == "hve"


def test_lists_may_have_blanks_and_names_twice():
    """Storage takes no range of one address, Entra no blank, ARM no resource twice."""
    agent, other = "5" * 36, "6" * 36
    environ = {
        "ALLOWED_ADDRESSES": "203.0.113.7/32, 198.51.100.0/28,203.0.113.7",
        "EDGE_AGENT_IDS": f"{agent}, {other},{agent}",
        "INTERNAL_DOMAINS": "contoso.com, contoso.de",
        "IN_VAULT": "SMTP_PASSWORD, HVE_PASSWORD",
        "NETWORK_CLOSED": "true",
    }
    deployment = values.deploy(template.INFRA / "main.bicepparam", environ)
    made = list(deployment.made())
    told = [it.body.get("properties", {}) for it in made]
    rules = [
        each["networkAcls"].get("ipRules") for each in told if "networkAcls" in each
    ]
    addresses = [[rule["value"] for rule in each] for each in rules if each]
    assert addresses == [["203.0.113.7", "198.51.100.0/28"]] * 2
    agents = [each["principalId"] for each in told if "principalId" in each]
    assert [agents.count(it) for it in (agent, other)] == [2, 2]
    names = [(it.type, it.name, it.scope) for it in made]
    assert len(names) == len(set(names))


def test_unverified_domain_is_made_but_not_linked():
    """Azure would refuse the link; a later run, with the domain verified, makes it."""
    deployment = values.deploy(sets.parameters("typical"))
    links = []
    for is_verified in (False, True):
        deployment.parameters["mail"]["domainVerified"] = is_verified
        fresh = values.Deployment(deployment.file, deployment.parameters)
        made = list(fresh.made())
        assert "Microsoft.Communication/emailServices/domains" in {
            it.type for it in made
        }
        (acs,) = [it for it in made if it.type.endswith("/communicationServices")]
        links.append(len(acs.body["properties"]["linkedDomains"]))
    assert links == [0, 1]
