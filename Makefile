# The two commands of the README: make demo, make test. Each sets up what it needs in .venv.
PYTHON ?= python3
BIN := .venv/bin
export JUDGEAUDIT_SCREENSHOTS ?= $(CURDIR)/build/screenshots

.PHONY: demo test campaigns bench clean

demo: .venv/installed
	$(BIN)/judgeaudit demo

test: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m judgeaudit.items --check
	$(BIN)/python -m pytest

campaigns: .venv/installed-dev
	status=0; for script in benchmarks/campaign_*.py; do $(BIN)/python $$script || status=1; done; exit $$status

bench: .venv/installed-dev
	status=0; for script in benchmarks/bench_*.py; do $(BIN)/python $$script || status=1; done; exit $$status

.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip

.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	-$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[local]'
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv dist build
