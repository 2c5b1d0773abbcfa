# Two commands do everything: `make run` and `make test`. Each says what it is doing and is quick the second time.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin
export WORKBENCH_HOME ?= $(CURDIR)/.workbench
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test test-slow check bench clean

run: $(VENV)/.installed
	@if [ ! -e "$(WORKBENCH_HOME)/workbench.duckdb" ] || [ -e "$(WORKBENCH_HOME)/demo-unfinished" ]; then \
	  echo "Making the demo dataset, once, about half a minute"; \
	  mkdir -p "$(WORKBENCH_HOME)" && touch "$(WORKBENCH_HOME)/demo-unfinished" && \
	  $(BIN)/python workbench.py demo --as "$${USER:-somebody}" && rm "$(WORKBENCH_HOME)/demo-unfinished"; \
	fi
	@$(BIN)/python workbench.py serve-ui --port $(PORT) --browser

test: $(VENV)/.installed-dev
	@echo "Running the tests; those marked slow run with make test-slow"
	@$(BIN)/python -m pytest -q -m "not slow" -n auto --dist loadfile

test-slow: $(VENV)/.installed-dev
	@echo "Running the tests marked slow"
	@$(BIN)/python -m pytest -q -m slow -n auto --dist loadfile

check: $(VENV)/.installed-dev
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy

bench: $(VENV)/.installed-dev
	@$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache

$(VENV)/.installed: requirements.txt constraints.txt
	@echo "Installing what the dashboard needs into $(VENV), once, a minute or two"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --requirement requirements.txt --constraint constraints.txt
	@$(BIN)/python -m services.modelling.tokens.encodings || true # without a network, token counts are estimates
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt requirements-mlflow.txt
	@echo "Installing what the tests need"
	@$(BIN)/python -m pip install --quiet --requirement requirements-dev.txt --constraint constraints.txt
	@touch $@
