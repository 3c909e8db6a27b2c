# Every command a developer needs. `make` alone lists them.

BIN := .venv/bin
PYTHON ?=
# A bare environment names no place to find programs.
PATH ?= /usr/local/bin:/usr/bin:/bin
export PYTHON PATH

# `make images` writes the images it settled on; what the environment names goes before them.
$(foreach pair,$(shell cat .images.env 2>/dev/null),$(eval export $(subst =, ?= ,$(pair))))

.DEFAULT_GOAL := help
.PHONY: help setup run up test test-slow check bench peers images lock docs clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## create .venv from requirements.lock; does nothing when nothing changed
	@sh scripts/setup

run: setup ## the main job: start everything, run the example agents, show what happened
	@$(BIN)/symbi quickstart

up: setup ## start the embedded services and the runtime, and stay
	@$(BIN)/symbi up

test: setup ## every test this machine can run, naming those skipped (SYMBI_REQUIRE=all: a skip fails)
	@$(BIN)/python -m pytest tests -q -ra --no-fold-skipped -m "not slow"

test-slow: setup ## the long-running tests
	@$(BIN)/python -m pytest tests -q -ra --no-fold-skipped -m slow; code=$$?; \
	 if [ $$code -eq 5 ]; then echo "No test is marked slow."; else exit $$code; fi

check: setup ## ruff, mypy, import-linter and the tests that need no service; under a minute
	@sh scripts/check

bench: setup ## the benches: all groups, or NAME=group
	@$(BIN)/python -m bench $(NAME)

peers: setup ## install the programs the benches compare with, in .peers
	@sh scripts/setup peers

images: setup ## fetch the container images of the tests, or build stand-ins where no registry answers
	@sh compose/images/build

lock: setup ## resolve the requirements again (UPGRADE=1: to the newest versions)
	@sh scripts/lock $(if $(UPGRADE),--upgrade)

docs: setup ## regenerate docs/reference
	@$(BIN)/python -m scripts.reference
	@$(BIN)/python -m scripts.cli_reference
	@$(BIN)/python -m scripts.dsl_reference

clean: ## remove what these commands made, except .symbi (your data) and container images
	rm -rf .venv .peers .bench .images.env dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
