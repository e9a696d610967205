#Requires -Version 7.4
# What both hooks use: how they ask Azure, and how they speak. Sourced, never run.
# The twin of azure.sh; a test compares the two.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
# What az answers with its exit status is read here, not thrown.
$PSNativeCommandUseErrorActionPreference = $false

# A value that azd knows; empty where it knows none.
function Get-Answer([string] $Name, [string] $Default = '') {
    $value = [Environment]::GetEnvironmentVariable($Name)
    if ([string]::IsNullOrEmpty($value)) { $Default } else { $value }
}

$tries = [int](Get-Answer 'HOOK_TRIES' '20')
$pauseSeconds = [double](Get-Answer 'HOOK_PAUSE_SECONDS' '15')
$scratch = Join-Path ([IO.Path]::GetTempPath()) ([IO.Path]::GetRandomFileName())
$null = New-Item -ItemType Directory -Path $scratch
$fault = Join-Path $scratch 'fault'
# Status 0: done, or left to a person in words. 1: something was tried and failed.
$run = @{ Status = 0; ByHand = ''; Answer = @(); Prepared = $false }

function Write-Ok([string] $Text) { Write-Output "ok  $Text" }
function Write-No([string] $Text) { Write-Output "NO  $Text" }
function Write-Also([string] $Text) { Write-Output "    $Text" }
function Write-Failed([string] $Text) {
    Write-No $Text
    $run.Status = 1
}

# Writes a command so that it can be pasted into PowerShell.
function Write-Shown([string[]] $Command) {
    $words = foreach ($word in $Command) {
        if ($word -match '^[A-Za-z0-9_./:=%+-]+$') { $word } else { "'" + $word.Replace("'", "''") + "'" }
    }
    Write-Also ($words -join ' ')
}

# The texts of a JSON array: azd hands arrays over as JSON.
function Get-Texts([string] $Json) {
    if ($Json.StartsWith('[')) { $Json | ConvertFrom-Json } elseif ($Json) { $Json }
}

function Get-FirstLine {
    $lines = @(Get-Content -LiteralPath $fault | Where-Object { $_.Trim() -and $_.Trim() -ne 'ERROR:' })
    if ($lines) { $lines[0] -replace '^ERROR: ', '' }
}

function Test-Fault([string] $Pattern) {
    [bool](Select-String -LiteralPath $fault -Pattern $Pattern -Quiet)
}

# Keeps in ByHand the reason why az cannot be asked at all; empty where it can.
function Find-Az([string] $Hook) {
    $tenant = Get-Answer 'AZURE_TENANT_ID' 'TENANT'
    if (-not (Get-Command az -ErrorAction SilentlyContinue)) {
        $run.ByHand = 'the Azure CLI (az) is not installed here'
        Write-No $run.ByHand
        Write-Also 'get it: https://learn.microsoft.com/cli/azure/install-azure-cli'
        Write-Also "then: az login --tenant $tenant and azd hooks run $Hook"
        return
    }
    $command = 'az', 'account', 'show', '--subscription', (Get-Answer 'AZURE_SUBSCRIPTION_ID'), '--only-show-errors',
        '--output', 'none'
    if (-not (Invoke-Once $command)) {
        $run.ByHand = 'the Azure CLI (az) is not signed in to this subscription'
        Write-No "$($run.ByHand): $(Get-FirstLine)"
        Write-Also "az has a sign-in of its own, beside azd's, with the same account:"
        Write-Also "az login --tenant $tenant and azd hooks run $Hook"
    }
}

# Runs a command once; what it answers is kept, what it says else is in $fault.
function Invoke-Once([string[]] $Command) {
    $program, $words = $Command
    $run.Answer = @(& $program @words 2> $fault)
    return $LASTEXITCODE -eq 0
}

# Runs a command until it works. Azure takes some minutes until a new role counts: only
# that is waited for, at most $tries times.
function Invoke-Patiently([string[]] $Command) {
    for ($try = 1; $try -le $tries; $try++) {
        if (Invoke-Once $Command) { return $true }
        if (-not (Test-Fault 'AuthorizationPermissionMismatch|required permissions')) { return $false }
        if ($try -ge $tries) { return $false }
        if ($try -gt 1) { Write-Also 'waiting until the role of this account counts' | Out-Host }
        Start-Sleep -Seconds $pauseSeconds
    }
    return $false
}

# Says why storage refused, and what to do; leaves it failed.
function Write-Refused([string] $Text, [string] $Hook) {
    Write-Failed "${Text}: $(Get-FirstLine)"
    if (Test-Fault 'network rules') {
        Write-Also "the storage account's firewall does not let this address in: run it from a network that it allows"
    }
    elseif (Test-Fault 'required permissions|AuthorizationPermissionMismatch') {
        Write-Also 'az must be signed in as the account that ran azd (AZURE_PRINCIPAL_ID): az account show'
    }
    Write-Also "try again: azd hooks run $Hook"
}

# Whether a transport serves a side.
function Test-Transport([string] $Name) {
    $both = (Get-Answer 'INTERNAL_TRANSPORT') + ',' + (Get-Answer 'EXTERNAL_TRANSPORT')
    $both.Replace(' ', '').Split(',') -ccontains $Name
}

# Whether the functions cannot start yet, because Exchange is not prepared. With a
# password in the vault hve needs no application.
function Test-WaitsForExchange {
    if (Get-Answer 'MAIL_CLIENT_ID') { return $false }
    if (Test-Transport 'exo') { return $true }
    return (Test-Transport 'hve') -and (Get-Answer 'IN_VAULT').Split(',') -cnotcontains 'HVE_PASSWORD'
}

# An address that is written to a file or sent as metadata: the plain kind only.
function Test-Address([string] $Text) {
    $person, $domain = $Text -split '@', 2
    if ($Text.Length -gt 254 -or $person.Length -gt 64 -or -not $domain) { return $false }
    if ($person -cnotmatch '\A[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*\z') { return $false }
    $labels = $domain.Split('.')
    if ($labels.Count -lt 2 -or $labels[-1] -cnotmatch '[A-Za-z]') { return $false }
    foreach ($label in $labels) {
        if ($label -cnotmatch '\A[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\z') { return $false }
        if ($label.Length -gt 63 -or $label -match '\A..--') { return $false }
    }
    return $true
}
