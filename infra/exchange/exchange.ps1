#Requires -Version 7.4
<#
.SYNOPSIS
Prepares Exchange Online and Entra for Scanpost: what Azure's templates cannot do.

.DESCRIPTION
Looks at each thing first, and changes only what is missing: run it as often as you like.
-WhatIf shows what it would do and changes nothing. -Undo takes back what it made itself,
as written down in the record, and nothing else.

One line for each step: ok (was so already), done, NO (what is wrong, and what to do).
Exit status: 0 all is well, 1 a step failed.

Needs: the module ExchangeOnlineManagement, and for Entra the Azure CLI, signed in to the
tenant (az login). Rights: Application Administrator and Privileged Role Administrator in
Entra; Exchange Administrator, in the role group Organization Management.
For the worldwide cloud. No secret is made, asked for or shown.

.PARAMETER Part
entra: application, federated credential and consent; exchange: the rest; all: both.
Where two people share the work, the first tells -ClientId and -ObjectId to the second.

.PARAMETER Transport
hve, exo, graph, relay or direct. By default those of INTERNAL_TRANSPORT and
EXTERNAL_TRANSPORT in azd's environment.

.PARAMETER HveSender
The HVE account's address. By default HVE_SENDER of azd's environment.

.PARAMETER ExoSender
The mailboxes that exo sends from. By default EXO_SENDER.

.PARAMETER GraphSender
The mailboxes that graph sends from. By default GRAPH_SENDER.

.PARAMETER Name
What everything that is made here is called. By default Scanpost and the environment.

.PARAMETER ClientId
The application (client) id of an application that exists. By default MAIL_CLIENT_ID.

.PARAMETER ObjectId
The OBJECT id of its enterprise application; only where the part entra is left out.

.PARAMETER BillingPolicyId
The billing policy of HVE, where the tenant has several.

.PARAMETER TlsSenderCertificateName
relay: the name in the client certificate that the connector shall know.

.PARAMETER SenderIPAddresses
relay: instead of it the address that mail comes from. By default OUTBOUND_IP.

.PARAMETER Record
The file that remembers what was made. By default exchange.json in azd's environment.

.PARAMETER Device
Sign in to Exchange with a code in a browser elsewhere.

.PARAMETER Undo
Take back what the record names.

.EXAMPLE
pwsh infra/exchange/exchange.ps1 -WhatIf

.EXAMPLE
pwsh infra/exchange/exchange.ps1

.EXAMPLE
pwsh infra/exchange/exchange.ps1 -Undo
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
param(
    [ValidateSet('all', 'entra', 'exchange')] [string] $Part = 'all',
    [string[]] $Transport,
    [string] $HveSender,
    [string[]] $ExoSender,
    [string[]] $GraphSender,
    [ValidatePattern('^[A-Za-z0-9 ._-]{1,36}$')] [string] $Name,
    [string] $ClientId,
    [string] $ObjectId,
    [string] $BillingPolicyId,
    [string] $TlsSenderCertificateName,
    [string[]] $SenderIPAddresses,
    [string] $Record,
    [switch] $Device,
    [switch] $Undo
)
# `pwsh FILE` runs a script in the global scope, and modules inherit what is set there: so
# strictness is set in Start-Work, and what -WhatIf and -Confirm ask for is kept for
# Confirm-Change alone. Else modules being loaded would heed it, and `2>`, which is Out-File.
$isRehearsal = [bool] $WhatIfPreference
$confirmation = $ConfirmPreference
$WhatIfPreference = $false
$ConfirmPreference = 'None'

$exchangeAppId = '00000002-0000-0ff1-ce00-000000000000' # Office 365 Exchange Online
$audience = 'api://AzureADTokenExchange'
$roles = @{ hve = 'Mail.Send'; exo = 'SMTP.SendAsApp' }
$graphRoles = 'Application Mail.Send', 'Application Mail.ReadWrite'
$caller = $PSCmdlet
$state = @{ Failed = 0; Connected = $false; HasHve = $false; Application = ''; ClientId = ''; ObjectId = '' }

# A value of azd's environment: as a hook finds it, else as azd tells it by hand.
function Get-Known([string] $Setting) {
    $value = [Environment]::GetEnvironmentVariable($Setting)
    if (-not $value -and (Get-Command azd -ErrorAction SilentlyContinue)) {
        $value = & azd env get-value $Setting 2> $null
        if ($LASTEXITCODE -ne 0) { $value = '' }
    }
    return "$value"
}

