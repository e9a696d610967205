#!/bin/sh
# Before `azd provision`: asks what has no answer yet, and keeps it in azd's environment.
# azd asks for name, subscription and region itself; it cannot ask for what a .bicepparam
# file reads. An answer is asked for once: azd env set NAME VALUE changes it.
# Exit status: 0 done; 1 an answer is missing and nobody is there to give it.
# The twin of preprovision.ps1; a test compares the two.
set -u
hooks=$(dirname "$0")
# shellcheck source=infra/hooks/azure.sh
. "$hooks/azure.sh"

# Whether somebody sits there. ASK=true: a test does.
is_asked() { [ "${ASK:-}" = true ] || [ -t 0 ]; }

# Asks for one setting and keeps the answer, also an empty one: then the default counts.
ask() {
    also "$2"
    printf '    %s=' "$1"
    IFS= read -r reply || reply=""
    azd env set "$1" "$reply" || failed "azd did not keep $1"
}

# What was answered before is not asked again, whatever it was.
if [ -z "${INTERNAL_DOMAINS:-}" ]; then
    if ! is_asked; then
        failed "INTERNAL_DOMAINS is not set: azd env set INTERNAL_DOMAINS contoso.com"
        exit "$status"
    fi
    ask INTERNAL_DOMAINS "Which domains are yours? Mail to them is inside. Such as contoso.com,contoso.de"
fi
if is_asked; then
    [ -n "${UNMATCHED_RECIPIENT+x}" ] ||
        ask UNMATCHED_RECIPIENT "Who gets scans that match nothing? One address; empty: they are held"
    [ -n "${HVE_SENDER+x}" ] ||
        ask HVE_SENDER "Which address mails people inside, by High Volume Email? Such as scans@contoso.com"
    [ -n "${EXTERNAL_TRANSPORT+x}" ] ||
        ask EXTERNAL_TRANSPORT "How do mails reach people outside? none, exo, graph, relay, smtp or acs"
    [ -n "${OPS_MAILBOX+x}" ] ||
        ask OPS_MAILBOX "Who is told of held scans and alerts? One address; empty: nobody"
fi
exit "$status"
