# Two commands do everything: `make demo` and `make test`. Both stand on `make install`.
PYTHON ?= python3
BIN := .venv/bin
PARALLEL := --numprocesses 2 --dist loadfile --no-loadscope-reorder
LOCK := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

.PHONY: install install-dev demo test check soak bench bench-stream bench-boards bench-compare lock clean

install: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "hostledger needs Python 3.11 or newer; this is $$($(PYTHON) --version). Remedy: make PYTHON=python3.12 install"; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

install-dev: .venv/installed-dev

.venv/installed-dev: requirements-dev.lock .venv/installed
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

demo: install
	$(BIN)/hostledger demo

test: install-dev
	$(BIN)/python -m pytest $(PARALLEL)

check: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(PARALLEL)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# What a night is for: two hundred deaths of workers at random moments, twenty of which `make test` has too, and twice
# as many random scenarios; a thousand comparisons and experiments whose truth is known.
soak: install-dev
	HOSTLEDGER_DEATHS=200 HOSTLEDGER_REQUIRE=kafka $(BIN)/python -m pytest tests/test_stream.py -k random_deaths
	HOSTLEDGER_DEATHS=200 $(BIN)/python -m pytest tests/test_lanes.py tests/test_processor.py tests/test_engines_alike.py
	HOSTLEDGER_DEATHS=200 $(BIN)/python -m pytest tests/test_comparison.py -k hold_the_truth
	HOSTLEDGER_DEATHS=200 $(BIN)/python -m pytest tests/test_experiments_truth.py tests/test_experiments_exposures.py tests/test_removal.py

bench: install-dev
	$(BIN)/python -m benchmarks

bench-stream: install-dev
	$(BIN)/python -m benchmarks.stream

bench-boards: install-dev
	$(BIN)/python -m benchmarks.boards

bench-compare: install-dev
	$(BIN)/python -m benchmarks.comparison

lock: install
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile $(LOCK) --extra install pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile $(LOCK) --extra install --extra dev pyproject.toml -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf .venv build *.egg-info .coverage* .pytest_cache .mypy_cache .ruff_cache