# `pwsh FILE` hands a list over as one text, with its commas.
function Split-List([string[]] $Texts) { return "$Texts" -split '[\s,]+' | Where-Object { $_ } }

function Write-Step([string] $Mark, [string] $Text) { Write-Output "$($Mark.PadRight(4)) $Text" }

function Write-Failed([string] $Text, [string] $Hint) {
    $state.Failed++
    Write-Step 'NO' $Text
    Write-Step '' $Hint
}

# Every change passes here: -WhatIf prints it and goes on without it.
function Confirm-Change([string] $Target, [string] $Action) {
    $WhatIfPreference, $ConfirmPreference = $isRehearsal, $confirmation
    return $caller.ShouldProcess("would ${Action}: $Target", "${Action}: ${Target}?", 'exchange.ps1')
}

# One step; what it throws is said with what to do, and the next step follows.
function Invoke-Step([string] $What, [string] $Hint, [scriptblock] $Body) {
    try { & $Body }
    catch { Write-Failed "${What}: $($_.Exception.Message)" $Hint }
}

# Remembers what was made, at once: a run that breaks off can be undone, too.
function Add-Made([hashtable] $Thing) {
    $made = @(Get-Made) + [pscustomobject] $Thing
    ConvertTo-Json -InputObject $made | Out-File -LiteralPath $Record -Encoding utf8 -Confirm:$false
}

function Get-Made {
    if (Test-Path -LiteralPath $Record) { Get-Content -LiteralPath $Record -Raw | ConvertFrom-Json }
}

# Asks Microsoft Graph, by az: its PowerShell modules and Exchange's cannot be loaded into
# one process (seen 2026-09: msgraph-sdk-powershell, "Connect-MgGraph fails after
# Connect-ExchangeOnline").
function Invoke-Graph([string] $Method, [string] $Path, [string] $Filter, [hashtable] $Body) {
    $fault = [IO.Path]::GetTempFileName()
    $file = [IO.Path]::GetTempFileName()
    $words = 'rest', '--method', $Method, '--url', "https://graph.microsoft.com/v1.0/$Path",
        '--only-show-errors', '--output', 'json'
    if ($Filter) { $words += '--uri-parameters', "`$filter=$Filter" }
    if ($Body) {
        ConvertTo-Json -InputObject $Body -Depth 5 | Out-File -LiteralPath $file -Encoding utf8 -Confirm:$false
        $words += '--body', "@$file"
    }
    try {
        for ($try = 1; ; $try++) {
            $answer = @(& az @words 2> $fault)
            if ($LASTEXITCODE -eq 0) {
                if ($answer) { return $answer -join "`n" | ConvertFrom-Json }
                return
            }
            $why = "$(Get-Content -LiteralPath $fault -Raw)".Trim()
            # What was made a second ago is not known everywhere yet.
            if ($Method -ne 'post' -or $why -notmatch 'ResourceNotFound' -or $try -ge 6) { throw $why }
            Start-Sleep -Seconds 5
        }
    }
    finally { Remove-Item -LiteralPath $fault, $file -Force -WhatIf:$false -Confirm:$false }
}

# ---- Entra ------------------------------------------------------------------------------

function Connect-Entra {
    if (-not (Get-Command az -ErrorAction SilentlyContinue)) {
        throw 'the Azure CLI (az) is not installed: https://learn.microsoft.com/cli/azure/install-azure-cli'
    }
    $tenant = & az account show --query tenantId --only-show-errors --output tsv
    if ($LASTEXITCODE -ne 0) { throw "az is not signed in: az login --tenant $mailTenant --allow-no-subscriptions" }
    if ($tenant -ne $mailTenant) {
        throw "az is signed in to the tenant ${tenant}: az login --tenant $mailTenant --allow-no-subscriptions"
    }
}

