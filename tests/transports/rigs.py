"""Each registered transport, made ready for the contract: settings, and its peer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from shared import transports
from shared.transports import exo, keyvault
from shared.transports.base import Clock, Patience, Transport
from shared.transports.config import fill
from shared.transports.delegated import Entry
from shared.transports.outbox import Outbox

from .makers import SENDER
from .peers import APPLICATION, IDENTITY, PASSWORD, SECRET, TENANT, Arrived, Peers

PATIENT = Patience(connect_seconds=5, reply_seconds=5, answer_seconds=5)
HASTY = Patience(connect_seconds=2, reply_seconds=0.15, answer_seconds=0.15)


@dataclass(frozen=True, slots=True)
class Rig:
    """One transport in one way of signing in."""

    label: str
    name: str
    settings: Callable[[Peers], Mapping[str, str]]
    arrived: Callable[[Peers, Transport], list[Arrived]]
    speaks: str = ""
    """`smtp` or `acs`: which faults it can meet."""
    signs_in: bool = True
    changes: Mapping[str, str] = field(default_factory=dict)

    def build(
        self,
        peers: Peers,
        clock: Clock,
        patience: Patience = PATIENT,
        /,
        **changes: str,
    ) -> Transport:
        """Make the transport; nothing is sent yet."""
        settings = {**self.settings(peers), **self.changes, **changes}
        return transports.build(self.name, settings, clock, patience)


def hve_settings(peers: Peers) -> Mapping[str, str]:
    """Settings for HVE with a secret."""
    return {
        "HVE_SENDER": SENDER,
        "HVE_HOST": "localhost",
        "HVE_PORT": str(peers.mail.port),
        "MAIL_TENANT_ID": TENANT,
        "MAIL_CLIENT_ID": APPLICATION,
        "MAIL_CLIENT_SECRET": SECRET,
        "AZURE_AUTHORITY_HOST": peers.entra.server.url,
        "AZURE_CLIENT_ID": IDENTITY,
    }


def smtp_settings(peers: Peers) -> Mapping[str, str]:
    """Settings for any mail server, with a password."""
    return {
        "SMTP_SENDER": SENDER,
        "SMTP_HOST": "localhost",
        "SMTP_PORT": str(peers.mail.port),
        "SMTP_USER": SENDER,
        "SMTP_PASSWORD": PASSWORD,
    }


def exo_settings(peers: Peers) -> Mapping[str, str]:
    """Settings for a mailbox of Exchange Online."""
    hve = hve_settings(peers)
    others = {name: text for name, text in hve.items() if not name.startswith("HVE_")}
    port = hve["HVE_PORT"]
    return others | {"EXO_SENDER": SENDER, "EXO_HOST": "localhost", "EXO_PORT": port}


def delegated_settings(peers: Peers) -> Mapping[str, str]:
    """Settings for a mailbox of Exchange Online whose owner has signed in."""
    vault = peers.vault.server.url
    settings = {**exo_settings(peers), "TOKEN_STORE": vault}
    if not peers.vault.secrets:
        sign_in(peers, settings)
    return settings


def sign_in(peers: Peers, settings: Mapping[str, str], account: str = SENDER) -> None:
    """Sign in as a person does: a code is shown, and typed on Entra's page."""
    config = fill(exo.Config, settings)
    who = keyvault.as_identity(config.azure_client_id, PATIENT)
    entry = Entry(config, exo.store_of(config, who, PATIENT), PATIENT)
    entry.begin()
    peers.entra.people.approve(peers.entra.people.waiting[-1], account)
    assert entry.wait(lambda: datetime.now(UTC)) == account


def mx_settings(name: str) -> Callable[[Peers], Mapping[str, str]]:
    """Settings for a way to the tenant's own MX."""

    def settings(peers: Peers) -> Mapping[str, str]:
        return {
            f"{name}_SENDER": SENDER,
            f"{name}_HOST": "localhost",
            f"{name}_PORT": str(peers.mx.port),
            "INTERNAL_DOMAINS": "contoso.com",
        }

    return settings


def acs_settings(peers: Peers) -> Mapping[str, str]:
    """Settings for ACS with an access key."""
    return {
        "ACS_SENDER": SENDER,
        "ACS_CONNECTION_STRING": peers.acs.connection_string,
    }


def acs_identity_settings(peers: Peers) -> Mapping[str, str]:
    """Settings for ACS with the managed identity."""
    return {
        "ACS_SENDER": SENDER,
        "ACS_ENDPOINT": peers.acs.server.url,
        "AZURE_CLIENT_ID": IDENTITY,
    }


def graph_settings(peers: Peers) -> Mapping[str, str]:
    """Settings for a mailbox, and Microsoft Graph."""
    url = peers.graph.server.url
    return {"GRAPH_SENDER": SENDER, "GRAPH_ENDPOINT": url, "AZURE_CLIENT_ID": IDENTITY}


def _by_mail(peers: Peers, _: Transport) -> list[Arrived]:
    return peers.arrived_by_mail()


def _by_acs(peers: Peers, _: Transport) -> list[Arrived]:
    return peers.arrived_by_acs()


def _in_outbox(_: Peers, transport: Transport) -> list[Arrived]:
    assert isinstance(transport, Outbox)
    return [
        Arrived(kept.message.recipients, repr(kept).encode(), kept.file)
        for kept in transport.mails
    ]


HVE = Rig("hve", "hve", hve_settings, _by_mail, "smtp")
SMTP = Rig("smtp", "smtp", smtp_settings, _by_mail, "smtp")
EXO = Rig("exo", "exo", exo_settings, _by_mail, "smtp")
EXO_DELEGATED = Rig("exo-delegated", "exo", delegated_settings, _by_mail, "smtp")
EXO_FEDERATED = Rig(
    "exo-federated",
    "exo",
    exo_settings,
    _by_mail,
    # The ways to sign in as an application differ in no answer to a mail.
    changes={"MAIL_CLIENT_SECRET": ""},
)
RELAY = Rig("relay", "relay", mx_settings("RELAY"), _by_mail, "smtp", signs_in=False)
DIRECT = Rig(
    "direct", "direct", mx_settings("DIRECT"), _by_mail, "smtp", signs_in=False
)
ACS = Rig("acs-key", "acs", acs_settings, _by_acs, "acs")
ACS_IDENTITY = Rig("acs-identity", "acs", acs_identity_settings, _by_acs, "acs")
GRAPH = Rig(
    "graph", "graph", graph_settings, lambda it, _: it.arrived_by_graph(), "graph"
)
OUTBOX = Rig("outbox", "outbox", lambda _: {}, _in_outbox)
RIGS = (
    HVE,
    EXO,
    EXO_DELEGATED,
    EXO_FEDERATED,
    SMTP,
    RELAY,
    DIRECT,
    ACS,
    ACS_IDENTITY,
    GRAPH,
    OUTBOX,
)
