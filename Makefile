# Everything here does its own set-up first (sandbox/setup.sh); second runs start in seconds.

LOCAL_PYTHON := .venv/bin/python
SETUP := sh sandbox/setup.sh
# How many test processes: servers and the Functions worker fill more than one core each.
JOBS ?= 2
# More arguments for pytest or the benchmarks: make test ARGS="-k members"
ARGS ?=
CONTRACTS := $(wildcard tests/connectors/test_*_contract.py tests/connectors/*/test_*_contract.py)
on = $(filter-out 0 no false,$(1))

.DEFAULT_GOAL := help
.PHONY: help demo up test contract conformance fuzz bench bench-scim bench-connectors cost soak crash check infra-check format requirements clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'

demo: ## Start the local system, play Entra against it, compare; ONCE=1 exits afterwards, OUTAGE=1 stops LDAP midway
	@$(SETUP) servers
	@exec $(LOCAL_PYTHON) -m sandbox demo $(if $(call on,$(ONCE)),--once) $(if $(call on,$(OUTAGE)),--outage)

up: ## Start the local system and serve until Ctrl-C
	@$(SETUP) servers
	@exec $(LOCAL_PYTHON) -m sandbox up

test: ## Run all tests
	@$(SETUP) suites
	@exec $(LOCAL_PYTHON) -m pytest -n $(JOBS) --dist loadgroup $(ARGS)

contract: ## Run the contract suite for every connector and print a table of connectors by properties
	@$(SETUP) servers
	@exec $(LOCAL_PYTHON) -m pytest -n $(JOBS) --dist loadgroup --contract-table -q -r fE $(CONTRACTS) $(ARGS)

conformance: ## Run the public SCIM suites against the whole system; ARGS="okta" chooses, ARGS=--help tells more
	@$(SETUP) suites
	@exec $(LOCAL_PYTHON) -m sandbox.conformance $(ARGS)

bench: ## Measure round trips, rates and import time
	@$(SETUP) servers
	@exec $(LOCAL_PYTHON) -m benchmarks $(ARGS)

bench-scim: ## Measure the SCIM endpoint from 1,000 to 100,000 users beside scim2-server; ARGS=--quick for less
	@$(SETUP) packages
	@exec $(LOCAL_PYTHON) -m benchmarks.scim $(ARGS)

bench-connectors: ## Measure the connectors beside ldapadd, ldapsearch, bare ldap3 and Graph's quota; ARGS=--quick for less
	@$(SETUP) servers
	@exec $(LOCAL_PYTHON) -m benchmarks.connectors $(ARGS)

cost: ## Count a real run and reckon size and cost from it; ARGS=--docs puts the tables into docs
	@$(SETUP) servers
	@exec $(LOCAL_PYTHON) -m benchmarks.cost $(ARGS)

soak: ## Send Entra's traffic for half an hour, watch errors, latency and memory; MINUTES=2 sets how long
	@$(SETUP) servers
	@exec $(LOCAL_PYTHON) -m benchmarks.soak --minutes $(or $(MINUTES),30) $(ARGS)

crash: ## Run the crash tests whole: every step, before and after, two connections (about ten minutes)
	@$(SETUP) servers
	@LOCKSTEP_CRASH_WHOLE=1 exec $(LOCAL_PYTHON) -m pytest -n $(JOBS) tests/crash $(ARGS)

fuzz: ## Send random SCIM requests for a quarter of an hour: sequences, bodies, searches, the OpenAPI description
	@$(SETUP) suites
	@LOCKSTEP_FUZZ=1 exec $(LOCAL_PYTHON) -m pytest -n $(JOBS) --timeout 3600 tests/scim/model tests/conformance/test_openapi_description.py $(ARGS)

check: ## Format, lint, types, requirements.txt, and infra-check
	@$(SETUP) packages
	$(LOCAL_PYTHON) -m ruff format --check .
	$(LOCAL_PYTHON) -m ruff check .
	$(LOCAL_PYTHON) -m mypy
	@$(EXPORT) | cmp -s - requirements.txt || { echo "requirements.txt is stale: run make requirements" >&2; exit 1; }
	@$(MAKE) --no-print-directory infra-check

# No Azure, no download after the set-up. What is missing here (terraform, ../shared) is skipped aloud.
infra-check: ## Check Bicep, Terraform, workflows and their agreement with the code; ARGS="--only drift" for one step
	@$(SETUP) infra
	@exec $(LOCAL_PYTHON) -B -m infra.checks $(ARGS)

format: ## Format the sources and mend what the linter can
	@$(SETUP) packages
	$(LOCAL_PYTHON) -m ruff format .
	$(LOCAL_PYTHON) -m ruff check --fix .

# Azure's remote build reads requirements.txt: runtime packages only, with the hashes of what was tested here.
EXPORT := $(SETUP) uv export --frozen --no-default-groups --no-annotate --quiet
requirements: ## Write requirements.txt from uv.lock
	@$(EXPORT) > requirements.txt.new
	@mv requirements.txt.new requirements.txt

clean: ## Remove what the local system and its set-up made
	rm -rf .local .venv sandbox/npm/node_modules
