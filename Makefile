# Two commands are all you need: `make run` and `make test`.
# Both set up .venv the first time and leave it alone afterwards.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: run test lint check-python pytest bench wheel clean help

run: $(READY)  ## open Safelight on the bundled checkpoint
	@$(BIN)/safelight

test: lint pytest  ## everything the CI checks

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

pytest: $(READY)
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist worksteal --ignore tests/terminal
	$(BIN)/pytest tests/terminal  # one by one: they are about who comes first

bench: $(READY)  ## the figures of speed, as tables
	@for script in tests/bench/bench_*.py; do echo; $(BIN)/python $$script || exit 1; done

wheel: $(READY)  ## a wheel with the weights, themes and styles inside
	$(BIN)/python -m build --wheel

clean:  ## remove what the set-up and the tools made
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

# The stamp is newer than what it was made from, so a second call does nothing.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Safelight needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make PYTHON=python3.12 run"; exit 1; }
	@echo "Setting up $(VENV) (once; PyTorch is large, so this can take some minutes) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@
