# Every command of this repository. `make help` lists them; CONTRIBUTING.md says when to use which.
# What there is to check, and with which Python, is the table in ci/programs.py.
.DEFAULT_GOAL := help
HOST := python3 -B .ci/host.py
PYTEST ?=
# Go tools that only tests/system uses; the engine builds the others for policy.
SYSTEM_TOOLS := compose promtail node-exporter vegeta

.PHONY: help setup format lint types test check release e2e system suite proofs mutants bench fidelity reference openapi outdated packages tools \
    providers system-tools clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## make the Python environment of each project, in PROJECT/.venv
	@python3 -B .ci/setup.py

format: ## write all Python as ruff formats it, with the corrections that ruff makes itself
	@ci/.venv/bin/ruff check --fix --quiet .
	@ci/.venv/bin/ruff format .

lint: ## ruff and shellcheck over everything
	@$(HOST) lint

types: ## mypy, strictly; PROGRAM=deploy for a single program
	@$(HOST) types $(PROGRAM)

test: ## unit tests; PROGRAM=deploy for a single program, PYTEST="-k name" for options of pytest
	@$(HOST) test $(PROGRAM) -- $(PYTEST)

check: ## lint, types, tests with coverage, and policy, in the engine
	@./daggerw check </dev/null

release: ## a whole release to the local environment, in the engine
	@./daggerw call release </dev/null

e2e: ## tests that use ./daggerw as a person does
	@$(HOST) suite e2e -- $(PYTEST)

system: ## tests with processes, gcloud, Terraform and Docker; SUITE=processes for a single suite
	@$(HOST) system $(SUITE) -- $(PYTEST)

proofs: ## deep proofs, which take minutes; PROGRAM=deploy for a single program
	@$(HOST) proofs $(PROGRAM)

mutants: ## changes of deploy's decisions that its tests must notice; FOLDER=group for a single folder
	@python3 -B .ci/mutants.py $(FOLDER)

bench: ## measurements; BENCH=emulator for a single one
	@$(HOST) bench $(BENCH)

fidelity: ## write emulator/FIDELITY.md from the contract tests
	@emulator/.venv/bin/python -m tests.contract.fidelity

reference: ## write docs/reference.md from the verbs, schemas and errors of every program
	@for program in ci deploy accessory emulator; do "$$program/.venv/bin/python" -m "tests.unit.$$program.reference" || exit; done

openapi: ## write docs/ai-server.openapi.json from the server
	@.venv/bin/python -m tests.unit.app.description

providers: ## check iac and packer with the released provider and plugin; needs their registries
	@uv run --quiet --project policy --frozen python -B -m policy.released

outdated: ## dependencies that have a newer release
	@.ci/outdated

packages: ## install the Debian packages of tests/system
	@.ci/packages

tools: ## copy the Go tools of policy from the engine to this computer
	@.ci/tools </dev/null

clean: ## delete environments and caches of this checkout
	@rm -rf .venv */.venv .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -prune -exec rm -rf {} +

# What `.ci/run` uses beside them.

suite:
	@$(HOST) suite $(SUITE) -- $(PYTEST)

system-tools:
	@for tool in $(SYSTEM_TOOLS); do policy/tools/build "$$tool" >/dev/null || exit; done