# The application that sends; its id and those of its enterprise application are kept.
function Initialize-Application {
    $filter = if ($ClientId) { "appId eq '$ClientId'" } else { "displayName eq '$title'" }
    $found = @((Invoke-Graph get applications $filter).value)
    if ($found.Count -gt 1) { throw "several applications are called ${title}: say which by -ClientId" }
    if ($found.Count -eq 1) {
        Write-Step 'ok' "application ${title}: $($found[0].appId)"
    }
    elseif ($ClientId) {
        throw "there is no application $ClientId in the tenant $mailTenant"
    }
    elseif (Confirm-Change $title 'register the application') {
        $found = @(Invoke-Graph post applications -Body @{ displayName = $title; signInAudience = 'AzureADMyOrg' })
        Add-Made @{ what = 'application'; id = $found[0].id; client = $found[0].appId; name = $title }
        Write-Step 'done' "application ${title}: $($found[0].appId)"
    }
    if ($found.Count -eq 1) {
        $state.Application = $found[0].id
        $state.ClientId = $found[0].appId
    }
}

# The identity of the functions stands for the application: no secret anywhere.
function Initialize-FederatedCredential {
    if ($identityTenant -ne $mailTenant) {
        throw "the identity is in the tenant $identityTenant, mail in ${mailTenant}: a federated credential needs one tenant"
    }
    $issuer = "https://login.microsoftonline.com/$identityTenant/v2.0"
    $given = @()
    if ($state.Application) { $given = @((Invoke-Graph get "applications/$($state.Application)/federatedIdentityCredentials").value) }
    if ($given | Where-Object { $_.issuer -eq $issuer -and $_.subject -eq $principal -and $_.audiences -contains $audience }) {
        Write-Step 'ok' "federated credential for the identity $principal"
    }
    elseif (Confirm-Change $principal 'let the identity stand for the application') {
        $body = @{
            name = "scanpost-$principal"; issuer = $issuer; subject = $principal; audiences = @($audience)
            description = 'The managed identity of the Scanpost function app'
        }
        $new = Invoke-Graph post "applications/$($state.Application)/federatedIdentityCredentials" -Body $body
        Add-Made @{ what = 'federated credential'; application = $state.Application; id = $new.id; name = $principal }
        Write-Step 'done' "federated credential for the identity $principal"
    }
}

function Initialize-EnterpriseApplication {
    $found = @()
    if ($state.ClientId) { $found = @((Invoke-Graph get servicePrincipals "appId eq '$($state.ClientId)'").value) }
    if ($found.Count -eq 1) {
        Write-Step 'ok' "enterprise application: object id $($found[0].id)"
    }
    elseif (Confirm-Change $title 'make its enterprise application') {
        $found = @(Invoke-Graph post servicePrincipals -Body @{ appId = $state.ClientId })
        Add-Made @{ what = 'enterprise application'; id = $found[0].id; name = $title }
        Write-Step 'done' "enterprise application: object id $($found[0].id)"
    }
    if ($found.Count -eq 1) { $state.ObjectId = $found[0].id }
}

# The permission and the administrator's consent to it are one thing: an assignment.
function Initialize-Consent([string] $Role) {
    $exchange = @((Invoke-Graph get servicePrincipals "appId eq '$exchangeAppId'").value)
    if ($exchange.Count -ne 1) { throw 'Office 365 Exchange Online is not in this tenant' }
    $wanted = @($exchange[0].appRoles | Where-Object { $_.value -eq $Role -and $_.allowedMemberTypes -contains 'Application' })
    if ($wanted.Count -ne 1) { throw "Office 365 Exchange Online offers no application permission $Role" }
    $given = @()
    if ($state.ObjectId) { $given = @((Invoke-Graph get "servicePrincipals/$($state.ObjectId)/appRoleAssignments").value) }
    if ($given | Where-Object { $_.resourceId -eq $exchange[0].id -and $_.appRoleId -eq $wanted[0].id }) {
        Write-Step 'ok' "permission $Role of Office 365 Exchange Online, with consent"
    }
    elseif (Confirm-Change $Role 'grant the permission, with consent') {
        $body = @{ principalId = $state.ObjectId; resourceId = $exchange[0].id; appRoleId = $wanted[0].id }
        $new = Invoke-Graph post "servicePrincipals/$($exchange[0].id)/appRoleAssignedTo" -Body $body
        Add-Made @{ what = 'consent'; resource = $exchange[0].id; id = $new.id; name = $Role }
        Write-Step 'done' "permission $Role of Office 365 Exchange Online, with consent"
    }
}

