"""The order in which parts are made, and the ways between them on a closed network."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infra import sets, template, values
from tests.infra.grammar import Array, Name
from tests.infra.sets import APPS
from tests.infra.template import INFRA
from tests.infra.values import Made

NETWORK = "Microsoft.Network"
DEFAULTS = {"AZURE_ENV_NAME": "x", "INTERNAL_DOMAINS": "contoso.com"}


def waits_for(module: str) -> set[str]:
    """What `dependsOn` of a module in forwarder.bicep names."""
    told = template.load()["forwarder.bicep"].modules[module].body.get("dependsOn")
    assert isinstance(told, Array)
    return {it.name for it in told.items if isinstance(it, Name)}


def made(**changes: str) -> list[Made]:
    """What azd's answers make."""
    deployment = values.deploy(INFRA / "main.bicepparam", DEFAULTS | changes)
    return list(deployment.made())


def of(kind: str, found: list[Made]) -> list[dict[str, Any]]:
    """The properties of all resources of a type."""
    return [it.body["properties"] for it in found if it.type == kind]


def subnets(found: list[Made]) -> dict[str, dict[str, Any]]:
    """The network's subnets."""
    (network,) = of(f"{NETWORK}/virtualNetworks", found)
    return {it["name"]: it["properties"] for it in network["subnets"]}


def test_roles_come_before_those_who_need_them():
    """Event Grid tries the queue as soon as a subscription is made; the app starts."""
    assert waits_for("functions") == {"access"}
    assert waits_for("events") == {"access", "functions"}


@pytest.mark.parametrize("answer", ["NETWORK_CLOSED", "NAT_GATEWAY"])
def test_the_app_goes_out_by_the_network(answer):
    """By a subnet of its own, delegated as Flex Consumption wants it."""
    found = made(**{answer: "true"})
    (app,) = of(APPS, found)
    assert str(app["virtualNetworkSubnetId"]).endswith("/functions")
    (delegated,) = subnets(found)["functions"]["delegations"]
    assert delegated["properties"] == {"serviceName": "Microsoft.App/environments"}
    (open_app,) = of(APPS, made())
    assert open_app["virtualNetworkSubnetId"] is None


def test_mail_gets_out_of_the_network():
    """New subnets are private: by the gateway, or by the way out of old."""
    told = subnets(made(NAT_GATEWAY="true"))["functions"]
    assert "nat-vnet" in str(told["natGateway"]["id"])
    assert told["defaultOutboundAccess"] is False
    told = subnets(made(NETWORK_CLOSED="true"))["functions"]
    assert told["natGateway"] is None
    assert told["defaultOutboundAccess"] is True


def test_names_lead_to_private_endpoints():
    """Each endpoint stands in the zone of its service, and each zone in the network."""
    found = sets.made("everything")
    zones = {it.name for it in found if it.type == f"{NETWORK}/privateDnsZones"}
    linked = {
        it.name.partition("/")[0]
        for it in found
        if it.type.endswith("/virtualNetworkLinks")
    }
    assert zones == linked
    used = {
        it.name.split("/")[0].rpartition("-")[2]: str(
            it.body["properties"]["privateDnsZoneConfigs"][0]["properties"][
                "privateDnsZoneId"
            ]
        )
        for it in found
        if it.type.endswith("/privateDnsZoneGroups")
    }
    assert set(used) == {"blob", "queue", "table", "vault"}
    for service, zone in used.items():
        word = "vaultcore" if service == "vault" else service
        assert f"/privatelink.{word}." in zone
