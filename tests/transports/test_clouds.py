"""Each cloud's names, row by row, and how a cloud is recognised."""

from __future__ import annotations

import pytest

from shared.transports import clouds, xoauth2
from shared.transports.clouds import CHINA, DOD, GCC_HIGH, PUBLIC, cloud_of
from shared.transports.config import fill

from .conftest import Stage
from .peers import Peers
from .rigs import EXO, PATIENT, hve_settings

ROWS = [
    (
        "https://login.microsoftonline.com",
        "",
        "smtp.office365.com",
        "https://outlook.office365.com/.default",
        "https://outlook.office.com/SMTP.Send",
        "https://graph.microsoft.com",
    ),
    (
        "https://login.microsoftonline.us",
        "",
        "smtp.office365.us",
        "https://outlook.office365.us/.default",
        "https://outlook.office365.us/SMTP.Send",
        "https://graph.microsoft.us",
    ),
    (
        "https://login.microsoftonline.us",
        "outlook-dod.office365.us",
        "outlook-dod.office365.us",
        "https://outlook-dod.office365.us/.default",
        "https://outlook-dod.office365.us/SMTP.Send",
        "https://dod-graph.microsoft.us",
    ),
    (
        "https://login.partner.microsoftonline.cn",
        "",
        "smtp.partner.outlook.cn",
        "https://partner.outlook.cn/.default",
        "https://partner.outlook.cn/SMTP.Send",
        "https://microsoftgraph.chinacloudapi.cn",
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2])
def test_cloud_names_what_is_in_it(row: tuple[str, ...]):
    """Mail server, scopes and Graph follow from where people sign in."""
    authority, host, *names = row
    found = cloud_of(authority, host)

    assert names == [
        found.smtp_hosts[0],
        found.application_scope,
        found.delegated_scope,
        found.graph,
    ]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2])
def test_token_is_for_the_clouds_exchange(row: tuple[str, ...], peers: Peers):
    """An application asks Entra for the Exchange of its cloud."""
    config = fill(xoauth2.Config, hve_settings(peers))

    token = xoauth2.tokens(config, PATIENT, row[2]).get()

    audience = row[3].removesuffix("/.default")
    assert peers.issuer.verify(token, audience)["appid"] == config.mail_client_id


@pytest.mark.parametrize(
    ("authority", "host", "expected"),
    [
        ("https://LOGIN.microsoftonline.us/", "", GCC_HIGH),
        ("login.chinacloudapi.cn", "", CHINA),
        ("https://login.microsoftonline.us", "WEBMAIL.apps.mil", DOD),
        ("https://login.microsoftonline.us", "relay.contoso.com", GCC_HIGH),
        ("https://login.microsoftonline.com", "smtp.partner.outlook.cn", CHINA),
        ("https://127.0.0.1:8443", "", PUBLIC),
        ("https://127.0.0.1:8443", "localhost", PUBLIC),
        ("https://notlogin.microsoftonline.us", "", PUBLIC),
        ("", "", PUBLIC),
    ],
)
def test_cloud_is_recognised(authority: str, host: str, expected: clouds.Cloud):
    """A known mail server decides, then the authority; whoever is unknown is public."""
    assert cloud_of(authority, host) is expected


@pytest.mark.parametrize("cloud", clouds.CLOUDS)
def test_cloud_is_recognised_by_graph(cloud: clouds.Cloud):
    """Graph's address tells the cloud; the government's take no large files."""
    assert clouds.cloud_of_graph(cloud.graph) is cloud
    assert cloud.uploads_mail != cloud.name.startswith("US")
    assert clouds.cloud_of_graph("https://graph.contoso.com") is clouds.PUBLIC


def test_rows_do_not_overlap():
    """No host belongs to two clouds."""
    hosts = [
        host for each in clouds.CLOUDS for host in (*each.authorities, *each.smtp_hosts)
    ]

    assert len(hosts) == len(set(hosts))


@pytest.mark.parametrize(
    ("host", "resource"),
    [
        ("contoso.vault.azure.net", "https://vault.azure.net"),
        ("contoso.vault.usgovcloudapi.net", "https://vault.usgovcloudapi.net"),
        ("Contoso.vault.azure.CN", "https://vault.azure.cn"),
        ("127.0.0.1", "https://vault.azure.net"),
    ],
)
def test_key_vault_is_named_by_its_host(host: str, resource: str):
    """A vault's token is for the cloud that the vault is in."""
    assert clouds.vault_resource(host) == resource


@pytest.mark.parametrize(
    ("authority", "host", "expected"),
    [
        ("https://login.microsoftonline.us", "", "smtp.office365.us"),
        ("https://login.partner.microsoftonline.cn", "", "smtp.partner.outlook.cn"),
        ("https://login.microsoftonline.us", "relay.contoso.com", "relay.contoso.com"),
        ("https://login.contoso.com", "", "smtp.office365.com"),
    ],
)
def test_exchange_is_found_in_its_cloud(
    authority: str, host: str, expected: str, stage: Stage
):
    """EXO_HOST follows from AZURE_AUTHORITY_HOST, and wins where it is set."""
    exo = stage.build(EXO, AZURE_AUTHORITY_HOST=authority, EXO_HOST=host)

    assert exo.endpoint
    assert exo.endpoint.host == expected
