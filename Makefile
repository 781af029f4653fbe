# Everything here does its own set-up first (sandbox/setup.sh); second runs start in seconds.

LOCAL_PYTHON := .venv/bin/python
SETUP := sh sandbox/setup.sh
# How many test processes: servers and the Functions worker fill more than one core each.
JOBS ?= 2
# More arguments for pytest or the benchmarks: make test ARGS="-k members"
ARGS ?=
on = $(filter-out 0 no false,$(1))

.DEFAULT_GOAL := help
.PHONY: help demo up test bench soak check format requirements clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'

demo: ## Start the local system, play Entra against it, compare; ONCE=1 exits afterwards, OUTAGE=1 stops LDAP midway
	@$(SETUP) servers
	@exec $(LOCAL_PYTHON) -m sandbox demo $(if $(call on,$(ONCE)),--once) $(if $(call on,$(OUTAGE)),--outage)

up: ## Start the local system and serve until Ctrl-C
	@$(SETUP) servers
	@exec $(LOCAL_PYTHON) -m sandbox up

test: ## Run all tests
	@$(SETUP) servers
	@exec $(LOCAL_PYTHON) -m pytest -n $(JOBS) --dist loadgroup $(ARGS)

bench: ## Measure round trips, rates and import time
	@$(SETUP) servers
	@exec $(LOCAL_PYTHON) -m benchmarks $(ARGS)

soak: ## Run the crash tests whole: every step, before and after, two connections (about ten minutes)
	@$(SETUP) servers
	@LOCKSTEP_SOAK=1 exec $(LOCAL_PYTHON) -m pytest -n $(JOBS) tests/crash $(ARGS)

check: ## Format, lint, types, requirements.txt
	@$(SETUP) packages
	$(LOCAL_PYTHON) -m ruff format --check .
	$(LOCAL_PYTHON) -m ruff check .
	$(LOCAL_PYTHON) -m mypy
	@$(EXPORT) | cmp -s - requirements.txt || { echo "requirements.txt is stale: run make requirements" >&2; exit 1; }

format: ## Format the sources and mend what the linter can
	@$(SETUP) packages
	$(LOCAL_PYTHON) -m ruff format .
	$(LOCAL_PYTHON) -m ruff check --fix .

# Azure's remote build reads requirements.txt: runtime packages only, with the hashes of what was tested here.
EXPORT := $(SETUP) uv export --frozen --no-dev --no-annotate --quiet
requirements: ## Write requirements.txt from uv.lock
	@$(EXPORT) > requirements.txt.new
	@mv requirements.txt.new requirements.txt

clean: ## Remove what the local system and its set-up made
	rm -rf .local .venv sandbox/npm/node_modules
