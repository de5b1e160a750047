# One entry to everything; `make` alone lists the targets. Needs Python 3.11 or later and, once, what
# PyICU compiles against (Debian: g++ pkg-config libicu-dev python3-dev).

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.stamp
PEERS  := .venv-peers/.stamp

# Tests over hubs and networks wait as long as they work: two processes for each core.
CORES  := $(shell getconf _NPROCESSORS_ONLN)
JOBS   ?= $(shell expr 2 \* $(CORES))

# The wire contract that a change is compared with.
BASELINE := proto/baseline.binpb

SOURCES := $(wildcard agency_client exchange_server proto certs demo benchmarks scripts tests)

# Tests and demonstration start hundreds of programs; none should compile every source anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help venv demo demo-up demo-down console quick test long browser faults fuzz bench bench-quick bench-console year million peers check format proto baseline lock clean deb from-scratch image upgrade

help:  ## list the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The build tools come first, pinned, so that no package is built in an environment that the lock
# does not cover. The stamp is written last: an interrupted install starts again.
$(STAMP): requirements-build.txt requirements-dev.txt pyproject.toml
	scripts/icu_headers.sh
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-build.txt
	$(BIN)/python -m pip install --quiet --require-hashes --no-build-isolation -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $(STAMP)

venv: $(STAMP)  ## build the Python environment from the lock

demo: $(STAMP)  ## play one cross-border exchange on this machine, from certificates to audit
	$(BIN)/python -m demo

demo-up: $(STAMP)  ## start the hub of the last demo again, to act as its agencies
	$(BIN)/python -m demo up

# Make itself, and some environments, set AS to the assembler: only a word of the command line counts.
MEMBER = $(if $(findstring command,$(origin AS)),$(AS),coordinator1)

console: $(STAMP)  ## open the console on the data of the last demo (AS=kz.mia: as another)
	$(BIN)/python -m demo console --as $(MEMBER)

demo-down: $(STAMP)  ## stop that hub
	$(BIN)/python -m demo down

# A third of the examples of a property, and nothing that looks once more: `make test` has all.
quick: $(STAMP)  ## run the fast tests: unit, architecture, properties
	EXCHANGE_EXAMPLES=20 $(BIN)/python -m pytest -n $(CORES) --dist worksteal -m "not long and not thorough" tests/unit tests/architecture tests/properties

# Faults and attacks take their time, and browsers have their own needs: `make faults`, `make browser`.
test: $(STAMP)  ## run every short test, in parallel and in random order: in under five minutes
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not long" --ignore tests/browser --ignore tests/faults/attacks

long: $(STAMP)  ## run the long tests: scenarios, guides, commands in terminals, workers, backups
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m long --ignore tests/browser --ignore tests/faults

browser: $(STAMP)  ## test the console in Chromium; installs it as root on Debian, else says how
	scripts/chromium.sh
	$(BIN)/python -m pytest tests/browser

# What else has a short form.
LONG_FORMS := tests/e2e/test_demo.py tests/e2e/test_field_reports.py tests/e2e/test_large_reply.py tests/integration/evidence/test_bundle.py

faults: $(STAMP)  ## kill the hub and its database under load, and let a hub lie in every way we know
	EXCHANGE_FAULTS=full $(BIN)/python -m pytest -n $(JOBS) --dist worksteal tests/faults $(LONG_FORMS)

fuzz: $(STAMP)  ## feed every parser with RUNS mutated inputs, found by coverage (atheris)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-fuzz.txt
	$(BIN)/python -m tests.fuzz --runs $(or $(RUNS),100000)

bench: $(STAMP) $(PEERS)  ## measure the hub against a bare echo on this machine (some minutes)
	$(BIN)/python -m benchmarks

# The libraries that the benchmark compares with need other versions of what the hub uses. Without
# them the benchmark says so and goes on.
peers: $(PEERS)  ## install the libraries that the benchmark compares with, in their own environment

$(PEERS): requirements-peers.txt
	$(PYTHON) -m venv .venv-peers
	-.venv-peers/bin/python -m pip install --quiet --require-hashes -r requirements-peers.txt && touch $@

bench-quick: $(STAMP)  ## the same over a shorter log, in under three minutes
	$(BIN)/python -m benchmarks --quick

year: $(STAMP)  ## play a simulated year of 5,000 exchanges and compare every figure, clock and replay
	$(BIN)/python -m tests.year

million: $(STAMP)  ## fill a hub of 0.2.0 to ENTRIES entries in FOLDER (a million), migrate it, replay it
	$(BIN)/python -m tests.million $(FOLDER) $(if $(ENTRIES),--entries $(ENTRIES))

bench-console: $(STAMP)  ## measure the console with 10,000 exchanges and 100,000 payments; fails if it is slow
	$(BIN)/python -m benchmarks.console

check: $(STAMP)  ## check format, lint, types, import direction, protos and generated code
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports
	$(BIN)/buf lint
	$(BIN)/buf breaking --against $(BASELINE)
	$(BIN)/python scripts/generate_protocol.py --check
	$(BIN)/python scripts/generate_client.py --check
	$(BIN)/python scripts/generate_vectors.py --check
	$(BIN)/python scripts/generate_reference.py --check

format: $(STAMP)  ## format the code and apply safe fixes
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

proto: $(STAMP)  ## regenerate what follows from the protocol and its kinds
	$(BIN)/python scripts/generate_protocol.py
	$(BIN)/python scripts/generate_client.py
	$(BIN)/python scripts/generate_vectors.py
	$(BIN)/python scripts/generate_reference.py
	$(BIN)/python -m exchange_protocol.kinds > docs/protocol/rows.md
	$(BIN)/python -m tests.support.provoked > docs/refusals.md
	COLUMNS= $(BIN)/python -m agency_client.cli.reference > docs/commands.md

# Only where a change of the contract is meant, and no statement of the old form exists.
baseline: $(STAMP)  ## take the wire contract as it stands for the one that must not change
	$(BIN)/buf build --exclude-source-info --output $(BASELINE)

deb: $(STAMP)  ## make the Debian packages of a hub and of an agency in build/deb, from hashed wheels
	deploy/deb/build.sh hub build/deb
	deploy/deb/build.sh agency build/deb

image: $(STAMP)  ## build the image of a hub in FOLDER and play the guide in it (as root, with buildah and podman)
	deploy/oci/image.sh $(FOLDER) $(MIRROR)

from-scratch: $(STAMP)  ## from an empty Debian in FOLDER to a hub as a service (as root; MIRROR: else that of apt)
	deploy/from_scratch.sh $(FOLDER) $(MIRROR)

upgrade: $(STAMP)  ## replace the hub of COMMIT by this one under traffic, in FOLDER (URL: on PostgreSQL)
	deploy/upgrade.sh $(COMMIT) $(FOLDER) $(URL)

lock:  ## pin the dependencies anew (needs uv)
	scripts/lock.sh

clean:  ## remove what make, the demo and the tests leave behind
	rm -rf $(VENV) .venv-peers .demo .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