# A permission of Graph in Entra would hold for every mailbox, whatever Exchange says.
function Test-GraphPermission {
    $given = @((Invoke-Graph get "servicePrincipals/$principal/appRoleAssignments").value)
    if ($given | Where-Object { $_.resourceDisplayName -eq 'Microsoft Graph' }) {
        throw 'the identity has permissions of Microsoft Graph in Entra: those hold for every mailbox'
    }
    Write-Step 'ok' 'the identity has no permission of Microsoft Graph in Entra'
}

# ---- Exchange ---------------------------------------------------------------------------

function Connect-Exchange {
    if (-not (Get-Module ExchangeOnlineManagement -ListAvailable)) {
        throw 'its module is not installed: Install-Module ExchangeOnlineManagement -Scope CurrentUser'
    }
    Import-Module ExchangeOnlineManagement
    $words = @{ ShowBanner = $false }
    if ($Device) { $words.Device = $true }
    Connect-ExchangeOnline @words
    $state.Connected = $true
    $tenants = @(Get-ConnectionInformation | Where-Object { $_.State -eq 'Connected' } | ForEach-Object { "$($_.TenantID)" })
    if ($tenants -notcontains $mailTenant) { throw "signed in to the tenant $tenants, but mail is in $mailTenant" }
}

# A password that nobody learns: the account must have one, and the application never uses it.
function Get-UnknownPassword {
    $password = [securestring]::new()
    'aA1-'.ToCharArray() | ForEach-Object { $password.AppendChar($_) }
    foreach ($byte in [Security.Cryptography.RandomNumberGenerator]::GetBytes(40)) {
        $password.AppendChar([char](33 + $byte % 94))
    }
    return $password
}

function Initialize-HveAccount {
    # Exchange's Get- cmdlets bring everything where an identity is not known: look by hand.
    $found = @(Get-MailUser -HVEAccount -ResultSize Unlimited | Where-Object { "$($_.PrimarySmtpAddress)" -eq $HveSender })
    if ($found) {
        Write-Step 'ok' "HVE account $HveSender"
    }
    elseif (Confirm-Change $HveSender 'make the HVE account') {
        $null = New-MailUser -HVEAccount -Name $title -PrimarySmtpAddress $HveSender -Password (Get-UnknownPassword)
        Add-Made @{ what = 'HVE account'; id = $HveSender; name = $HveSender }
        Write-Step 'done' "HVE account $HveSender"
        $found = @($HveSender)
    }
    $state.HasHve = $found.Count -gt 0
}

function Initialize-Billing {
    if (-not $state.HasHve) {
        $null = Confirm-Change $HveSender 'set the billing policy'
        return
    }
    if (Get-HVEAccountBillingPolicy -Identity $HveSender | Where-Object { "$($_.BillingPolicyStatus)" -eq 'BillingPolicyValid' }) {
        Write-Step 'ok' "$HveSender has a valid billing policy"
        return
    }
    $policy = $BillingPolicyId
    if (-not $policy) {
        $policies = @(Get-BillingPolicy -ResourceType HVE | ForEach-Object { "$($_.Id)" })
        if ($policies.Count -ne 1) { throw "$($policies.Count) billing policies for HVE: $policies" }
        $policy = $policies[0]
    }
    if (Confirm-Change $HveSender "set the billing policy $policy") {
        Set-HVEAccountBillingPolicy -Identity $HveSender -BillingPolicyId $policy
        Add-Made @{ what = 'billing policy'; id = $HveSender; name = $policy }
        Write-Step 'done' "$HveSender is billed by the policy $policy"
    }
}

function Initialize-HveAccess {
    $allowed = if ($state.HasHve) { "$((Get-HVEAccountSettings -Identity $HveSender).AllowedApps)" } else { '' }
    if ($state.ObjectId -and $allowed -like "*$($state.ObjectId)*") {
        Write-Step 'ok' "$HveSender lets the application send"
    }
    elseif (Confirm-Change $HveSender 'let the application send from the HVE account') {
        # The enterprise application's OBJECT id, not the application (client) id.
        Add-HVEAppAccess -Identity $HveSender -AppIds $state.ObjectId
        Add-Made @{ what = 'HVE access'; id = $HveSender; app = $state.ObjectId; name = $HveSender }
        Write-Step 'done' "$HveSender lets the application send, in five minutes at most"
    }
}

