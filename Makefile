# Two commands: `make demo` and `make test`. Each sets up everything it needs inside .venv.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test lint clean

demo: $(VENV)/run.stamp
	$(BIN)/python run_camera.py demo --out out/demo

test: $(VENV)/test.stamp
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' || \
	  { echo "Glimpse needs Python 3.10, 3.11 or 3.12, and $(PYTHON) is another: call 'make PYTHON=python3.11 ...'"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "python3 cannot make virtual environments here: sudo apt-get install -y python3-venv"; exit 1; }

$(VENV)/run.stamp: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	$(BIN)/python -m kernels warm
	@touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev,train]"
	@touch $@

clean:
	rm -rf $(VENV) out
