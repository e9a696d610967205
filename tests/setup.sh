#!/bin/sh
# Installs the Debian packages that some tests drive; without root those tests skip.
set -eu
packages=""
command -v chromium >/dev/null 2>&1 || packages="$packages chromium"
[ -n "$packages" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "tests/setup.sh: not root on Debian; tests that need$packages will skip"
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # a list of names
apt-get install -y -qq --no-install-recommends $packages >/dev/null
