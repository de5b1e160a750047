#!/usr/bin/env bash
# Pins every dependency, with hashes, for all supported Pythons: run after a change of pyproject.toml.
# The closure of hub and client together, that of a hub alone, everything for development, the tools
# that build packages, and the libraries that the benchmark compares with.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() {
    uv pip compile "$@" --universal --python-version 3.11 --generate-hashes --no-header --quiet
}

hub=(--extra hub --extra postgres --extra pkcs11 --extra traces)
compile pyproject.toml "${hub[@]}" --extra client --extra console --output-file requirements.txt
compile pyproject.toml "${hub[@]}" --output-file requirements-hub.txt
compile pyproject.toml --extra dev --output-file requirements-dev.txt
printf 'hatchling\nsetuptools\n' |
    compile - --constraint requirements-dev.txt --output-file requirements-build.txt
printf 'atheris\n' |
    compile - --output-file requirements-fuzz.txt
printf 'as4\npyas2lib\n' |
    compile - --output-file requirements-peers.txt
