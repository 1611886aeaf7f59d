# One command per chore. Needs Python 3.11-3.13 with venv, a C compiler and make; scripts/preflight.sh names what is
# missing. Nothing here needs root.

BIN := .venv/bin
ARGS ?=
JOBS ?= 2
SEEDS ?= 100000
START ?= 0

# Obeyed by the scripts; make's own default for CC (cc) is not a choice anybody made.
export PYTHON
ifneq ($(origin CC),default)
export CC
endif

# dev holds all of demo, so a developer's `make run` installs nothing twice.
RUNTIME := $(if $(wildcard $(BIN)/.dev),$(BIN)/.dev,$(BIN)/.demo)

.DEFAULT_GOAL := help
.PHONY: help venv run test simulate mutants faults soak check bench format wheel clean fuzz

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

venv: $(BIN)/.dev ## Make .venv with everything for development (PYTHON=python3.13 picks another Python)

$(BIN)/.dev: pyproject.toml
	@scripts/venv.sh dev
	@touch $@

$(BIN)/.demo: pyproject.toml
	@scripts/venv.sh demo
	@touch $@

run: $(RUNTIME) ## Run the demo: broker, post, precinct and virtual devices on this machine
	@$(BIN)/kentongan demo $(ARGS)

test: $(BIN)/.dev ## Run the test suite (ARGS="-k floor -x" goes to pytest; JOBS=2 processes share the files)
	@$(BIN)/pytest -n $(JOBS) --dist loadfile $(ARGS)

simulate: $(BIN)/.dev ## Simulate nights in which everything fails (SEEDS=100000 START=0)
	@$(BIN)/python -m tests.simulation --seeds $(SEEDS) --start $(START)

mutants: $(BIN)/.dev ## Break the code on purpose, and see that simulation and tests notice
	@$(BIN)/python -m tests.mutants $(ARGS)

faults: $(BIN)/.dev ## Break the real processes in every way, about half an hour; root for disks and power cuts
	@$(BIN)/pytest tests/faults -m "slow or not slow" $(ARGS)

soak: $(BIN)/.dev ## A long night of random faults (SECONDS=600 SEED=7)
	@SECONDS=$(or $(SECONDS),600) SEED=$(or $(SEED),1) $(BIN)/pytest tests/faults/test_process_soak.py -m slow $(ARGS)

check: $(BIN)/.dev ## Lint, formatting, types and import directions
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(BIN)/.dev ## Measure the post beside a bare loop, about eleven minutes (BENCH_ROUNDS=1 BENCH_ROWS=press,rules)
	@$(BIN)/python -m tests.bench

format: $(BIN)/.dev ## Sort imports, apply safe fixes, format
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

wheel: $(BIN)/.dev ## Build the wheel and the sdist into dist/
	@$(BIN)/python -m build

clean: ## Remove .venv and everything that is made again
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find dispatcher tests scripts -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

fuzz: $(BIN)/.dev ## Compare engine and twin on random rules and events (SECONDS=600 SEED=n, or PAIRS=200000)
	@$(BIN)/python -m tests.fuzz.matcher $(if $(PAIRS),--pairs $(PAIRS),--seconds $(or $(SECONDS),600)) $(if $(SEED),--seed $(SEED))

.PHONY: fuzz-windows
fuzz-windows: $(BIN)/.dev ## Compare engine and a brute-force oracle on random nights (SECONDS=600 SEED=n, or NIGHTS=50000)
	@$(BIN)/python -m tests.fuzz.windows $(if $(NIGHTS),--nights $(NIGHTS),--seconds $(or $(SECONDS),600)) $(if $(SEED),--seed $(SEED))
