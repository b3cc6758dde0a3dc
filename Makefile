# make env    everything that development needs, in .venv (quick when nothing changed)
# make demo   train and measure the default model on simulated heart sounds
# make test   the tests
# make check  format, lint, types, layers, documentation

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: env demo test test-slow check docs clean

env: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=24"
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev,docs]"
	touch $@

demo: env
	$(BIN)/fusionkit run --repr mel,wave --encoder vit,cnn1d --fuser concat

test: env
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

test-slow: env
	$(BIN)/python -m pytest -m slow

check: env
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate_pages.py --check
	$(BIN)/mkdocs build --quiet --strict --site-dir build/site

docs: env
	$(BIN)/python docs/generate_pages.py
	$(BIN)/mkdocs build --strict --site-dir build/site

clean:
	rm -rf build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
