#!/usr/bin/env bash
# PyICU has no wheel: it is compiled, against ICU. Sees to it that it can be, or says what is missing.
set -euo pipefail

packages="g++ pkg-config libicu-dev python3-dev"
if command -v c++ >/dev/null && command -v pkg-config >/dev/null && pkg-config --exists icu-i18n; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing what PyICU compiles against: $packages"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes $packages >/dev/null
    exit 0
fi
echo "PyICU must be compiled and needs a C++ compiler and the ICU headers." >&2
echo "On Debian and Ubuntu: sudo apt-get install $packages" >&2
echo "On Fedora: sudo dnf install gcc-c++ pkgconf libicu-devel python3-devel" >&2
exit 1
