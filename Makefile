# Set-up and the main jobs. `make demo` and `make test` need only Python (3.11 or newer), pip and make.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
SPECS := $(wildcard specs/*.sw specs/paper/*.sw)

.PHONY: help demo test lint compile check clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("swc needs Python 3.11 or newer, and $(PYTHON) is " + sys.version.split()[0] + ": say make PYTHON=python3.12, for example" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[train,dev]'
	@touch $@

demo: $(INSTALLED)  ## compile, search, train, refine and evaluate a family of wide residual networks on digits
	$(BIN)/swc train specs/digits.sw --data digits --run runs/digits --lock runs/digits/digits.lock --fresh
	@echo
	@echo 'swc lies in $(BIN): say "source $(BIN)/activate" to have it at hand.'

test: $(INSTALLED)  ## the whole test suite
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(INSTALLED)  ## formatter, linter, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy generated benchmarks

compile: $(INSTALLED)  ## compile every committed spec to generated/
	$(BIN)/swc compile --no-lock $(SPECS) -o generated

check: $(INSTALLED)  ## whether generated/ is what the specs say
	$(BIN)/swc compile --check --no-lock $(SPECS) -o generated

clean:  ## remove the environment, runs and caches
	rm -rf $(VENV) runs build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