# Exchange's own record of a service principal; returns nothing, keeps nothing.
function Initialize-ServicePrincipal([string] $AppId, [string] $Id, [string] $DisplayName) {
    if (Find-ServicePrincipal $Id) {
        Write-Step 'ok' "Exchange knows $DisplayName"
    }
    elseif (Confirm-Change $Id "tell Exchange of $DisplayName") {
        $null = New-ServicePrincipal -AppId $AppId -ObjectId $Id -DisplayName $DisplayName
        Add-Made @{ what = 'service principal'; id = $Id; name = $DisplayName }
        Write-Step 'done' "Exchange knows $DisplayName"
    }
}

function Find-ServicePrincipal([string] $Id) {
    return Get-ServicePrincipal | Where-Object { "$($_.ObjectId)" -eq $Id }
}

function Initialize-MailboxPermission([string] $Mailbox) {
    # Exchange may name the holder by any of its names.
    $names = @(Find-ServicePrincipal $state.ObjectId | ForEach-Object { $_.PSObject.Properties.Value } | ForEach-Object { "$_" })
    $given = Get-MailboxPermission -Identity $Mailbox -ResultSize Unlimited |
        Where-Object { "$($_.AccessRights)" -match 'FullAccess' -and -not $_.Deny -and $names -contains "$($_.User)" }
    if ($given) {
        Write-Step 'ok' "the application has full access to $Mailbox"
    }
    elseif (Confirm-Change $Mailbox 'give the application full access to the mailbox') {
        $null = Add-MailboxPermission -Identity $Mailbox -User $state.ObjectId -AccessRights FullAccess
        Add-Made @{ what = 'mailbox permission'; id = $Mailbox; app = $state.ObjectId; name = $Mailbox }
        Write-Step 'done' "the application has full access to $Mailbox"
    }
}

function Initialize-SmtpAuth([string] $Mailbox) {
    $own = (Get-CASMailbox -Identity $Mailbox).SmtpClientAuthenticationDisabled
    $isOff = if ($null -eq $own) { (Get-TransportConfig).SmtpClientAuthenticationDisabled } else { $own }
    if (-not $isOff) {
        Write-Step 'ok' "SMTP AUTH is on for $Mailbox"
    }
    elseif (Confirm-Change $Mailbox 'turn SMTP AUTH on for the mailbox') {
        Set-CASMailbox -Identity $Mailbox -SmtpClientAuthenticationDisabled $false
        Add-Made @{ what = 'SMTP AUTH'; id = $Mailbox; before = $own; name = $Mailbox }
        Write-Step 'done' "SMTP AUTH is on for $Mailbox"
    }
}

