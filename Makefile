# make run: everything on http://localhost:8700.  make test: most tests.  make help: the rest.
.PHONY: help install install-dev run test test-slow test-fast test-random coverage test-postgres test-postgres-all chaos bench lint format lock audit-deps
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
JOBS ?= 3
SLOW_JOBS ?= 4
export PYTHONDONTWRITEBYTECODE := # where it is set, each process compiles every module again
FAST := not browser and not product and not slow and not postgres and not database

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: .venv/.installed ## make the environment .venv and install what is pinned

install-dev: install .venv/.installed-dev

.venv/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Plimsoll needs Python 3.11 or newer: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Installing into .venv (once)"
	@$(PYTHON) -m venv .venv
	@$(PIP) --require-hashes -r requirements.txt
	@touch $@

.venv/.installed-dev: requirements-dev.txt
	@echo "Installing what the tests need (once)"
	@$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@

run: install ## start everything; PORT=8701 chooses another port
	@exec $(BIN)/python manage.py up

test: install-dev ## run the tests that need neither a browser nor the whole product; ARGS="tests/config -x" goes to pytest
	@$(BIN)/python -m pytest -n $(JOBS) -m "not browser and not product" $(ARGS)

test-slow: install-dev ## run those that do: Chromium, all processes, and faults on purpose
	@$(BIN)/python -m pytest -n $(SLOW_JOBS) -m "browser or product" $(ARGS)

test-fast: install-dev ## run what takes a minute, for the edit loop: no browser, no product, few rows
	@$(BIN)/python -m pytest -n $(JOBS) --hypothesis-profile dev -m "$(FAST)" $(ARGS)

test-random: install-dev ## run the tests in another order each time; ARGS="--randomly-seed=1" repeats one
	@$(BIN)/python -m pytest -n $(JOBS) -p randomly $(ARGS)

coverage: install-dev ## print which lines no test of one process runs
	@$(BIN)/python -m pytest -n $(JOBS) -m "not browser and not product" --cov --cov-report term:skip-covered $(ARGS)

test-postgres: install-dev ## run what PostgreSQL may do otherwise, on the server that PLIMSOLL_TEST_POSTGRES_URL names
	@PLIMSOLL_TEST_ON_POSTGRES=yes $(BIN)/python -m pytest -n $(JOBS) --create-db -m postgres $(ARGS)

test-postgres-all: install-dev ## run all that depends on the database there (once before a release)
	@PLIMSOLL_TEST_ON_POSTGRES=yes $(BIN)/python -m pytest -n $(JOBS) --create-db -m "postgres or database" $(ARGS)

chaos: install-dev ## break the running product in every way we know (an hour); ARGS="--only storm"
	@$(BIN)/python -m tests.chaos $(ARGS)

bench: install-dev ## measure CPU, memory, times and mails, for twenty minutes, as one table; ARGS="--only probing,board"
	@$(BIN)/python -m bench $(ARGS)

lint: install-dev ## check style, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "Run: make format"; exit 1; }
	@$(BIN)/djhtml --tabwidth 2 --check templates || { echo "Run: make format"; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports

audit-deps: install-dev ## ask for known vulnerabilities of what is pinned, where the package index has them
	@$(BIN)/python .ci/audit_dependencies.py

format: install-dev ## put the code into shape
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format --quiet .
	@$(BIN)/djhtml --tabwidth 2 templates

lock: install-dev ## pin what requirements*.in name, with hashes; ARGS="--upgrade-package redis" takes a newer release
	@$(BIN)/uv pip compile --quiet $(ARGS) --output-file requirements.txt requirements.in
	@$(BIN)/uv pip compile --quiet $(ARGS) --output-file requirements-dev.txt --constraints requirements.txt requirements-dev.in
