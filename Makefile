# make env    everything that development needs, in .venv (quick when nothing changed)
# make demo   train and measure the default model on simulated heart sounds
# make test   the tests
# make faults kills, full disks, damage and hostile files, hundreds of each; FAULTS="--minutes 3" chooses
# make check  format, lint, types, layers, documentation
# make bench  fusionkit against its peers, and one table of ratios; BENCH="--threads 1" chooses

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PEERS := .venv-bench

.PHONY: env demo test test-slow faults check docs bench clean

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

faults: env
	$(BIN)/python -m tests.faults $(FAULTS)

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

bench: env $(PEERS)/.installed
	$(BIN)/python -m benchmarks.peers $(BENCH)

# Apart from .venv: the peers pin what fusionkit leaves open.
$(PEERS)/.installed: benchmarks/peers/requirements.txt
	test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	echo '*' > $(PEERS)/.gitignore
	$(PEERS)/bin/python -m pip install --quiet -r $<
	touch $@

clean:
	rm -rf build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
