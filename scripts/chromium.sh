#!/usr/bin/env bash
# The browser tests use the system's Chromium. Sees to it that there is one, or says how to get it.
set -euo pipefail

for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then
        exit 0
    fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing chromium"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes chromium >/dev/null
    exit 0
fi
echo "The browser tests need Chromium." >&2
echo "On Debian: sudo apt-get install chromium. On Fedora: sudo dnf install chromium" >&2
exit 1
