#!/bin/sh
# After `azd provision`: seeds config/routes.toml, makes the folders of printers, verifies
# the mail domain, and says what is still missing. Run again as often as you like: what is
# there is left as it is.
# Exit status: 0 done, or left to you in words; 1 something was tried and failed.
set -u
hooks=$(dirname "$0")
: "${AZURE_SUBSCRIPTION_ID:?run it by azd: azd hooks run postprovision}"
: "${SCAN_STORAGE_ACCOUNT:?run azd provision first}"
# shellcheck source=infra/hooks/azure.sh
. "$hooks/azure.sh"

# Whether this machine knows a time zone by its IANA name; UTC needs no look.
is_zone() {
    case $1 in
        UTC | Etc/UTC) return 0 ;;
        "" | *[!A-Za-z0-9_+/-]* | /* | */ | *//* | posix/* | right/* | localtime | posixrules) return 1 ;;
    esac
    [ -f "/usr/share/zoneinfo/$1" ] && [ "$(head -c 4 "/usr/share/zoneinfo/$1")" = TZif ]
}

# Writes the first routes.toml. Nothing that the product would refuse: a broken file makes
# every scan wait.
write_routes() {
    echo '# Who gets a scan: docs/routing.md tells all that can stand here.'
    echo '# Written once, by the first deployment; it is yours and is never overwritten.'
    echo '[defaults]'
    if is_address "${UNMATCHED_RECIPIENT:-}"; then
        echo "fallback = \"$UNMATCHED_RECIPIENT\""
    else
        echo '# fallback = "office@contoso.com"'
    fi
    if is_zone "${SCAN_TIMEZONE:-UTC}"; then
        echo "timezone = \"${SCAN_TIMEZONE:-UTC}\""
    else
        echo '# timezone = "Europe/Berlin"'
    fi
    case ${SCAN_LANGUAGE:-en} in
        en | de) echo "language = \"${SCAN_LANGUAGE:-en}\"" ;;
        *) echo '# language = "en"' ;;
    esac
}

# Says which answers could not be written.
doubts() {
    if [ -z "${UNMATCHED_RECIPIENT:-}" ]; then
        also "nobody gets scans that match nothing: they are held (UNMATCHED_RECIPIENT is empty)"
    elif ! is_address "$UNMATCHED_RECIPIENT"; then
        no "UNMATCHED_RECIPIENT is no plain address and was left out: write fallback into routes.toml by hand"
    fi
    is_zone "${SCAN_TIMEZONE:-UTC}" ||
        no "SCAN_TIMEZONE is no IANA time zone that this machine knows and was left out: times are in UTC"
    case ${SCAN_LANGUAGE:-en} in
        en | de) ;;
        *) no "SCAN_LANGUAGE is neither en nor de and was left out: mails are in English" ;;
    esac
}

seed_routes() {
    write_routes >"$scratch/routes.toml"
    set -- az storage blob upload --subscription "$AZURE_SUBSCRIPTION_ID" \
        --auth-mode login --account-name "$SCAN_STORAGE_ACCOUNT" \
        --container-name config --name routes.toml --file "$scratch/routes.toml" \
        --overwrite false --no-progress --only-show-errors --output none
    if [ -n "$by_hand" ] || [ "${NETWORK_CLOSED:-false}" = true ]; then
        no "config/routes.toml is not seeded: ${by_hand:-the storage account takes no calls from outside its network}"
        also "write this to routes.toml:"
        sed 's/^/        /' "$scratch/routes.toml"
        also "and run, from where the account can be reached:"
        shown "$@" | sed "s|$scratch/||"
        return
    fi
    if patiently "$@"; then
        ok "config/routes.toml is seeded"
        doubts
    elif grep -q BlobAlreadyExists "$scratch/fault"; then
        ok "config/routes.toml is there: left as it is"
    else
        refused "config/routes.toml is not seeded" postprovision
    fi
}

# A printer whose home is not there is not let in ("Home Directory not accessible"), and a
# template cannot make a folder. A file makes its folder; the product ignores dotfiles.
make_homes() {
    for user in $(printf '%s' "${SFTP_USERS:-}" | tr ',' ' '); do
        echo 'It keeps the folder of a printer: without, its sign-in by SFTP fails.' >"$scratch/home.txt"
        set -- az storage blob upload --subscription "$AZURE_SUBSCRIPTION_ID" \
            --auth-mode login --account-name "$SCAN_STORAGE_ACCOUNT" \
            --container-name scans --name "$user/.home" --file "$scratch/home.txt" \
            --overwrite false --no-progress --only-show-errors --output none
        if [ -n "$by_hand" ] || [ "${NETWORK_CLOSED:-false}" = true ]; then
            no "the folder of printer $user is not made: ${by_hand:-the storage account takes no calls from outside its network}"
            also "from where the account can be reached, with any text as home.txt:"
            shown "$@" | sed "s|$scratch/||"
        elif patiently "$@"; then
            ok "the folder of printer $user is made"
        elif grep -q BlobAlreadyExists "$scratch/fault"; then
            ok "the folder of printer $user is there"
        else
            refused "the folder of printer $user is not made" postprovision
        fi
    done
}

# Asks for the four states; they are in $answer, one a line.
ask_states() {
    patiently az rest --subscription "$AZURE_SUBSCRIPTION_ID" --method get \
        --url "$domain_url?api-version=$MAIL_API_VERSION" \
        --query "properties.verificationStates.[Domain.status, SPF.status, DKIM.status, DKIM2.status]" \
        --only-show-errors --output tsv
}

