# After `azd provision`: seeds config/routes.toml, makes the folders of printers, verifies
# the mail domain, and says what is still missing. Run again as often as you like: what is
# there is left as it is.
# Exit status: 0 done, or left to you in words; 1 something was tried and failed.
# The twin of postprovision.sh; a test compares the two.
if (-not $env:AZURE_SUBSCRIPTION_ID) { throw 'run it by azd: azd hooks run postprovision' }
if (-not $env:SCAN_STORAGE_ACCOUNT) { throw 'run azd provision first' }
. (Join-Path $PSScriptRoot 'azure.ps1')

$mailApiVersion = '2026-03-18'
$unmatched = Get-Answer 'UNMATCHED_RECIPIENT'
$zone = Get-Answer 'SCAN_TIMEZONE' 'UTC'
$language = Get-Answer 'SCAN_LANGUAGE' 'en'

# Whether this machine knows a time zone by its IANA name; UTC needs no look.
function Test-Zone([string] $Name) {
    if ('UTC', 'Etc/UTC' -ccontains $Name) { return $true }
    if ($Name -cnotmatch '\A[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*\z') { return $false }
    if ($Name -cmatch '\A(posix/|right/|localtime\z|posixrules\z)') { return $false }
    try {
        $found = [TimeZoneInfo]::FindSystemTimeZoneById($Name)
        return $found.HasIanaId -and $found.Id -ceq $Name
    }
    catch [TimeZoneNotFoundException], [InvalidTimeZoneException], [System.Security.SecurityException] {
        return $false
    }
}

