"""What is kept and for how long: soft delete, lifecycle rules, logs of the services."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infra import sets, values
from tests.infra.sets import SETS
from tests.infra.template import INFRA
from tests.infra.values import Made

STORAGE = "Microsoft.Storage/storageAccounts"
DEFAULTS = {"AZURE_ENV_NAME": "x", "INTERNAL_DOMAINS": "contoso.com"}


def by_default(**changes: str) -> list[Made]:
    """What azd's answers make, where nobody gave any but these."""
    deployment = values.deploy(INFRA / "main.bicepparam", DEFAULTS | changes)
    return list(deployment.made())


def of_scans(found: list[Made], kind: str) -> dict[str, Any]:
    """The properties of a part of the scan account."""
    (it,) = [
        it
        for it in found
        if it.type == f"{STORAGE}/{kind}" and it.name.startswith("scan")
    ]
    told: dict[str, Any] = it.body["properties"]
    return told


def rules(found: list[Made]) -> dict[str, tuple[bool, list[str], int]]:
    """Each lifecycle rule: whether it is on, for what, and after how many days."""
    told = of_scans(found, "managementPolicies")["policy"]["rules"]
    return {
        it["name"]: (
            it["enabled"],
            it["definition"]["filters"]["prefixMatch"],
            it["definition"]["actions"]["baseBlob"]["delete"][
                "daysAfterModificationGreaterThan"
            ],
        )
        for it in told
    }


def test_a_mailed_scan_can_be_brought_back_for_two_weeks():
    """The undo of AFTER_SEND=delete."""
    told = of_scans(by_default(), "blobServices")
    assert told["deleteRetentionPolicy"] == {"enabled": True, "days": 14}
    assert told["containerDeleteRetentionPolicy"] == {"enabled": True, "days": 14}
    other = of_scans(by_default(SOFT_DELETE_DAYS="30"), "blobServices")
    assert other["deleteRetentionPolicy"]["days"] == 30


def test_what_is_sent_goes_and_what_is_held_stays():
    """Unless somebody says otherwise; scans, routes and heartbeats have no rule."""
    assert rules(by_default()) == {
        "delete-sent": (True, ["sent/"], 90),
        "delete-held": (False, ["held/"], 1),
        "delete-deadletter": (True, ["deadletter/"], 90),
    }
    told = rules(by_default(SENT_DAYS="365", HELD_DAYS="180"))
    assert told["delete-sent"] == (True, ["sent/"], 365)
    assert told["delete-held"] == (True, ["held/"], 180)


@pytest.mark.parametrize("name", SETS)
def test_services_log_who_touched_what(name):
    """Writes, reads and deletions of blobs; secrets; events; the fate of mails."""
    found = {
        it.scope.split("/")[1]: {each["category"] for each in told["logs"]}
        for it in sets.made(name)
        if it.type == "Microsoft.Insights/diagnosticSettings"
        for told in [it.body["properties"]]
        if all(each["enabled"] for each in told["logs"]) and told["workspaceId"]
    }
    wanted = {
        "storageAccounts": {"StorageRead", "StorageWrite", "StorageDelete"},
        "systemTopics": {"DeliveryFailures"},
    }
    if name != "smallest":
        mails = {"EmailSendMailOperational", "EmailStatusUpdateOperational"}
        wanted["communicationServices"] = mails
    if name == "everything":
        wanted["vaults"] = {"AuditEvent"}
    assert found == wanted
