"""Role assignments: in one typed list, on resources, the least that works, and why."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from shared import rulebook, settle
from shared.stores import account, queues
from tests.infra import sets, template, walk
from tests.infra.grammar import Name, Object, Text
from tests.infra.sets import ROLES, SETS
from tests.infra.values import Made

FILES = template.load()
GROUP = "Microsoft.Resources/resourceGroups"
# Microsoft's built-in roles, by their ids; those that may hand out rights are not here.
BUILT_IN = {
    "09976791-48a7-449e-bb21-39d1a415f350": "Communication and Email Service Owner",
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "a4417e6f-fecd-4de8-b567-7b0420556985": "Key Vault Certificates Officer",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a": "Storage Queue Data Message Sender",
    "19e7f393-937e-4f77-808e-94535e297925": "Storage Queue Data Reader",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "76199698-9eea-4c19-bc75-cec21354c6b6": "Storage Table Data Reader",
}
FEWEST_LETTERS = 10


@cache
def grants(name: str) -> list[Made]:
    """The role assignments of a set."""
    return [it for it in sets.made(name) if it.type == ROLES]


def told(it: Made) -> dict[str, Any]:
    """What an assignment says."""
    found: dict[str, Any] = it.body["properties"]
    return found


@pytest.mark.parametrize("name", SETS)
def test_scope_is_a_resource(name):
    """Neither the group nor the subscription; storage by queue, container and table."""
    for it in grants(name):
        assert it.scope
        assert not it.scope.startswith(GROUP)
        whole = it.scope.startswith("Microsoft.Storage/storageAccounts/scan")
        assert not whole, it.scope


@pytest.mark.parametrize("name", SETS)
def test_each_has_a_reason(name):
    """It stands in the assignment, where a reviewer finds it in the portal."""
    for it in grants(name):
        assert len(told(it)["description"]) >= FEWEST_LETTERS


@pytest.mark.parametrize("name", SETS)
def test_roles_are_known_and_narrow(name):
    """By id, and under a name that says what it is."""
    names = sets.role_names()
    for it in grants(name):
        identity = str(told(it)["roleDefinitionId"]).rpartition("/")[2]
        ours, theirs = names[identity], BUILT_IN[identity].lower()
        words = "".join(f" {c.lower()}" if c.isupper() else c for c in ours).split()
        assert all(word in theirs for word in words), (ours, theirs)


def test_no_role_is_listed_in_vain():
    """Everything that can be given is given in the set with everything on."""
    used = {str(told(it)["roleDefinitionId"]) for it in grants("everything")}
    used |= {str(told(it)["roleDefinitionId"]) for it in grants("typical")}
    given = {it.rpartition("/")[2] for it in used}
    rest = set(sets.role_names()) - given
    assert {sets.role_names()[it] for it in rest} <= {"secretsUser"}


@pytest.mark.parametrize("name", SETS)
def test_people_and_services_are_told_apart(name):
    """Without a type, an identity that is new is not found, and the deployment ends."""
    for it in grants(name):
        assert told(it)["principalType"] in {"Group", "ServicePrincipal", "User"}
        is_person = told(it)["principalId"].startswith(("1111", "4444"))
        assert is_person or told(it)["principalType"] == "ServicePrincipal"


@pytest.mark.parametrize("name", SETS)
def test_topics_may_deliver_and_nothing_else(name):
    """To their queue, and to the container for what could not be delivered."""
    for it in grants(name):
        who = str(told(it)["principalId"])
        if who.startswith(("scans.", "reports.")):
            queue = {"scans": "scan-events", "reports": "delivery-reports"}
            ends = (queue[who.partition(".")[0]], "deadletter")
            assert it.scope.endswith(ends)


def test_operators_may_look_at_what_check_looks_at():
    """`sent` too, where mailed scans are kept: else `check` would say NO to them."""
    granted = {
        it.scope.rpartition("/")[2]
        for it in grants("everything")
        if told(it)["principalType"] == "Group"
    }
    assert {settle.SCANS, settle.HELD, settle.SENT, rulebook.CONFIG} <= granted
    assert {queues.EVENTS, queues.RETRIES, queues.REPORTS, account.LEDGER} <= granted


def test_assignments_are_made_in_one_place():
    """grants.bicep makes them, and only access.bicep, with its lists, calls it."""
    makers = {
        name
        for name, file in FILES.items()
        if any(it.type == ROLES for it in file.resources.values())
    }
    assert makers == {"grants.bicep"}
    callers = {
        name
        for name, file in FILES.items()
        if any(it.path == "grants.bicep" for it in file.modules.values())
    }
    assert callers == {"access.bicep"}
    assert FILES["grants.bicep"].parameters["grants"].type == "grantType[]"


def test_every_line_of_the_lists_is_whole():
    """What on, which name, which role, why: and a role by its name, not its id."""
    lines = [
        node
        for value in FILES["access.bicep"].variables.values()
        for node in walk.nodes(value)
        if isinstance(node, Object) and node.get("role")
    ]
    assert len(lines) >= 20
    for line in lines:
        keys = {it.parts[0] for it, _ in line.pairs if isinstance(it, Text)}
        assert keys == {"on", "name", "role", "why"}
        role = line.get("role")
        assert isinstance(role, Name) or "roles" in str(role)
