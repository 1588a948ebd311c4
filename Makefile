# Two commands are all a new machine needs: `make demo` and `make test`. Each target makes what it needs.
# PYTHON chooses the interpreter (3.11 or later), VENV where the environment is built.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
JOBS ?= auto

# Bytecode is kept, or each worker and each program that a test starts would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

# A half-made environment must not count as made.
.DELETE_ON_ERROR:

.PHONY: demo test check heavy slow browser gpu bench docs results wheel clean help

help:
	@sed -n 's/^# target \(.*\)/\1/p' Makefile

# target demo     train, compress, audit and report on embedded real images; print the report's path
demo: $(VENV)/.lab
	$(BIN)/undertow demo --out demo

# target test     run the fast suite
test: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

# target check    check style, types, import rules and that generated docs are up to date
check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python docs/generate.py --check

# target heavy    run the tests that train for seconds, or start Ray, int8 engines or whole programs
heavy: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m "heavy and not slow"

# target slow     run the tests that take minutes: killed and resumed runs, fuzzing, whole studies
slow: $(VENV)/.dev
	$(BIN)/python -m pytest -m slow

# target browser  test the report in a real Chromium (needs one on the PATH)
browser: $(VENV)/.dev
	$(BIN)/python -m pytest -m browser

# target gpu      test training on an NVIDIA GPU (needs one, and torch's build for it)
gpu: $(VENV)/.dev
	$(BIN)/python -m pytest -n 4 -m gpu

# target bench    measure every figure that the README and docs quote
bench: $(VENV)/.dev
	for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

# target docs     write the pages generated from the code: measures, interventions, command line
docs: $(VENV)/.dev
	$(BIN)/python docs/generate.py

# target results  run the studies at scale small and write docs/results
results: $(VENV)/.lab
	$(BIN)/undertow run compression_bias --scale small --runner processes --out out/compression_bias --results docs/results
	$(BIN)/undertow run compression_subgroups --scale small --runner processes --out out/compression_subgroups --results docs/results
	$(BIN)/undertow run digits_instrument --scale small --runner processes --out out/digits_instrument --results docs/results
	$(BIN)/undertow run contrastive_pruning --scale small --out out/contrastive_pruning --results docs/results
	$(BIN)/undertow run gradient_flow --scale small --out out/gradient_flow --results docs/results
	$(BIN)/undertow run two_long_tails --scale small --out out/two_long_tails --results docs/results
	$(BIN)/undertow run loss_prioritization --scale small --runner processes --out out/loss_prioritization --results docs/results

# target wheel    build a wheel in dist/
wheel: $(VENV)/.dev
	rm -rf dist && $(BIN)/python -m build --wheel --outdir dist .

clean:
	rm -rf $(VENV) build dist demo out src/*.egg-info

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Undertow needs Python 3.11 or later, this is " + sys.version.split()[0] + ": make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)

# torch first and by exact version: a range may take a build with gigabytes of CUDA.
$(VENV)/.lab: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[lab]'
	touch $@

$(VENV)/.dev: $(VENV)/.lab
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[lab,dev]'
	touch $@
