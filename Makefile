# make suites · make demo · make test · make test-all · make lint · make bench · make matrix
# Needs Python 3.11 or later; everything else is installed into .venv and a per-user cache.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# How many pytest processes; the machine that this is measured on has two cores.
JOBS ?= 2
# Our own tests wait half of their time, for servers and browsers to start and to answer.
TEST_JOBS ?= 3

# One file, one worker; what is slow is left to `make test-all`, which runs everything.
TEST := $(BIN)/pytest tests -q -n $(TEST_JOBS) --dist loadfile --no-loadscope-reorder --random-order \
        --timeout 300 --durations 10

# Tests start hundreds of processes; none of them should compile this project anew.
test test-all: export PYTHONDONTWRITEBYTECODE =

.PHONY: suites demo test test-all lint format bench matrix clean

suites: $(READY)
	@$(BIN)/pytest suites -n $(JOBS) --junitxml reports/junit.xml --alluredir reports/allure --clean-alluredir; \
	status=$$?; \
	echo "JUnit: reports/junit.xml · Allure results: reports/allure · what each file is: reports/README.md"; \
	exit $$status

demo: $(READY)
	$(BIN)/python -m demo

test: $(READY)
	$(TEST) -m 'not slow'

test-all: $(READY)
	$(TEST)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(READY)
	$(BIN)/python -m benchmarks

matrix: $(READY)
	$(BIN)/python -m tests.faults.matrix

clean:
	rm -rf $(VENV) dist build

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	{ echo "parse-parity needs Python 3.11 or later; name one with: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@echo "installing into $(VENV) (once, about half a minute)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[stack,cluster,dev]'
	@touch $(READY)
