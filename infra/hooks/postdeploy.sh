#!/bin/sh
# After `azd deploy`: sends a test scan and prints its story, from the upload to the mail.
# Each run sends one small mail; `azd env set TEST_SCAN false` ends that.
# Exit status: 0 it was sent, waits, or was left to you in words; 1 it went wrong.
set -u
hooks=$(dirname "$0")
: "${AZURE_SUBSCRIPTION_ID:?run it by azd: azd hooks run postdeploy}"
: "${SCAN_STORAGE_ACCOUNT:?run azd provision first}"
# shellcheck source=infra/hooks/azure.sh
. "$hooks/azure.sh"

# Who gets the test scan; empty where nobody is named.
recipient() {
    for each in "${OPS_MAILBOX:-}" "${UNMATCHED_RECIPIENT:-}"; do
        each=${each%%,*}
        if is_address "$each"; then
            printf '%s' "$each"
            return
        fi
    done
}

# Writes a PDF of one page. Its text has one length at any time: the offsets stay true.
write_pdf() {
    printf '%s\n' \
        '%PDF-1.4' \
        '1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj' \
        '2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj' \
        '3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj' \
        '4 0 obj<</Length 70>>stream' \
        "BT /F 24 Tf 72 720 Td (Scanpost test scan, $(date -u '+%Y-%m-%d %H:%M UTC')) Tj ET" \
        'endstream endobj' \
        'xref' \
        '0 5' \
        '0000000000 65535 f ' \
        '0000000009 00000 n ' \
        '0000000052 00000 n ' \
        '0000000101 00000 n ' \
        '0000000251 00000 n ' \
        'trailer<</Size 5/Root 1 0 R>>' \
        'startxref' \
        '367' \
        '%%EOF'
}

# Sends it, and sets day to the date that storage gave it.
upload() {
    if patiently "$@"; then
        day=$(printf '%s' "$answer" | cut -c1-10 | tr -d -)
        ok "a test scan for $to is in storage: scans/$name"
        return 0
    fi
    refused "the test scan did not get into storage" postdeploy
    return 1
}

# Asks the ledger until the scan has come to rest, and sets state; empty: no row came.
watch() {
    state="" turn=0
    while [ "$turn" -lt "$TRIES" ]; do
        turn=$((turn + 1))
        if ! patiently az storage entity query --subscription "$AZURE_SUBSCRIPTION_ID" \
            --auth-mode login --account-name "$SCAN_STORAGE_ACCOUNT" --table-name ledger \
            --filter "PartitionKey eq '$day' and path eq '$name'" \
            --query "items[0].[state, reason, RowKey, plan, last_error]" \
            --only-show-errors --output tsv; then
            refused "the ledger cannot be read" postdeploy
            return 1
        fi
        state=$(nth 1)
        case $state in
            "" | sending) ;;
            *) return 0 ;;
        esac
        sleep "$PAUSE_SECONDS"
    done
}

# A line of the answer; az writes None for nothing.
nth() { printf '%s\n' "$answer" | sed -n "$1{s/^None\$//;p;}"; }

transports() {
    nth 4 | tr '{,' '[\n*]' | sed -n 's/^ *"transport": *"\([a-z]*\)".*/\1/p' |
        sort -u | tr '\n' ' ' | sed 's/ $//'
}

tell_story() {
    reason=$(nth 2)
    by=$(transports)
    fault=$(printf '%s\n' "$answer" | sed -n '5,$p' | sed 's/^None$//' | tr '\n' ' ' | sed 's/ *$//')
    case $state in
        sent) ok "sent${by:+ by $by}: look into the mailbox of $to" ;;
        waiting) no "it waits: $reason${by:+, by $by}" ;;
        "")
            failed "nothing took the test scan up yet"
            also "the functions may be starting; sweep finds it within 15 minutes: azd hooks run postdeploy"
            also "else look at the function app's log: azd monitor --logs"
            return
            ;;
        sending)
            no "it is still being sent${by:+ by $by}: look again in ten minutes"
            ;;
        *) failed "it is $state${reason:+: $reason}${by:+, by $by}" ;;
    esac
    [ -z "$fault" ] || also "last error: $fault"
    also "scan $(nth 3)"
    [ -z "$reason" ] || advise
}

# What to do next about a scan that waits or is held.
advise() {
    case $reason in
        sign-in-refused)
            also "Exchange does not know the application yet, or a permission is not an hour old:"
            also "pwsh infra/exchange/exchange.ps1 -WhatIf shows what is missing; it is tried again by itself"
            ;;
        not-allowed) also "allow the domain in routes.toml under [policy] external, or name a transport for that side" ;;
        unreachable | throttled) also "it is tried again by itself" ;;
    esac
    also "docs/operating.md says more: $reason"
}

send_test() {
    name="scanpost-test/test-$(date -u +%Y%m%dT%H%M%SZ).pdf"
    write_pdf >"$scratch/test.pdf"
    set -- az storage blob upload --subscription "$AZURE_SUBSCRIPTION_ID" \
        --auth-mode login --account-name "$SCAN_STORAGE_ACCOUNT" \
        --container-name scans --name "$name" --file "$scratch/test.pdf" \
        --metadata "to=$to" --overwrite false --no-progress --only-show-errors \
        --query lastModified --output tsv
    if [ -n "$by_hand" ] || [ "${NETWORK_CLOSED:-false}" = true ]; then
        no "no test scan: ${by_hand:-the storage account takes no calls from outside its network}"
        also "from where the account can be reached, with any PDF as test.pdf:"
        shown "$@" | sed "s|$scratch/||"
        also "then: python -m ops show $name"
        return
    fi
    upload "$@" && watch && tell_story
}

to=$(recipient)
if [ "${TEST_SCAN:-true}" = false ]; then
    ok "no test scan: TEST_SCAN is false"
elif [ -z "$to" ]; then
    no "no test scan: nobody is named in OPS_MAILBOX or UNMATCHED_RECIPIENT"
    also "azd env set OPS_MAILBOX you@contoso.com, azd provision, azd hooks run postdeploy"
elif waits_for_exchange; then
    no "no test scan yet: mail waits for Exchange (MAIL_CLIENT_ID is not set)"
    also "pwsh infra/exchange/exchange.ps1, azd provision, azd hooks run postdeploy"
else
    look_for_az postdeploy
    send_test
fi
exit "$status"
