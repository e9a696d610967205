#!/bin/sh
# Installs the Debian packages that some tests drive; without root those tests skip.
set -eu
packages=""
command -v chromium >/dev/null 2>&1 || packages="$packages chromium"
[ -x /usr/sbin/postfix ] || packages="$packages postfix"
[ -x /usr/sbin/dovecot ] || packages="$packages dovecot-core"
[ -x /usr/sbin/smbd ] || packages="$packages samba"
command -v smbclient >/dev/null 2>&1 || packages="$packages smbclient"
[ -x /usr/sbin/sshd ] || packages="$packages openssh-server"
command -v sshfs >/dev/null 2>&1 || packages="$packages sshfs"
command -v rclone >/dev/null 2>&1 || packages="$packages rclone"
command -v sftp >/dev/null 2>&1 || packages="$packages openssh-client"
command -v shellcheck >/dev/null 2>&1 || packages="$packages shellcheck"
[ -n "$packages" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "tests/setup.sh: not root on Debian; tests that need$packages will skip"
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    # The tests run servers of their own: what Debian would start stays off.
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
fi
apt-get update -qq
echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
# shellcheck disable=SC2086 # a list of names
apt-get install -y -qq --no-install-recommends $packages >/dev/null
