# `make` alone lists the targets. Needs make, git and a Python of at least 3.11; everything else is installed
# into .venv (and .venv-sam, .venv-audit), from locks with hashes.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo bench prove clients audit-accounts test local check audit build lock format clean

PORT ?= 4566
TESTS ?= tests
# The folder with your baseline.yaml and policies/, outside of this repository; without it, layers/baseline is it.
DECLARATION ?=
export SAM_CLI_TELEMETRY := 0
export PYTHONPATH := layers:.

BIN := .venv/bin
SAM := .venv-sam/bin/sam
DEV := .venv/bin/groundwork
SAM_CLI := .venv-sam/installed
AUDIT := .venv-audit/simulator
OWN = $(if $(DECLARATION),$(abspath $(DECLARATION)))
unexport DECLARATION

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(DEV) ## Five accounts from five events on the embedded AWS, every door tried
	@$(BIN)/python -m demo

bench: $(DEV) ## Calls, seconds at AWS's latency, CPU and dollars, beside another revision: make bench BASE=03061a5 LATENCY=60
	@$(BIN)/python -m bench $(if $(LATENCY),--latency $(LATENCY)) $(if $(ACCOUNTS),--accounts $(ACCOUNTS)) \
		$(if $(REGIONS),--regions $(REGIONS)) $(if $(BASE),--base $(BASE)) $(if $(ONLY),--only $(ONLY)) \
		$(if $(MARKDOWN),--markdown) $(if $(KEEP),--keep $(KEEP))

prove: $(DEV) $(AUDIT) ## Every crash, repeat, race and refusal, over an hour: make prove SEED=0 ONLY="races admission"
	@$(BIN)/python -m prove $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY))

clients: $(DEV) $(SAM_CLI) ## Other people's clients against the embedded AWS, each installed apart: make clients ONLY="cdk prowler" WRITE=1
	@$(BIN)/python -m clients $(if $(ONLY),--only $(ONLY)) $(if $(WRITE),--write)

audit-accounts: $(DEV) ## Prowler in the accounts, with CIS 7.0 and FSBP: make audit-accounts DECLARATION=../organization ONLY="dev security" WITH=once WRITE=1
	@$(if $(OWN),$(BIN)/python -m checks.declared "$(OWN)")
	@$(BIN)/python -m clients.audits $(if $(OWN),--declaration "$(OWN)") $(if $(WITH),--variant $(WITH)) \
		$(if $(ONLY),--only $(ONLY)) $(if $(WRITE),--write)

test: $(DEV) ## All tests, or some: make test TESTS=tests/unit
	@$(BIN)/python -m pytest -q -n 2 $(TESTS)

local: $(DEV) ## The embedded AWS with Groundwork in it, or your TEMPLATE, until interrupted: make local PORT=4566 QUOTA_ACCOUNTS=25 IDENTITY_CENTER=us-east-1 FAULTS=plan.json
	@$(if $(TEMPLATE),,$(BIN)/python -m checks.declared "$(OWN)")
	@DECLARATION="$(OWN)" $(BIN)/python -m local --port $(PORT) $(if $(TEMPLATE),--template $(TEMPLATE)) \
		$(if $(QUOTA_ACCOUNTS),--quota-accounts $(QUOTA_ACCOUNTS)) $(if $(FAULTS),--faults $(FAULTS)) \
		$(if $(IDENTITY_CENTER),--identity-center $(IDENTITY_CENTER))

check: $(DEV) $(SAM_CLI) ## Format, lint, strict types, template, state machines, generated documents
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/python -m checks.asl statemachines/*.asl.json
	@$(BIN)/python -m checks.generated
	@$(BIN)/cfn-lint template.yaml
	@$(SAM) validate

audit: $(DEV) $(AUDIT) ## Policies asked of an outside evaluator, checkov on template and policies, packages by pip-audit
	@$(BIN)/python -m checks.audit

build: $(DEV) $(SAM_CLI) ## What ships, as sam deploys it: make build DECLARATION=../organization
	@$(BIN)/python -m checks.declared "$(OWN)"
	@MAKEFLAGS= DECLARATION="$(OWN)" PYTHON=$(CURDIR)/.venv-sam/bin/python $(SAM) build

format: $(DEV) ## Put the format right, and what the linter can
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .
	@$(BIN)/python -m checks.generated --write

clean: ## Remove everything that was made
	@rm -rf .venv .venv-sam .venv-audit .venv-clients .venv-lock .aws-sam .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Virtual environments -----------------------------------------------------------------------------

PYTHON = $(shell for python in python3.11 python3.12 python3.13 python3; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)
# The locks name every package, so pip has nothing to resolve.
INSTALL := install -qq --disable-pip-version-check --no-input --no-deps --no-compile --require-hashes

.venv/installed: requirements-dev.txt
.venv-sam/installed: requirements-sam.txt
.venv-audit/installed: requirements-audit.txt
.venv/installed .venv-sam/installed .venv-audit/installed:
	@test -n "$(PYTHON)" || { echo "Groundwork needs Python 3.11 or later on the PATH" >&2; exit 1; }
	@echo "Installing $< into $(@D) ..."
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip $(INSTALL) -r $<
	@touch $@

# The command line, from the repository as it is.
.venv/bin/groundwork: .venv/installed
	@printf '#!/bin/sh\nPYTHONPATH="%s/layers:%s" exec "%s/.venv/bin/python" -m cli "$$@"\n' '$(CURDIR)' '$(CURDIR)' '$(CURDIR)' > $@
	@chmod +x $@

.venv-audit/simulator: .venv-audit/installed prove/simulator/package-lock.json
	@cp prove/simulator/package.json prove/simulator/package-lock.json $(@D)
	@cd $(@D) && PATH="$$PWD/bin:$$PATH" npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@

# Locks --------------------------------------------------------------------------------------------

LOCK := .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-strip-extras --no-emit-index-url --no-annotate --no-header

lock: ## Bring the locked versions up to date
	@$(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install -qq --disable-pip-version-check uv
	@$(LOCK) --upgrade -o requirements-dev.txt requirements-dev.in
	@$(LOCK) --upgrade -c requirements-dev.txt -o layers/groundwork/requirements.txt \
		layers/groundwork/requirements.in
	@$(LOCK) --upgrade -o requirements-sam.txt requirements-sam.in
	@$(LOCK) --upgrade -o requirements-audit.txt requirements-audit.in
	@cd prove/simulator && npm update --package-lock-only --ignore-scripts --no-audit --no-fund
	@for client in clients/locks/*.in; do $(LOCK) --upgrade -o "$${client%.in}.txt" "$$client"; done
	@for lock in clients/locks/*/; do \
		(cd "$$lock" && npm update --package-lock-only --ignore-scripts --no-audit --no-fund); done