# The first routes.toml. Nothing that the product would refuse: a broken file makes every
# scan wait.
function Get-Routes {
    '# Who gets a scan: docs/routing.md tells all that can stand here.'
    '# Written once, by the first deployment; it is yours and is never overwritten.'
    '[defaults]'
    if (Test-Address $unmatched) { "fallback = `"$unmatched`"" } else { '# fallback = "office@contoso.com"' }
    if (Test-Zone $zone) { "timezone = `"$zone`"" } else { '# timezone = "Europe/Berlin"' }
    if ('en', 'de' -ccontains $language) { "language = `"$language`"" } else { '# language = "en"' }
}

# Says which answers could not be written.
function Write-Doubts {
    if (-not $unmatched) {
        Write-Also 'nobody gets scans that match nothing: they are held (UNMATCHED_RECIPIENT is empty)'
    }
    elseif (-not (Test-Address $unmatched)) {
        Write-No 'UNMATCHED_RECIPIENT is no plain address and was left out: write fallback into routes.toml by hand'
    }
    if (-not (Test-Zone $zone)) {
        Write-No 'SCAN_TIMEZONE is no IANA time zone that this machine knows and was left out: times are in UTC'
    }
    if ('en', 'de' -cnotcontains $language) {
        Write-No 'SCAN_LANGUAGE is neither en nor de and was left out: mails are in English'
    }
}

function Initialize-Routes {
    $file = "$scratch/routes.toml"
    # Line feeds and no byte order mark, on every system.
    [IO.File]::WriteAllText($file, ((Get-Routes) -join "`n") + "`n")
    $command = 'az', 'storage', 'blob', 'upload', '--subscription', (Get-Answer 'AZURE_SUBSCRIPTION_ID'),
        '--auth-mode', 'login', '--account-name', (Get-Answer 'SCAN_STORAGE_ACCOUNT'),
        '--container-name', 'config', '--name', 'routes.toml', '--file', "$scratch/routes.toml",
        '--overwrite', 'false', '--no-progress', '--only-show-errors', '--output', 'none'
    if ($run.ByHand -or (Get-Answer 'NETWORK_CLOSED') -eq 'true') {
        $why = if ($run.ByHand) { $run.ByHand } else { 'the storage account takes no calls from outside its network' }
        Write-No "config/routes.toml is not seeded: $why"
        Write-Also 'write this to routes.toml:'
        Get-Routes | ForEach-Object { "        $_" }
        Write-Also 'and run, from where the account can be reached:'
        Write-Shown ($command -replace [regex]::Escape($file), 'routes.toml')
        return
    }
    if (Invoke-Patiently $command) {
        Write-Ok 'config/routes.toml is seeded'
        Write-Doubts
    }
    elseif (Test-Fault 'BlobAlreadyExists') {
        Write-Ok 'config/routes.toml is there: left as it is'
    }
    else {
        Write-Refused 'config/routes.toml is not seeded' 'postprovision'
    }
}

# A printer whose home is not there is not let in ("Home Directory not accessible"), and a
# template cannot make a folder. A file makes its folder; the product ignores dotfiles.
function Initialize-Homes {
    foreach ($user in (Get-Answer 'SFTP_USERS') -split ',' | Where-Object { $_ }) {
        $file = "$scratch/home.txt"
        [IO.File]::WriteAllText($file, "It keeps the folder of a printer: without, its sign-in by SFTP fails.`n")
        $command = 'az', 'storage', 'blob', 'upload', '--subscription', (Get-Answer 'AZURE_SUBSCRIPTION_ID'),
            '--auth-mode', 'login', '--account-name', (Get-Answer 'SCAN_STORAGE_ACCOUNT'),
            '--container-name', 'scans', '--name', "$user/.home", '--file', "$scratch/home.txt",
            '--overwrite', 'false', '--no-progress', '--only-show-errors', '--output', 'none'
        if ($run.ByHand -or (Get-Answer 'NETWORK_CLOSED') -eq 'true') {
            $why = if ($run.ByHand) { $run.ByHand } else { 'the storage account takes no calls from outside its network' }
            Write-No "the folder of printer $user is not made: $why"
            Write-Also 'from where the account can be reached, with any text as home.txt:'
            Write-Shown ($command -replace [regex]::Escape($file), 'home.txt')
        }
        elseif (Invoke-Patiently $command) {
            Write-Ok "the folder of printer $user is made"
        }
        elseif (Test-Fault 'BlobAlreadyExists') {
            Write-Ok "the folder of printer $user is there"
        }
        else {
            Write-Refused "the folder of printer $user is not made" 'postprovision'
        }
    }
}

# Asks for the four states; they are in Answer, one a line.
function Read-States([string] $DomainUrl) {
    $command = 'az', 'rest', '--subscription', (Get-Answer 'AZURE_SUBSCRIPTION_ID'), '--method', 'get',
        '--url', "$DomainUrl`?api-version=$mailApiVersion",
        '--query', 'properties.verificationStates.[Domain.status, SPF.status, DKIM.status, DKIM2.status]',
        '--only-show-errors', '--output', 'tsv'
    return Invoke-Patiently $command
}

# Starts what was never started or has failed. Refused while the DNS record is missing.
function Start-Verification([string] $DomainUrl, [string] $Kind, [string] $State) {
    if ($State -eq 'Verified') { return }
    if ('VerificationRequested', 'VerificationInProgress' -contains $State) {
        Write-Also "${Kind}: Azure is looking"
        return
    }
    [IO.File]::WriteAllText("$scratch/body.json", "{`"verificationType`": `"$Kind`"}")
    $command = 'az', 'rest', '--subscription', (Get-Answer 'AZURE_SUBSCRIPTION_ID'), '--method', 'post',
        '--url', "$DomainUrl/initiateVerification?api-version=$mailApiVersion",
        '--body', "@$scratch/body.json", '--only-show-errors', '--output', 'none'
    if (Invoke-Patiently $command) {
        Write-Also "${Kind}: verification is started"
    }
    else {
        Write-Also "${Kind}: not started ($(Get-FirstLine))"
    }
}

function Test-Verified { @($run.Answer -eq 'Verified').Count -eq 4 }

function Confirm-Domain {
    $domain = Get-Answer 'MAIL_DOMAIN'
    if (-not (Get-Answer 'EMAIL_SERVICE_NAME')) { return }
    if (-not $domain -or $domain -eq 'AzureManagedDomain' -or $domain -like '*.azurecomm.net') { return }
    if ($run.ByHand) {
        Write-No "the domain $domain is not looked at: $($run.ByHand)"
        return
    }
    $url = "/subscriptions/$(Get-Answer 'AZURE_SUBSCRIPTION_ID')/resourceGroups/$(Get-Answer 'AZURE_RESOURCE_GROUP')" +
        "/providers/Microsoft.Communication/emailServices/$(Get-Answer 'EMAIL_SERVICE_NAME')/domains/$domain"
    if (-not (Read-States $url)) {
        Write-Failed "the domain ${domain}: $(Get-FirstLine)"
        return
    }
    if (-not (Test-Verified)) {
        $states = $run.Answer + @('', '', '', '')
        $place = 0
        foreach ($kind in 'Domain', 'SPF', 'DKIM', 'DKIM2') {
            Start-Verification $url $kind $states[$place]
            $place++
        }
        if (-not (Read-States $url)) {
            Write-Failed "the domain ${domain}: $(Get-FirstLine)"
            return
        }
    }
    Write-Domain $domain
}

function Write-Domain([string] $Domain) {
    if (-not (Test-Verified)) {
        Write-No "the domain $Domain is not verified yet (Domain, SPF, DKIM, DKIM2: $($run.Answer -join ' '))"
        Write-Also 'add these DNS records, wait until they are public, then: azd hooks run postprovision'
        Get-Texts (Get-Answer 'DNS_RECORDS') | ForEach-Object { "        $_" }
        return
    }
    Write-Ok "the domain $Domain is verified"
    if ((Get-Answer 'MAIL_DOMAIN_VERIFIED') -eq 'true') { return }
    $command = 'azd', 'env', 'set', 'MAIL_DOMAIN_VERIFIED', 'true'
    if ((Get-Command azd -ErrorAction SilentlyContinue) -and (Invoke-Once $command)) {
        Write-Also 'run azd provision once more: it links the domain, and mail can leave by it'
    }
    else {
        Write-Also 'run azd env set MAIL_DOMAIN_VERIFIED true and azd provision: it links the domain'
    }
}

# Exchange is prepared by a script of its own, since Azure's templates cannot: here only
# where somebody asked for it, because it signs a person in.
function Initialize-Exchange {
    if ((Get-Answer 'SETUP_EXCHANGE') -ne 'true') { return }
    if (-not (Get-Command pwsh -ErrorAction SilentlyContinue)) {
        Write-Failed 'PowerShell 7 (pwsh) is not installed here: Exchange is not prepared'
        Write-Also 'get it: https://learn.microsoft.com/powershell/scripting/install/installing-powershell'
        return
    }
    # A process of its own: its modules load libraries that must not meet others.
    & pwsh -NoProfile -File (Join-Path $PSScriptRoot '../exchange/exchange.ps1')
    if ($LASTEXITCODE -eq 0) {
        $run.Prepared = $true
    }
    else {
        Write-Failed 'infra/exchange/exchange.ps1 did not finish: see above'
    }
}

# What nothing but a person can do.
function Write-Missing {
    if ((Test-Transport 'hve') -and -not (Get-Answer 'HVE_SENDER')) {
        Write-No 'HVE_SENDER is not set: azd env set HVE_SENDER scans@contoso.com'
    }
    if ((Test-Transport 'exo') -and -not (Get-Answer 'EXO_SENDER')) {
        Write-No 'EXO_SENDER is not set: azd env set EXO_SENDER scans@contoso.com'
    }
    if ((Test-Transport 'graph') -and -not (Get-Answer 'GRAPH_SENDER')) {
        Write-No 'GRAPH_SENDER is not set: azd env set GRAPH_SENDER scans@contoso.com'
    }
    if ((Test-WaitsForExchange) -and $run.Prepared) {
        Write-Also 'Exchange is prepared: run azd provision once more, then the functions know the application'
    }
    elseif (Test-WaitsForExchange) {
        Write-No 'MAIL_CLIENT_ID is not set: until then the functions do not start, and scans wait in storage'
        Write-Also 'an administrator of Exchange and Entra prepares both: pwsh infra/exchange/exchange.ps1 -WhatIf shows it, without -WhatIf it is done'
        Write-Also 'then: azd provision'
    }
    if (Test-Transport 'relay') {
        Write-Also "relay: the inbound connector must know $(Get-Answer 'OUTBOUND_IP' 'the client certificate'): docs/transports.md"
    }
    if (Test-Transport 'direct') {
        Write-Also 'direct: Exchange must not reject Direct Send: pwsh infra/exchange/exchange.ps1 looks'
    }
    if ((Get-Answer 'EXTERNAL_TRANSPORT' 'none') -eq 'none') {
        Write-Also 'people outside get no scans: EXTERNAL_TRANSPORT is none'
    }
    $logins = @(Get-Texts (Get-Answer 'SFTP_LOGINS'))
    if ($logins) {
        Write-Also 'printers sign in by SFTP as:'
        $logins | ForEach-Object { "        $_" }
    }
    Get-Texts (Get-Answer 'NEXT_STEPS') | ForEach-Object { "    $_" }
}

try {
    Find-Az 'postprovision'
    Initialize-Routes
    Initialize-Homes
    Confirm-Domain
    Initialize-Exchange
    Write-Missing
}
finally {
    Remove-Item -LiteralPath $scratch -Recurse -Force
}
exit $run.Status
