"""Microsoft's clouds: what each calls Exchange, Graph and Key Vault. A table, and pure.

In: AZURE_AUTHORITY_HOST, and a mail server's name where one is set. Out: a `Cloud`.
From Microsoft's published lists of Office 365 addresses (worldwide, GCC High, DoD,
21Vianet) and Learn, "National clouds"; docs/settings.md says what was not tried.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """One cloud's names."""

    name: str
    authorities: tuple[str, ...]
    """Hosts of Entra's sign-in."""
    smtp_hosts: tuple[str, ...]
    """Hosts of client submission; the first is the usual one."""
    exchange: str
    """Exchange as a resource of an application's tokens."""
    exchange_of_people: str
    """Exchange as a resource of people's tokens."""
    graph: str
    """Where Graph is, and its name as a resource."""
    uploads_mail: bool = True
    """Whether Graph takes large files for mails (Learn, "createUploadSession")."""
    vault: str
    """Key Vault as a resource; `vault.` and the rest is how its hosts end."""

    @property
    def application_scope(self) -> str:
        """What an application asks for, to send by SMTP."""
        return f"{self.exchange}/.default"

    @property
    def delegated_scope(self) -> str:
        """What a person asks for, to send by SMTP."""
        return f"{self.exchange_of_people}/SMTP.Send"


PUBLIC = Cloud(
    name="public",
    authorities=("login.microsoftonline.com", "login.windows.net", "sts.windows.net"),
    smtp_hosts=("smtp.office365.com", "outlook.office365.com"),
    exchange="https://outlook.office365.com",
    exchange_of_people="https://outlook.office.com",
    graph="https://graph.microsoft.com",
    vault="https://vault.azure.net",
)
GCC_HIGH = Cloud(
    name="US Government (GCC High)",
    authorities=("login.microsoftonline.us", "login-us.microsoftonline.com"),
    smtp_hosts=("smtp.office365.us", "outlook.office365.us"),
    exchange="https://outlook.office365.us",
    exchange_of_people="https://outlook.office365.us",
    graph="https://graph.microsoft.us",
    uploads_mail=False,
    vault="https://vault.usgovcloudapi.net",
)
DOD = Cloud(
    name="US Government (DoD)",
    # Signs in where GCC High does: only the mail server's name tells them apart.
    authorities=(),
    smtp_hosts=("outlook-dod.office365.us", "webmail.apps.mil"),
    exchange="https://outlook-dod.office365.us",
    exchange_of_people="https://outlook-dod.office365.us",
    graph="https://dod-graph.microsoft.us",
    uploads_mail=False,
    vault="https://vault.usgovcloudapi.net",
)
CHINA = Cloud(
    name="China (21Vianet)",
    authorities=("login.partner.microsoftonline.cn", "login.chinacloudapi.cn"),
    smtp_hosts=("smtp.partner.outlook.cn", "partner.outlook.cn"),
    exchange="https://partner.outlook.cn",
    exchange_of_people="https://partner.outlook.cn",
    graph="https://microsoftgraph.chinacloudapi.cn",
    vault="https://vault.azure.cn",
)
CLOUDS = (PUBLIC, GCC_HIGH, DOD, CHINA)


def cloud_of(authority: str, smtp_host: str = "") -> Cloud:
    """Find the cloud: by the mail server where it is one of theirs, else by Entra's.

    An authority that nobody knows is a private one, or a test's: it names things as
    the public cloud does.
    """
    host = smtp_host.lower()
    login = (urlsplit(authority).hostname or authority).lower()
    by_mail = (each for each in CLOUDS if host and host in each.smtp_hosts)
    by_login = (each for each in CLOUDS if login in each.authorities)
    return next(by_mail, next(by_login, PUBLIC))


def cloud_of_graph(url: str) -> Cloud:
    """Find the cloud by Graph's address; what is none of theirs leads to the public."""
    return next((each for each in CLOUDS if each.graph == url.lower()), PUBLIC)


def vault_resource(host: str) -> str:
    """Key Vault's name as a resource, by the end of a vault's host."""
    for each in CLOUDS:
        ending = urlsplit(each.vault).hostname or ""
        if host.lower().endswith(f".{ending}"):
            return each.vault
    return PUBLIC.vault
