# `make` lists the targets.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_TEST := $(VENV)/.installed-test
PACKAGES := plqy_rig drivers procedures calibration sim

.DEFAULT_GOAL := help
.PHONY: help demo gui docs test check bench soak firmware clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV) || { echo "No venv module: run  apt-get install python3-venv"; exit 1; }

$(INSTALLED): pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(INSTALLED_TEST): pyproject.toml constraints.txt $(INSTALLED) system-packages.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test]'
	@sh tools/system-packages system-packages.txt
	@touch $@

demo: $(INSTALLED)  ## a full five-spectrum run on the simulated bench, evaluated
	@$(BIN)/plqy demo

gui: $(INSTALLED)  ## the operator's window, with the choice of a rig or a simulated bench
	@$(BIN)/plqy gui

docs: $(INSTALLED)  ## the pictures of the window in the docs, taken anew
	$(BIN)/python -m plqy_rig.gui.screenshots docs/images/gui

check: $(INSTALLED_TEST)  ## lint, types, contracts, unit tests (fast)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist worksteal tests/unit

test: check  ## every check there is
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q --ignore-glob='*/test_gui_*.py' tests/system tests/hardware
	@# A process for each file of the window's tests: a process has one window in life, not fifty.
	for file in tests/system/test_gui_*.py; do \
		OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q $$file || exit 1; \
	done

bench: $(INSTALLED_TEST)  ## benchmarks: how right, how fast (half an hour)
	$(BIN)/python benchmarks/journal_save.py
	$(BIN)/python benchmarks/evaluate_speed.py
	$(BIN)/python benchmarks/driver_overhead.py
	$(BIN)/python benchmarks/step_overhead.py
	$(BIN)/python benchmarks/gui_start.py
	$(BIN)/python benchmarks/gui_run.py
	$(BIN)/python benchmarks/gui_memory.py
	$(BIN)/python benchmarks/pulls.py --seeds 10 --jobs 2

soak: $(INSTALLED_TEST)  ## the long tests, with counts (hours)
	$(BIN)/python tests/soak/fail_at_every_exchange.py
	$(BIN)/python tests/soak/kills.py
	$(BIN)/python tests/soak/night.py
	PLQY_SOAK_EXAMPLES=50 $(BIN)/python -m pytest -q tests/soak/test_engine_soak.py \
		tests/system/test_guardian_kills.py tests/system/test_engine_endings.py tests/system/test_host_idle.py

firmware:  ## build the ND wheel's firmware
	$(MAKE) -C drivers/nd_wheel/firmware

clean:  ## remove what was built
	rm -rf $(VENV) build *.egg-info
