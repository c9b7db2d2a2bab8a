# Two commands do everything: `make demo` and `make test`. Both stand on `make install`.
PYTHON ?= python3
BIN := .venv/bin
# What pip would do file by file, on all cores; a file that is no Python for this version harms nobody, as with pip.
COMPILE := $(BIN)/python -m compileall -q -j 0 .venv/lib || true
# More workers than cores: some wait at any time, for Kafka or a browser.
PARALLEL := --numprocesses 4 --dist loadfile --no-loadscope-reorder
LOCK := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

.PHONY: install install-dev demo test check soak fuzz disorder bench bench-stream bench-boards bench-compare lock clean

install: .venv/blank

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "hostledger needs Python 3.11 or newer; this is $$($(PYTHON) --version). Remedy: make PYTHON=python3.12 install"; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --no-compile --require-hashes -r requirements.lock
	$(COMPILE)
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# The tables of a warehouse, made once: new ones are copies.
.venv/blank: .venv/installed $(wildcard analytics/warehouse/migrations/*.sql)
	$(BIN)/python -m analytics.warehouse
	@touch $@

install-dev: .venv/installed-dev .venv/blank

.venv/installed-dev: requirements-dev.lock .venv/installed
	$(BIN)/pip install --quiet --no-compile --require-hashes -r requirements-dev.lock
	$(COMPILE)
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

# What a night is for: two hundred deaths of workers at random moments, twenty of which `make test` has too, several
# times as many random scenarios, and a thousand experiments whose truth is known.
NIGHTLY := faults lanes processor engines_alike core_equals_referee core_units shares contract decoding
NIGHTLY += warehouse_values experiments_truth experiments_exposures removal comparison sources_hostile

soak: install-dev fuzz disorder
	HOSTLEDGER_DEATHS=200 HOSTLEDGER_REQUIRE=kafka $(BIN)/python -m pytest tests/test_stream.py -k random_deaths
	HOSTLEDGER_DEATHS=200 $(BIN)/python -m pytest $(NIGHTLY:%=tests/test_%.py)

# All tests, with every order made random that nobody promises; DISORDER=1 is the seed 1.
disorder: install-dev
	PYTHONPATH=tests $(BIN)/python -m pytest $(PARALLEL) -p disorder

# Payloads that coverage leads to, for half an hour; atheris has wheels for Linux and Python 3.11 to 3.13.
FUZZ_S := 1800

fuzz: .venv/installed-soak
	$(BIN)/python tests/fuzz_sources.py -max_total_time=$(FUZZ_S)

.venv/installed-soak: requirements-soak.lock .venv/installed-dev
	$(BIN)/pip install --quiet --no-compile --require-hashes -r requirements-soak.lock
	@touch $@

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
	echo atheris==3.0.0 | $(BIN)/uv pip compile $(LOCK) - -o requirements-soak.lock

clean:
	rm -rf .venv build *.egg-info .coverage* .pytest_cache .mypy_cache .ruff_cache
