# Before `azd provision`: asks what has no answer yet, and keeps it in azd's environment.
# azd asks for name, subscription and region itself; it cannot ask for what a .bicepparam
# file reads. An answer is asked for once: azd env set NAME VALUE changes it.
# Exit status: 0 done; 1 an answer is missing and nobody is there to give it.
# The twin of preprovision.sh; a test compares the two.
. (Join-Path $PSScriptRoot 'azure.ps1')

# Whether somebody sits there. ASK=true: a test does.
function Test-Asked { (Get-Answer 'ASK') -ceq 'true' -or -not [Console]::IsInputRedirected }

# Whether it was answered before, be it by nothing.
function Test-Set([string] $Name) { $null -ne [Environment]::GetEnvironmentVariable($Name) }

# Asks for one setting and keeps the answer, also an empty one: then the default counts.
function Read-Reply([string] $Name, [string] $Question) {
    Write-Also $Question
    [Console]::Write("    $Name=")
    $reply = [string][Console]::ReadLine()
    & azd env set $Name $reply
    if ($LASTEXITCODE -ne 0) { Write-Failed "azd did not keep $Name" }
}

try {
    if (-not (Get-Answer 'INTERNAL_DOMAINS')) {
        if (-not (Test-Asked)) {
            Write-Failed 'INTERNAL_DOMAINS is not set: azd env set INTERNAL_DOMAINS contoso.com'
            exit $run.Status
        }
        Read-Reply 'INTERNAL_DOMAINS' 'Which domains are yours? Mail to them is inside. Such as contoso.com,contoso.de'
    }
    if (Test-Asked) {
        if (-not (Test-Set 'UNMATCHED_RECIPIENT')) {
            Read-Reply 'UNMATCHED_RECIPIENT' 'Who gets scans that match nothing? One address; empty: they are held'
        }
        if (-not (Test-Set 'HVE_SENDER')) {
            Read-Reply 'HVE_SENDER' 'Which address mails people inside, by High Volume Email? Such as scans@contoso.com'
        }
        if (-not (Test-Set 'EXTERNAL_TRANSPORT')) {
            Read-Reply 'EXTERNAL_TRANSPORT' 'How do mails reach people outside? none, exo, graph, relay, smtp or acs'
        }
        if (-not (Test-Set 'OPS_MAILBOX')) {
            Read-Reply 'OPS_MAILBOX' 'Who is told of held scans and alerts? One address; empty: nobody'
        }
    }
}
finally {
    Remove-Item -LiteralPath $scratch -Recurse -Force
}
exit $run.Status
