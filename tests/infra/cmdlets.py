"""The cmdlets that the scripts may use, with the parameters that Microsoft documents.

Exchange: the pages of the module ExchangePowerShell on Learn (MicrosoftDocs,
office-docs-powershell) as read in November 2026; only parameters in use are listed.
`brings_all` marks those that bring *everything* where an identity is not known: their
pages warn of it, so a look must filter what they bring.
"""

from __future__ import annotations

from dataclasses import dataclass, field

LEARN = "learn.microsoft.com/powershell/module/exchangepowershell/"
PAGE = "its page on Learn"


@dataclass(frozen=True, slots=True)
class Cmdlet:
    """One documented cmdlet."""

    parameters: frozenset[str] = field(default_factory=frozenset)
    """In lower case, without dashes."""
    source: str = PAGE
    brings_all: bool = False
    """It brings every object where the identity is not known."""


def _cmdlet(
    parameters: str = "", source: str = PAGE, *, brings_all: bool = False
) -> Cmdlet:
    return Cmdlet(frozenset(parameters.lower().split()), source, brings_all)


EXCHANGE = {
    "Add-HVEAppAccess": _cmdlet("Identity AppIds"),
    "Add-MailboxPermission": _cmdlet("Identity User AccessRights"),
    "Connect-ExchangeOnline": _cmdlet("ShowBanner Device"),
    "Disconnect-ExchangeOnline": _cmdlet("Confirm"),
    "Get-BillingPolicy": _cmdlet("ResourceType"),
    "Get-CASMailbox": _cmdlet("Identity"),
    "Get-ConnectionInformation": _cmdlet(),
    "Get-HVEAccountBillingPolicy": _cmdlet("Identity"),
    "Get-HVEAccountSettings": _cmdlet("Identity"),
    "Get-InboundConnector": _cmdlet(brings_all=True),
    "Get-MailboxPermission": _cmdlet("Identity ResultSize"),
    "Get-MailUser": _cmdlet("HVEAccount ResultSize", brings_all=True),
    "Get-ManagementRoleAssignment": _cmdlet("Role", brings_all=True),
    "Get-ManagementScope": _cmdlet(brings_all=True),
    "Get-OrganizationConfig": _cmdlet(),
    "Get-ServicePrincipal": _cmdlet(brings_all=True),
    "Get-TransportConfig": _cmdlet(),
    "New-InboundConnector": _cmdlet(
        "Name ConnectorType SenderDomains RequireTls TlsSenderCertificateName "
        "SenderIPAddresses"
    ),
    "New-MailUser": _cmdlet(
        "HVEAccount Name PrimarySmtpAddress Password",
        "its page on Learn, parameter set HVEAccount: the password is required",
    ),
    "New-ManagementRoleAssignment": _cmdlet(
        "Name App Role CustomResourceScope",
        "its page on Learn, parameter set App: the object id",
    ),
    "New-ManagementScope": _cmdlet("Name RecipientRestrictionFilter"),
    "New-ServicePrincipal": _cmdlet("AppId ObjectId DisplayName"),
    "Remove-HVEAppAccess": _cmdlet("Identity AppIds Confirm"),
    "Remove-InboundConnector": _cmdlet("Identity Confirm"),
    "Remove-MailboxPermission": _cmdlet("Identity User AccessRights Confirm"),
    "Remove-MailUser": _cmdlet("Identity Confirm"),
    "Remove-ManagementRoleAssignment": _cmdlet("Identity Confirm"),
    "Remove-ManagementScope": _cmdlet("Identity Confirm"),
    "Remove-ServicePrincipal": _cmdlet("Identity Confirm"),
    "Set-CASMailbox": _cmdlet("Identity SmtpClientAuthenticationDisabled"),
    "Set-HVEAccountBillingPolicy": _cmdlet("Identity BillingPolicyId"),
    "Set-ManagementScope": _cmdlet("Identity RecipientRestrictionFilter"),
    "Test-ServicePrincipalAuthorization": _cmdlet("Identity Resource"),
}
_CORE = "Microsoft.PowerShell.Core, Utility and Management of PowerShell 7.4"
POWERSHELL = {
    "ConvertFrom-Json": _cmdlet("", _CORE),
    "ConvertTo-Json": _cmdlet("InputObject Depth", _CORE),
    "ForEach-Object": _cmdlet("", _CORE),
    "Get-Command": _cmdlet("ErrorAction", _CORE),
    "Get-Content": _cmdlet("LiteralPath Raw", _CORE),
    "Get-Module": _cmdlet("ListAvailable", _CORE),
    "Import-Module": _cmdlet("", _CORE),
    "Join-Path": _cmdlet("", _CORE),
    "New-Item": _cmdlet("ItemType Path", _CORE),
    "Out-File": _cmdlet("LiteralPath Encoding Confirm", _CORE),
    "Out-Host": _cmdlet("", _CORE),
    "Remove-Item": _cmdlet("LiteralPath Force Recurse WhatIf Confirm", _CORE),
    "Select-Object": _cmdlet("Skip", _CORE),
    "Select-String": _cmdlet("LiteralPath Pattern Quiet", _CORE),
    "Set-StrictMode": _cmdlet("Version", _CORE),
    "Sort-Object": _cmdlet("Unique", _CORE),
    "Split-Path": _cmdlet("", _CORE),
    "Start-Sleep": _cmdlet("Seconds", _CORE),
    "Test-Path": _cmdlet("LiteralPath", _CORE),
    "Where-Object": _cmdlet("", _CORE),
    "Write-Output": _cmdlet("", _CORE),
}
PROGRAMS = {"az", "azd", "pwsh"}
"""Their options are checked by the stand-ins' table, or below."""
GRAPH_PATHS = (
    ("get", "applications"),
    ("post", "applications"),
    ("delete", "applications/ID"),
    ("get", "applications/ID/federatedIdentityCredentials"),
    ("post", "applications/ID/federatedIdentityCredentials"),
    ("delete", "applications/ID/federatedIdentityCredentials/ID"),
    ("get", "servicePrincipals"),
    ("post", "servicePrincipals"),
    ("delete", "servicePrincipals/ID"),
    ("get", "servicePrincipals/ID/appRoleAssignments"),
    ("post", "servicePrincipals/ID/appRoleAssignedTo"),
    ("delete", "servicePrincipals/ID/appRoleAssignedTo/ID"),
)
"""What is asked of Microsoft Graph v1.0, each with a page of its own on Learn."""