# The mailboxes that graph may use, and no others.
function Initialize-Scope {
    $filter = ($GraphSender | ForEach-Object { "PrimarySmtpAddress -eq '$($_.Replace("'", "''"))'" }) -join ' -or '
    $found = @(Get-ManagementScope | Where-Object { $_.Name -eq $title })
    $old = if ($found) { "$($found[0].RecipientFilter)" } else { '' }
    $isWhole = -not ($GraphSender | Where-Object { $old -notlike "*'$_'*" })
    if ($found -and $isWhole -and [regex]::Matches($old, '-eq').Count -eq @($GraphSender).Count) {
        Write-Step 'ok' "scope ${title}: $GraphSender"
    }
    elseif ($found -and (Confirm-Change $title "set the scope to $GraphSender")) {
        Set-ManagementScope -Identity $title -RecipientRestrictionFilter $filter
        Write-Step 'done' "scope ${title}: $GraphSender"
    }
    elseif (-not $found -and (Confirm-Change $title "make the scope for $GraphSender")) {
        $null = New-ManagementScope -Name $title -RecipientRestrictionFilter $filter
        Add-Made @{ what = 'scope'; id = $title; name = $title }
        Write-Step 'done' "scope ${title}: $GraphSender"
    }
}

function Initialize-GraphRole([string] $Role) {
    $assignment = "$title $Role"
    if (Get-ManagementRoleAssignment -Role $Role | Where-Object { $_.Name -eq $assignment }) {
        Write-Step 'ok' "$Role in the scope $title"
    }
    elseif (Confirm-Change $Role "assign the role in the scope $title") {
        $null = New-ManagementRoleAssignment -Name $assignment -App $principal -Role $Role -CustomResourceScope $title
        Add-Made @{ what = 'role'; id = $assignment; name = $Role }
        Write-Step 'done' "$Role in the scope $title"
    }
}

# Whether Exchange itself says that the identity may use a mailbox.
function Test-GraphRole([string] $Mailbox) {
    if ($isRehearsal -and -not (Find-ServicePrincipal $principal)) { return }
    $rights = @(Test-ServicePrincipalAuthorization -Identity $principal -Resource $Mailbox)
    foreach ($role in $graphRoles) {
        if (-not ($rights | Where-Object { $_.RoleName -eq $role -and "$($_.InScope)" -eq 'True' })) {
            throw "$role does not reach $Mailbox yet"
        }
    }
    Write-Step 'ok' "the identity may use $Mailbox"
}

function Initialize-Connector {
    if (Get-InboundConnector | Where-Object { $_.Name -eq $title }) {
        Write-Step 'ok' "inbound connector $title"
        return
    }
    $how = @{ Name = $title; ConnectorType = 'OnPremises'; SenderDomains = '*'; RequireTls = $true }
    if ($TlsSenderCertificateName) { $how.TlsSenderCertificateName = $TlsSenderCertificateName }
    elseif ($SenderIPAddresses) { $how.SenderIPAddresses = $SenderIPAddresses }
    else { throw 'neither a certificate name nor an address is known that the connector shall know' }
    if (Confirm-Change $title 'make the inbound connector') {
        $null = New-InboundConnector @how
        Add-Made @{ what = 'connector'; id = $title; name = $title }
        Write-Step 'done' "inbound connector $title"
    }
}

function Test-DirectSend {
    if ((Get-OrganizationConfig).RejectDirectSend) {
        throw 'the organization rejects Direct Send (RejectDirectSend), which is a good setting to keep'
    }
    Write-Step 'ok' 'the organization takes Direct Send'
}

# ---- Undo -------------------------------------------------------------------------------

function Undo-One([pscustomobject] $Thing) {
    if (Confirm-Change $Thing.name "take back the $($Thing.what)") {
        switch ($Thing.what) {
            'application' {
                Invoke-Graph delete "applications/$($Thing.id)"
                # The next run would look for it in vain.
                $isSet = (Get-Known 'MAIL_CLIENT_ID') -eq $Thing.client
                if ($isSet -and (Get-Command azd -ErrorAction SilentlyContinue)) { & azd env set MAIL_CLIENT_ID '' }
            }
            'federated credential' { Invoke-Graph delete "applications/$($Thing.application)/federatedIdentityCredentials/$($Thing.id)" }
            'enterprise application' { Invoke-Graph delete "servicePrincipals/$($Thing.id)" }
            'consent' { Invoke-Graph delete "servicePrincipals/$($Thing.resource)/appRoleAssignedTo/$($Thing.id)" }
            'HVE account' { Remove-MailUser -Identity $Thing.id -Confirm:$false }
            'billing policy' { Set-HVEAccountBillingPolicy -Identity $Thing.id -BillingPolicyId '' }
            'HVE access' { Remove-HVEAppAccess -Identity $Thing.id -AppIds $Thing.app -Confirm:$false }
            'service principal' { Remove-ServicePrincipal -Identity $Thing.id -Confirm:$false }
            'mailbox permission' { Remove-MailboxPermission -Identity $Thing.id -User $Thing.app -AccessRights FullAccess -Confirm:$false }
            'SMTP AUTH' { Set-CASMailbox -Identity $Thing.id -SmtpClientAuthenticationDisabled $Thing.before }
            'scope' { Remove-ManagementScope -Identity $Thing.id -Confirm:$false }
            'role' { Remove-ManagementRoleAssignment -Identity $Thing.id -Confirm:$false }
            'connector' { Remove-InboundConnector -Identity $Thing.id -Confirm:$false }
            default { throw "the record names a thing that this script does not know: $($Thing.what)" }
        }
        $rest = @(Get-Made | Where-Object { ($_ | ConvertTo-Json) -ne ($Thing | ConvertTo-Json) })
        ConvertTo-Json -InputObject $rest | Out-File -LiteralPath $Record -Encoding utf8 -Confirm:$false
        Write-Step 'done' "took back the $($Thing.what): $($Thing.name)"
    }
}

# What was made last goes first. What is gone already fails, says so, and stays on record.
function Undo-All {
    $made = @(Get-Made)
    if (-not $made) {
        Write-Step 'ok' "nothing to take back: $Record names nothing"
        return
    }
    [array]::Reverse($made)
    $inEntra = 'application', 'federated credential', 'enterprise application', 'consent'
    if ($made | Where-Object { $inEntra -contains $_.what }) { Connect-Entra }
    if ($made | Where-Object { $inEntra -notcontains $_.what }) { Connect-Exchange }
    foreach ($thing in $made) {
        Invoke-Step "$($thing.what) $($thing.name)" "where it is gone already, take it out of $Record" { Undo-One $thing }
    }
}

# ---- In order ---------------------------------------------------------------------------

function Initialize-Entra {
    Connect-Entra
    if ($sends) {
        Initialize-Application
        Initialize-FederatedCredential
        Initialize-EnterpriseApplication
        foreach ($each in $sends) { Initialize-Consent $roles[$each] }
    }
    if ($ways -contains 'graph') {
        Invoke-Step 'permissions of the identity' 'take them away in Entra: enterprise applications, permissions' { Test-GraphPermission }
    }
}

# Says what must be known before anything is changed.
function Test-Answers {
    $missing = @()
    if (-not $mailTenant) { $missing += 'AZURE_TENANT_ID' }
    if (-not $principal) { $missing += 'IDENTITY_PRINCIPAL_ID' }
    if ($ways -contains 'hve' -and -not $HveSender) { $missing += 'HVE_SENDER' }
    if ($ways -contains 'exo' -and -not $ExoSender) { $missing += 'EXO_SENDER' }
    if ($ways -contains 'graph' -and -not $GraphSender) { $missing += 'GRAPH_SENDER' }
    if ($ways -contains 'graph' -and -not $identityClient) { $missing += 'IDENTITY_CLIENT_ID' }
    if ($Part -eq 'exchange' -and $sends -and -not ($ClientId -and $ObjectId)) { $missing += '-ClientId and -ObjectId' }
    if ($missing) { throw "not known: $($missing -join ', '); run azd provision first, then this in the same folder" }
}

function Initialize-Exchange {
    Connect-Exchange
    $hint = 'an Exchange Administrator runs it; it can be run again'
    if ($ways -contains 'hve') {
        Invoke-Step "HVE account $HveSender" $hint { Initialize-HveAccount }
        Invoke-Step 'billing' 'Microsoft 365 admin center, Billing, Pay-as-you-go: make one for High Volume Email, or say which by -BillingPolicyId' { Initialize-Billing }
        Invoke-Step "access to $HveSender" 'a new account takes some minutes: run it again' { Initialize-HveAccess }
    }
    if ($ways -contains 'exo') {
        Invoke-Step "Exchange and $title" $hint { Initialize-ServicePrincipal $state.ClientId $state.ObjectId $title }
        foreach ($mailbox in $ExoSender) {
            Invoke-Step "access to $mailbox" 'the mailbox must be there; a new application takes some minutes' { Initialize-MailboxPermission $mailbox }
            Invoke-Step "SMTP AUTH of $mailbox" $hint { Initialize-SmtpAuth $mailbox }
        }
    }
    if ($ways -contains 'graph') {
        Invoke-Step 'Exchange and the identity' $hint { Initialize-ServicePrincipal $identityClient $principal "$title identity" }
        Invoke-Step "scope $title" $hint { Initialize-Scope }
        foreach ($role in $graphRoles) { Invoke-Step $role $hint { Initialize-GraphRole $role } }
        foreach ($mailbox in $GraphSender) {
            Invoke-Step "rights on $mailbox" 'a new role takes up to two hours: look again by -WhatIf' { Test-GraphRole $mailbox }
        }
    }
    if ($ways -contains 'relay') {
        Invoke-Step "inbound connector $title" 'say -TlsSenderCertificateName or -SenderIPAddresses' { Initialize-Connector }
    }
    if ($ways -contains 'direct') {
        Invoke-Step 'Direct Send' 'prefer hve, or relay with a connector: docs/transports.md' { Test-DirectSend }
    }
}

# What the deployment must know, set where azd is there.
function Set-Deployment {
    if (-not $sends -or -not $state.ClientId) { return }
    foreach ($pair in @('MAIL_TENANT_ID', $mailTenant), @('MAIL_CLIENT_ID', $state.ClientId)) {
        if ((Get-Known $pair[0]) -eq $pair[1]) {
            Write-Step 'ok' "azd env set $($pair[0]) $($pair[1])"
        }
        elseif (-not (Get-Command azd -ErrorAction SilentlyContinue)) {
            Write-Step 'NO' "set it where azd is: azd env set $($pair[0]) $($pair[1])"
        }
        elseif (Confirm-Change $pair[0] 'set the value in the environment of azd') {
            & azd env set $pair[0] $pair[1]
            if ($LASTEXITCODE -ne 0) { throw "azd env set $($pair[0]) $($pair[1]) failed" }
            Write-Step 'done' "azd env set $($pair[0]) $($pair[1]); now run azd provision"
        }
    }
}

function Start-Work {
    Set-StrictMode -Version Latest
    $ErrorActionPreference = 'Stop'
    # The cmdlets of a module see only this of what their caller wishes: without it a
    # refusal of Exchange would be printed, and the step be done.
    $PSDefaultParameterValues = @{ '*:ErrorAction' = 'Stop' }
    $PSNativeCommandUseErrorActionPreference = $false
    try {
        if ($Undo) {
            Undo-All
        }
        elseif ($Transport -and ($every | Where-Object { $known -notcontains $_ })) {
            throw "-Transport takes ${known}: not $every"
        }
        elseif (-not $ways) {
            Write-Step 'ok' 'no transport needs Exchange'
        }
        else {
            Test-Answers
            if ($Part -ne 'exchange') { Initialize-Entra }
            if ($Part -ne 'entra') { Initialize-Exchange }
            Set-Deployment
        }
    }
    catch {
        Write-Failed $_.Exception.Message 'mend that and run it again: what is done stays done'
    }
    finally {
        if ($state.Connected) { Disconnect-ExchangeOnline -Confirm:$false }
    }
}

$identityTenant = Get-Known 'AZURE_TENANT_ID'
$mailTenant = Get-Known 'MAIL_TENANT_ID'
if (-not $mailTenant) { $mailTenant = $identityTenant }
$principal = Get-Known 'IDENTITY_PRINCIPAL_ID'
$identityClient = Get-Known 'IDENTITY_CLIENT_ID'
$environment = Get-Known 'AZURE_ENV_NAME'
$title = if ($Name) { $Name } else { ("Scanpost $environment" -replace '[^A-Za-z0-9 ._-]', '-').Trim() }
# A role assignment's name, which the title begins, has 64 characters at most.
if ($title.Length -gt 36) { $title = $title.Substring(0, 36).Trim() }
$known = 'hve', 'exo', 'graph', 'relay', 'direct'
$every = @(Split-List $(if ($Transport) { $Transport } else { (Get-Known 'INTERNAL_TRANSPORT'), (Get-Known 'EXTERNAL_TRANSPORT') }))
$ways = @($known | Where-Object { $every -contains $_ })
if (-not $HveSender) { $HveSender = Get-Known 'HVE_SENDER' }
$ExoSender = @(Split-List $(if ($ExoSender) { $ExoSender } else { Get-Known 'EXO_SENDER' }))
$GraphSender = @(Split-List $(if ($GraphSender) { $GraphSender } else { Get-Known 'GRAPH_SENDER' }))
$SenderIPAddresses = @(Split-List $(if ($SenderIPAddresses) { $SenderIPAddresses } else { Get-Known 'OUTBOUND_IP' }))
if (-not $ClientId) { $ClientId = Get-Known 'MAIL_CLIENT_ID' }
if (-not $Record) {
    $folder = Join-Path (Split-Path (Split-Path $PSScriptRoot)) ".azure/$environment"
    $Record = Join-Path $(if ($environment -and (Test-Path -LiteralPath $folder)) { $folder } else { "$PWD" }) 'exchange.json'
}
$sends = @('hve', 'exo' | Where-Object { $ways -contains $_ })
$state.ClientId = $ClientId
$state.ObjectId = $ObjectId

Start-Work
exit [int]($state.Failed -gt 0)
