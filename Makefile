# Everything a person or CI runs. Each target builds what it needs into the project's own virtual environment.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.built
SOURCES := pyproject.toml setup.py $(wildcard ext/*.pyx ext/*.pxi ext/*.h ext/*.py ext/cilwire/*.c ext/cilwire/*.h)

.DEFAULT_GOAL := help
.PHONY: help build demo test test-day test-package soak lint bench bench-gate bench-site clean

help: ## what there is
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | expand -t 16

build: $(STAMP) ## virtual environment with fastcil and everything its development needs

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip setuptools wheel "Cython>=3.1" "cffi>=1.15"

$(STAMP): $(VENV)/bin/python $(SOURCES)
	FASTCIL_CFFI=1 $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --editable '.[dev]'
	@touch $@

demo: build ## a contact centre and a supervisor's view of it, for about ten seconds
	$(BIN)/fastcil demo

test: build ## every test but PyPy's and the sanitizers'
	FASTCIL_TEST_BACKENDS=cython,cffi,reference $(BIN)/python -m pytest tests

test-day: build ## a whole day of a simulated site with 1,000 agents, about five minutes
	FASTCIL_WHOLE_DAY=1 $(BIN)/python -m pytest tests/unit/simulator/test_sim_day.py --timeout 1500

soak: build ## ten minutes of a site in compressed time with faults on both sides of the server
	FASTCIL_SOAK_SECONDS=600 $(BIN)/python -m pytest tests/wire/test_site_soak.py

PACKAGE := build/package

test-package: build ## what would be published: built from its own archive, installed with nothing else, and run
	rm -rf $(PACKAGE)
	$(BIN)/python -c "from setuptools import build_meta; print(build_meta.build_sdist('$(PACKAGE)'))"
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir $(PACKAGE) $(PACKAGE)/fastcil-*.tar.gz
	$(PYTHON) -m venv $(PACKAGE)/venv
	$(PACKAGE)/venv/bin/python -m pip install --quiet --disable-pip-version-check --no-index $(PACKAGE)/fastcil-*.whl
	cd $(PACKAGE) && venv/bin/python -W error $(CURDIR)/tests/package/installed.py

lint: build ## style and types
	$(BIN)/ruff check src tests bench ext examples setup.py
	$(BIN)/ruff format --check src tests bench examples ext/cffi_build.py setup.py
	$(BIN)/mypy

bench: build ## every promise measured beside its peers: one table, and JSON
	$(BIN)/python -m bench.run

bench-gate: build ## fails when a promise is broken or a hot call got slower
	$(BIN)/python -m bench.gate

bench-site: build ## what the event server of a site costs: one table; some minutes
	$(BIN)/python -m bench.site_costs

clean: ## removes everything that was built
	rm -rf $(VENV) .venv-* build dist src/*.egg-info .benchmarks bench/results .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests bench ext -name '__pycache__' -prune -exec rm -rf {} + -o -name '*.so' -exec rm -f {} +

include ext/native.mk
