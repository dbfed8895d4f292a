# Every command of the project; `make help` lists them.

# The newest interpreter that is at least 3.11 and can make virtual environments: a
# name on PATH may be a shim that does not work.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && { echo $$python; break; }; done)

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest
# More arguments for pytest: make test PYTEST_ARGS="-k newton"
PYTEST_ARGS ?=

# How many random programs `make fuzz` differentiates, and which: a number draws the same ones again.
PROGRAMS ?= 3000
SEED ?= $(shell date +%s)

# Packages, and more arguments for the corpus: make corpus CORPUS_ARGS="fluids --only friction"
CORPUS_ARGS ?=

# The build of PyTorch to test with.
TORCH ?= torch==2.13.0

.DEFAULT_GOAL := help
.PHONY: help run test check generated golden fuzz bench corpus peers clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' \
		$(firstword $(MAKEFILE_LIST))

$(INSTALLED): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with its venv module is needed;" \
		"name one with: make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

run: generated ## write the derivatives of the examples into generated/ and show one
	$(BIN)/gradscribe show examples/listings.py:loss --order 1

test: $(INSTALLED) ## run the tests (PYTEST_ARGS="-k name" selects some)
	$(PYTEST) -n auto $(PYTEST_ARGS)

check: $(INSTALLED) ## lint, check formatting and types
	$(BIN)/ruff check .
	$(BIN)/black --check --quiet .
	$(BIN)/mypy

generated: $(INSTALLED) ## write the derivatives of the examples into generated/
	@for file in examples/*.py; do \
		$(BIN)/gradscribe write $$file -o generated/$$(basename $$file .py) || exit 1; done
	@$(BIN)/gradscribe write examples/from_operator_overloading.py:f --jvp \
		-o generated/from_operator_overloading
	@$(BIN)/gradscribe write examples/from_mindspore.py:product --value \
		-o generated/from_mindspore
	@$(BIN)/gradscribe write examples/from_mindspore.py:Net.construct \
		examples/from_mindspore.py:Trainable.error -o generated/from_mindspore
	@$(BIN)/gradscribe write examples/from_megengine.py:both --jacobian \
		-o generated/from_megengine
	@$(BIN)/gradscribe write examples/listings.py:loss --order 1 --value -o generated/listings
	@$(BIN)/gradscribe write examples/listings.py:f --order 1 --vjp -o generated/listings

golden: $(INSTALLED) ## rewrite the expected texts in tests/golden, README and docs (then read the diff)
	$(PYTEST) --update-golden $(PYTEST_ARGS)

fuzz: $(INSTALLED) ## differentiate thousands of random programs (PROGRAMS=9000 draws more)
	$(PYTEST) -n auto -m hypothesis --hypothesis-profile=fuzz \
		--programs=$(PROGRAMS) --programs-seed=$(SEED) $(PYTEST_ARGS)

bench: $(INSTALLED) ## measure the compiler and the derivatives it writes
	@for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

corpus: $(INSTALLED) ## differentiate packages from PyPI and write docs/corpus.md
	$(BIN)/python -m pip install --quiet --editable '.[corpus]'
	PYTHONPATH=tests $(BIN)/python -m corpus --docs docs/corpus.md $(CORPUS_ARGS)

peers: $(INSTALLED) ## test derivatives beside PyTorch, JAX and a dask cluster (installs them)
	$(BIN)/python -m pip install --quiet '$(TORCH)'
	$(BIN)/python -m pip install --quiet --editable '.[peers]'
	$(PYTEST) tests/peers -m "" $(PYTEST_ARGS)

clean: ## remove everything that is not kept in version control
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -rf src/*.egg-info
	find src tests examples benchmarks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
