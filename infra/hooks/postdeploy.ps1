# After `azd deploy`: sends a test scan and prints its story, from the upload to the mail.
# Each run sends one small mail; `azd env set TEST_SCAN false` ends that.
# Exit status: 0 it was sent, waits, or was left to you in words; 1 it went wrong.
# The twin of postdeploy.sh; a test compares the two.
if (-not $env:AZURE_SUBSCRIPTION_ID) { throw 'run it by azd: azd hooks run postdeploy' }
if (-not $env:SCAN_STORAGE_ACCOUNT) { throw 'run azd provision first' }
. (Join-Path $PSScriptRoot 'azure.ps1')

$now = [DateTime]::UtcNow
$invariant = [Globalization.CultureInfo]::InvariantCulture
$name = "scanpost-test/test-$($now.ToString('yyyyMMddTHHmmssZ', $invariant)).pdf"

# Who gets the test scan; empty where nobody is named.
function Get-Recipient {
    foreach ($each in (Get-Answer 'OPS_MAILBOX'), (Get-Answer 'UNMATCHED_RECIPIENT')) {
        $first = $each.Split(',')[0]
        if (Test-Address $first) { return $first }
    }
    return ''
}

# A PDF of one page. Its text has one length at any time: the offsets stay true.
function Get-Pdf {
    '%PDF-1.4'
    '1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj'
    '2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj'
    '3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj'
    '4 0 obj<</Length 70>>stream'
    "BT /F 24 Tf 72 720 Td (Scanpost test scan, $($now.ToString('yyyy-MM-dd HH:mm', $invariant)) UTC) Tj ET"
    'endstream endobj'
    'xref'
    '0 5'
    '0000000000 65535 f '
    '0000000009 00000 n '
    '0000000052 00000 n '
    '0000000101 00000 n '
    '0000000251 00000 n '
    'trailer<</Size 5/Root 1 0 R>>'
    'startxref'
    '367'
    '%%EOF'
}

# Asks the ledger until the scan has come to rest; its state is the first line of Answer.
function Watch-Scan([string] $Day) {
    for ($turn = 0; $turn -lt $tries; $turn++) {
        $command = 'az', 'storage', 'entity', 'query', '--subscription', (Get-Answer 'AZURE_SUBSCRIPTION_ID'),
            '--auth-mode', 'login', '--account-name', (Get-Answer 'SCAN_STORAGE_ACCOUNT'), '--table-name', 'ledger',
            '--filter', "PartitionKey eq '$Day' and path eq '$name'",
            '--query', 'items[0].[state, reason, RowKey, plan, last_error]',
            '--only-show-errors', '--output', 'tsv'
        if (-not (Invoke-Patiently $command)) {
            Write-Refused 'the ledger cannot be read' 'postdeploy'
            return
        }
        if ((Get-Nth 0) -and (Get-Nth 0) -ne 'sending') { break }
        Start-Sleep -Seconds $pauseSeconds
    }
    Write-Story
}

# A line of the answer; az writes None for nothing.
function Get-Nth([int] $Place) {
    if ($Place -ge $run.Answer.Count -or $run.Answer[$Place] -ceq 'None') { return '' }
    return $run.Answer[$Place]
}

function Write-Story {
    $state = Get-Nth 0
    $reason = Get-Nth 1
    $found = [regex]::Matches((Get-Nth 3), '"transport": *"([a-z]*)"')
    $by = ($found | ForEach-Object { $_.Groups[1].Value } | Sort-Object -Unique) -join ' '
    $last = if ((Get-Nth 4)) { ($run.Answer | Select-Object -Skip 4) -join ' ' } else { '' }
    switch ($state) {
        'sent' { Write-Ok "sent$(if ($by) { " by $by" }): look into the mailbox of $to" }
        'waiting' { Write-No "it waits: $reason$(if ($by) { ", by $by" })" }
        'sending' { Write-No "it is still being sent$(if ($by) { " by $by" }): look again in ten minutes" }
        '' {
            Write-Failed 'nothing took the test scan up yet'
            Write-Also 'the functions may be starting; sweep finds it within 15 minutes: azd hooks run postdeploy'
            Write-Also "else look at the function app's log: azd monitor --logs"
            return
        }
        default { Write-Failed "it is $state$(if ($reason) { ": $reason" })$(if ($by) { ", by $by" })" }
    }
    if ($last) { Write-Also "last error: $last" }
    Write-Also "scan $(Get-Nth 2)"
    if ($reason) { Write-Advice $reason }
}

# What to do next about a scan that waits or is held.
function Write-Advice([string] $Reason) {
    switch ($Reason) {
        'sign-in-refused' {
            Write-Also 'Exchange does not know the application yet, or a permission is not an hour old:'
            Write-Also 'pwsh infra/exchange/exchange.ps1 -WhatIf shows what is missing; it is tried again by itself'
        }
        'not-allowed' {
            Write-Also 'allow the domain in routes.toml under [policy] external, or name a transport for that side'
        }
        { 'unreachable', 'throttled' -contains $_ } { Write-Also 'it is tried again by itself' }
    }
    Write-Also "docs/operating.md says more: $Reason"
}

function Send-Test {
    $file = "$scratch/test.pdf"
    [IO.File]::WriteAllText($file, ((Get-Pdf) -join "`n") + "`n")
    $command = 'az', 'storage', 'blob', 'upload', '--subscription', (Get-Answer 'AZURE_SUBSCRIPTION_ID'),
        '--auth-mode', 'login', '--account-name', (Get-Answer 'SCAN_STORAGE_ACCOUNT'),
        '--container-name', 'scans', '--name', $name, '--file', "$scratch/test.pdf",
        '--metadata', "to=$to", '--overwrite', 'false', '--no-progress', '--only-show-errors',
        '--query', 'lastModified', '--output', 'tsv'
    if ($run.ByHand -or (Get-Answer 'NETWORK_CLOSED') -eq 'true') {
        $why = if ($run.ByHand) { $run.ByHand } else { 'the storage account takes no calls from outside its network' }
        Write-No "no test scan: $why"
        Write-Also 'from where the account can be reached, with any PDF as test.pdf:'
        Write-Shown ($command -replace [regex]::Escape($file), 'test.pdf')
        Write-Also "then: python -m ops show $name"
        return
    }
    if (-not (Invoke-Patiently $command)) {
        Write-Refused 'the test scan did not get into storage' 'postdeploy'
        return
    }
    $day = $run.Answer[0].Substring(0, 10).Replace('-', '')
    Write-Ok "a test scan for $to is in storage: scans/$name"
    Watch-Scan $day
}

$to = Get-Recipient
try {
    if ((Get-Answer 'TEST_SCAN') -eq 'false') {
        Write-Ok 'no test scan: TEST_SCAN is false'
    }
    elseif (-not $to) {
        Write-No 'no test scan: nobody is named in OPS_MAILBOX or UNMATCHED_RECIPIENT'
        Write-Also 'azd env set OPS_MAILBOX you@contoso.com, azd provision, azd hooks run postdeploy'
    }
    elseif (Test-WaitsForExchange) {
        Write-No 'no test scan yet: mail waits for Exchange (MAIL_CLIENT_ID is not set)'
        Write-Also 'pwsh infra/exchange/exchange.ps1, azd provision, azd hooks run postdeploy'
    }
    else {
        Find-Az 'postdeploy'
        Send-Test
    }
}
finally {
    Remove-Item -LiteralPath $scratch -Recurse -Force
}
exit $run.Status
