#!/usr/bin/env bash
# Pins every dependency, with hashes, for all supported Pythons: run after a change of pyproject.toml.
# The hub's and client's closure, everything for development, the tools that build packages, and the
# libraries that the benchmark compares with.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() {
    uv pip compile "$@" --universal --python-version 3.11 --generate-hashes --no-header --quiet
}

compile pyproject.toml --extra console --extra postgres --output-file requirements.txt
compile pyproject.toml --extra dev --output-file requirements-dev.txt
printf 'hatchling\nsetuptools\n' |
    compile - --constraint requirements-dev.txt --output-file requirements-build.txt
printf 'as4\npyas2lib\n' |
    compile - --output-file requirements-peers.txt
