PYTHON ?= python3
VENV := .venv/bin/python
RUN_WORDS := $(if $(ONCE),--once) $(if $(PORT),--port $(PORT))
# A file each: no test waits for another's peers. In order: some want few open files.
# Three on two cores, for a third of the time is waiting.
AT_ONCE := -n 3 --dist loadfile --no-loadscope-reorder
.PHONY: setup run peers test bench soak soak-edge lock
.DEFAULT_GOAL := test
setup:
	@$(PYTHON) local/bootstrap.py
run: setup
	@$(VENV) -m local run $(RUN_WORDS)
peers: setup
	@$(VENV) -m local peers $(if $(PORT),--port $(PORT))
test: setup
	@$(VENV) -m ruff format --check . && $(VENV) -m ruff check . && $(VENV) -m mypy && $(VENV) -m tests.infra.bicep && $(VENV) -m pytest $(AT_ONCE)
bench: setup
	@$(VENV) -m tests.bench
soak: setup
	@$(VENV) -m tests.soak
	@$(VENV) -m tests.edge_soak
soak-edge: setup
	@$(VENV) -m tests.edge_soak
lock:
	@$(PYTHON) local/bootstrap.py lock
