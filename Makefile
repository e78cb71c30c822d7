# Each target sets up what it needs: a virtual environment with pinned versions, created once.
PYTHON ?= python3
CORES ?= all
VENV := .venv
SNAKEMAKE := $(VENV)/bin/snakemake
INSTALL := $(VENV)/bin/python -m pip install --quiet --no-compile -c constraints.txt -r
COUNT := import os; print(len(os.sched_getaffinity(0)))
# On all available cores; pip would compile files one by one. Templates in some packages are not Python, hence `|| true`.
COMPILE := $(VENV)/bin/python -m compileall -qq -j $$($(VENV)/bin/python -c "$(COUNT)") $(VENV)/lib || true

.PHONY: demo setup test test-unit lint help

help:
	@echo "make demo       run the whole embedded study; the report is results/demo/report.html"
	@echo "make setup      install what the study needs into .venv, without running anything"
	@echo "make forecast   estimate the cost of the paper's study on this machine; another study: CONFIG=..."
	@echo "make test       all tests"
	@echo "make test-unit  only the library's tests"
	@echo "make lint       ruff, snakefmt and snakemake --lint"
	@echo "make bench      the measurements of docs/performance.md; small sizes, or BENCH=--full on an idle machine"
	@echo "make docs       generate config/README.md from the schema"

demo: $(VENV)/.study
	$(SNAKEMAKE) --cores $(CORES)

setup: $(VENV)/.study

# One thread per process, as the workflow's jobs have: pytest-xdist uses the cores already.
test test-unit: export OMP_NUM_THREADS := 1

# In file order: the SLURM tests, which mostly wait, run next to the library's tests, and the short studies at the end.
test: $(VENV)/.dev
	$(VENV)/bin/python -m pytest tests -n 2 --dist loadfile --no-loadscope-reorder

test-unit: $(VENV)/.dev
	$(VENV)/bin/python -m pytest tests/unit

lint: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/snakefmt --check Snakefile workflow/rules
	$(SNAKEMAKE) --lint

$(VENV)/.study: requirements.txt constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.platform != "linux" and "Linux is required; on Windows use WSL.")'
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15) and \
	    "Python 3.11 to 3.14 is required; set PYTHON=...")'
	$(VENV)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(INSTALL) requirements.txt
	$(COMPILE)
	touch $@

$(VENV)/.dev: $(VENV)/.study requirements-dev.txt
	$(INSTALL) requirements-dev.txt
	$(COMPILE)
	touch $@

# Cost of a study on this machine: make forecast CONFIG=config/paper.yaml
CONFIG ?= config/paper.yaml
.PHONY: forecast
forecast: $(VENV)/.study
	$(VENV)/bin/python workflow/scripts/forecast.py $(CONFIG)

.PHONY: docs
docs: $(VENV)/.dev
	$(VENV)/bin/python workflow/schemas/describe.py > config/README.md.new
	mv config/README.md.new config/README.md

BENCH ?=
.PHONY: bench
bench: $(VENV)/.dev
	$(VENV)/bin/python benchmarks/run.py $(BENCH)