# Starts what was never started or has failed. Refused while the DNS record is missing.
start_verification() {
    case $2 in
        Verified) return ;;
        VerificationRequested | VerificationInProgress)
            also "$1: Azure is looking"
            return
            ;;
    esac
    printf '{"verificationType": "%s"}' "$1" >"$scratch/body.json"
    if patiently az rest --subscription "$AZURE_SUBSCRIPTION_ID" --method post \
        --url "$domain_url/initiateVerification?api-version=$MAIL_API_VERSION" \
        --body "@$scratch/body.json" --only-show-errors --output none; then
        also "$1: verification is started"
    else
        also "$1: not started ($(first_line "$scratch/fault"))"
    fi
}

is_verified() { [ "$(printf '%s\n' "$answer" | grep -c '^Verified')" = 4 ]; }

verify_domain() {
    [ -n "${EMAIL_SERVICE_NAME:-}" ] || return 0
    case ${MAIL_DOMAIN:-} in
        "" | AzureManagedDomain | *.azurecomm.net) return 0 ;;
    esac
    if [ -n "$by_hand" ]; then
        no "the domain $MAIL_DOMAIN is not looked at: $by_hand"
        return
    fi
    MAIL_API_VERSION=2026-03-18
    domain_url="/subscriptions/$AZURE_SUBSCRIPTION_ID/resourceGroups/$AZURE_RESOURCE_GROUP/providers/Microsoft.Communication/emailServices/$EMAIL_SERVICE_NAME/domains/$MAIL_DOMAIN"
    if ! ask_states; then
        failed "the domain $MAIL_DOMAIN: $(first_line "$scratch/fault")"
        return
    fi
    if ! is_verified; then
        states=$answer
        place=0
        for kind in Domain SPF DKIM DKIM2; do
            place=$((place + 1))
            start_verification "$kind" "$(printf '%s\n' "$states" | sed -n "${place}p")"
        done
        if ! ask_states; then
            failed "the domain $MAIL_DOMAIN: $(first_line "$scratch/fault")"
            return
        fi
    fi
    tell_domain
}

tell_domain() {
    if ! is_verified; then
        no "the domain $MAIL_DOMAIN is not verified yet (Domain, SPF, DKIM, DKIM2: $(printf '%s' "$answer" | tr '\n' ' '))"
        also "add these DNS records, wait until they are public, then: azd hooks run postprovision"
        texts "${DNS_RECORDS:-}" | sed 's/^/        /'
    elif [ "${MAIL_DOMAIN_VERIFIED:-false}" = true ]; then
        ok "the domain $MAIL_DOMAIN is verified"
    elif command -v azd >/dev/null 2>&1 && azd env set MAIL_DOMAIN_VERIFIED true; then
        ok "the domain $MAIL_DOMAIN is verified"
        also "run azd provision once more: it links the domain, and mail can leave by it"
    else
        ok "the domain $MAIL_DOMAIN is verified"
        also "run azd env set MAIL_DOMAIN_VERIFIED true and azd provision: it links the domain"
    fi
}

# Exchange is prepared by a script of its own, since Azure's templates cannot: here only
# where somebody asked for it, because it signs a person in.
is_prepared=false
prepare_exchange() {
    [ "${SETUP_EXCHANGE:-false}" = true ] || return 0
    if ! command -v pwsh >/dev/null 2>&1; then
        failed "PowerShell 7 (pwsh) is not installed here: Exchange is not prepared"
        also "get it: https://learn.microsoft.com/powershell/scripting/install/installing-powershell"
        return
    fi
    if pwsh -NoProfile -File "$hooks/../exchange/exchange.ps1"; then
        is_prepared=true
    else
        failed "infra/exchange/exchange.ps1 did not finish: see above"
    fi
}

# What nothing but a person can do.
tell_missing() {
    uses hve && [ -z "${HVE_SENDER:-}" ] && no "HVE_SENDER is not set: azd env set HVE_SENDER scans@contoso.com"
    uses exo && [ -z "${EXO_SENDER:-}" ] && no "EXO_SENDER is not set: azd env set EXO_SENDER scans@contoso.com"
    uses graph && [ -z "${GRAPH_SENDER:-}" ] && no "GRAPH_SENDER is not set: azd env set GRAPH_SENDER scans@contoso.com"
    if waits_for_exchange && [ "$is_prepared" = true ]; then
        also "Exchange is prepared: run azd provision once more, then the functions know the application"
    elif waits_for_exchange; then
        no "MAIL_CLIENT_ID is not set: until then the functions do not start, and scans wait in storage"
        also "an administrator of Exchange and Entra prepares both: pwsh infra/exchange/exchange.ps1 -WhatIf shows it, without -WhatIf it is done"
        also "then: azd provision"
    fi
    if uses relay; then
        also "relay: the inbound connector must know ${OUTBOUND_IP:-the client certificate}: docs/transports.md"
    fi
    uses direct && also "direct: Exchange must not reject Direct Send: pwsh infra/exchange/exchange.ps1 looks"
    case ${EXTERNAL_TRANSPORT:-none} in
        none) also "people outside get no scans: EXTERNAL_TRANSPORT is none" ;;
    esac
    if [ -n "$(texts "${SFTP_LOGINS:-}")" ]; then
        also "printers sign in by SFTP as:"
        texts "$SFTP_LOGINS" | sed 's/^/        /'
    fi
    texts "${NEXT_STEPS:-}" | sed 's/^/    /'
}

look_for_az postprovision
seed_routes
make_homes
verify_domain
prepare_exchange
tell_missing
exit "$status"
