# shellcheck shell=sh
# shellcheck disable=SC2034 # what is set here is read in the hooks
# What both hooks use: how they ask Azure, and how they speak. Sourced, never run.
# The twin for PowerShell is azure.ps1; a test compares the two.

TRIES=${HOOK_TRIES:-20}
PAUSE_SECONDS=${HOOK_PAUSE_SECONDS:-15}
status=0 # 0: done, or left to a person in words. 1: something was tried and failed.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# dash leaves without the trap above where a signal ends it.
trap 'exit 130' HUP INT TERM

ok() { printf 'ok  %s\n' "$1"; }
no() { printf 'NO  %s\n' "$1"; }
also() { printf '    %s\n' "$1"; }
failed() {
    no "$1"
    status=1
}

# Prints a command so that it can be pasted into a shell.
shown() {
    line=""
    for word in "$@"; do
        case $word in
            *[!A-Za-z0-9_./:=@%+,-]* | "")
                word="'$(printf '%s' "$word" | sed "s/'/'\\\\''/g")'"
                ;;
        esac
        line="$line${line:+ }$word"
    done
    also "$line"
}

# Prints the texts of a JSON array, one a line: azd hands arrays over as JSON.
texts() {
    case $1 in
        "" | "[]") return 0 ;;
        "["*) ;;
        *)
            printf '%s\n' "$1"
            return 0
            ;;
    esac
    printf '%s' "$1" | awk '
        function char(hex,    place, code) {
            for (place = 1; place <= 4; place++)
                code = code * 16 + index("0123456789abcdef", tolower(substr(hex, place, 1))) - 1
            return code < 128 ? sprintf("%c", code) : "?"
        }
        { all = all $0 " " }
        END {
            for (i = 1; i <= length(all); i++) {
                c = substr(all, i, 1)
                if (!inside) { if (c == "\"") { inside = 1; text = "" } }
                else if (c == "\"") { inside = 0; print text }
                else if (c != "\\") text = text c
                else {
                    c = substr(all, ++i, 1)
                    if (c == "u") { text = text char(substr(all, i + 1, 4)); i += 4 }
                    else text = text (c ~ /[nrt]/ ? " " : c)
                }
            }
        }'
}

# Sets by_hand to the reason why az cannot be asked at all; empty where it can.
look_for_az() {
    by_hand=""
    if ! command -v az >/dev/null 2>&1; then
        by_hand="the Azure CLI (az) is not installed here"
        no "$by_hand"
        also "get it: https://learn.microsoft.com/cli/azure/install-azure-cli"
        also "then: az login --tenant ${AZURE_TENANT_ID:-TENANT} and azd hooks run $1"
    elif ! az account show --subscription "$AZURE_SUBSCRIPTION_ID" --only-show-errors \
        --output none 2>"$scratch/fault"; then
        by_hand="the Azure CLI (az) is not signed in to this subscription"
        no "$by_hand: $(first_line "$scratch/fault")"
        also "az has a sign-in of its own, beside azd's, with the same account:"
        also "az login --tenant ${AZURE_TENANT_ID:-TENANT} and azd hooks run $1"
    fi
}

first_line() { sed -n 's/^ERROR: //; /[^ ]/{p;q;}' "$1"; }

# Runs a command until it works; its output is in $answer, what it said else in
# $scratch/fault. Azure takes some minutes until a new role counts: only that is waited
# for, at most TRIES times.
patiently() {
    try=1
    while ! answer=$("$@" 2>"$scratch/fault"); do
        grep -q 'AuthorizationPermissionMismatch\|required permissions' "$scratch/fault" || return 1
        [ "$try" -lt "$TRIES" ] || return 1
        [ "$try" -gt 1 ] || also "waiting until the role of this account counts"
        try=$((try + 1))
        sleep "$PAUSE_SECONDS"
    done
}

# Says why storage refused, and what to do; leaves it failed.
refused() {
    failed "$1: $(first_line "$scratch/fault")"
    if grep -q 'network rules' "$scratch/fault"; then
        also "the storage account's firewall does not let this address in: run it from a network that it allows"
    elif grep -q 'required permissions\|AuthorizationPermissionMismatch' "$scratch/fault"; then
        also "az must be signed in as the account that ran azd (AZURE_PRINCIPAL_ID): az account show"
    fi
    also "try again: azd hooks run $2"
}

# Whether a transport serves a side.
uses() {
    case ",$(printf '%s' "${INTERNAL_TRANSPORT:-},${EXTERNAL_TRANSPORT:-}" | tr -d ' ')," in
        *",$1,"*) return 0 ;;
    esac
    return 1
}

# Whether the functions cannot start yet, because Exchange is not prepared. With a
# password in the vault hve needs no application.
waits_for_exchange() {
    [ -z "${MAIL_CLIENT_ID:-}" ] || return 1
    uses exo && return 0
    uses hve || return 1
    case ",${IN_VAULT:-}," in
        *,HVE_PASSWORD,*) return 1 ;;
    esac
}

# An address that is written to a file or sent as metadata: the plain kind only.
is_address() {
    case $1 in
        *[[:cntrl:]]*) return 1 ;;
    esac
    printf '%s\n' "$1" | LC_ALL=C awk '
        {
            at = index($0, "@")
            person = substr($0, 1, at - 1)
            if (length($0) > 254 || length(person) > 64) exit 1
            if (person !~ /^[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*$/) exit 1
            count = split(substr($0, at + 1), label, ".")
            if (count < 2 || label[count] !~ /[A-Za-z]/) exit 1
            for (i = 1; i <= count; i++) {
                if (label[i] !~ /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/) exit 1
                if (length(label[i]) > 63 || substr(label[i], 3, 2) == "--") exit 1
            }
        }'
}
