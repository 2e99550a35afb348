# Every target makes its own virtual environment first. Works with GNU make 3.81 and later and with BSD make.

PYTHON =
PYTHONS = python3.13 python3.12 python3.11 python3
UV = uv
BIN = .venv/bin
VERDICT = if [ -n "$$failed" ]; then echo "Failed:$$failed. See above." >&2; exit 1; fi

help:
	@echo 'make run           a MESEMS rehearsal with both doors and the scheduler, sign-in details printed'
	@echo 'make test          linters, types, import contracts and all tests'
	@echo 'make games         the secrecy games at full size, with their figures'
	@echo 'make demo          a whole trial, from registry record to verified release, in var/demo'
	@echo 'make lint          linters, types and import contracts only'
	@echo 'make benchmark     what sealing costs, beside the raw cost of its primitives'
	@echo 'make requirements  write docs/requirements.md from the markers in the tests'
	@echo 'make lock          resolve requirements.lock again (needs uv)'
	@echo 'make clean         remove the virtual environment, caches and var/'

run: .venv/installed
	$(BIN)/randomizer serve rehearsal

demo: .venv/installed
	$(BIN)/randomizer demo --dir var/demo --participants 24

# Three processes for two processors: while one waits for a browser, another works. The linters take what the
# tests leave, and speak last. What pytest makes of the tests' code is kept for the next run, also where Python is
# told to keep nothing: each of the three would make it anew, which takes longer than all else before the first test.
test: .venv/installed
	@nice $(MAKE) -s lint >.venv/lint.txt 2>&1 & lint=$$!; failed=''; \
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses 3 --dist loadscope --no-loadscope-reorder -r fEs || failed=' pytest'; \
	wait $$lint || failed="$$failed lint"; cat .venv/lint.txt; \
	$(VERDICT)

games: .venv/installed
	GAMES_SIZE=full $(BIN)/python -m pytest tests/games --numprocesses 3 --dist loadscope -r fEs

# Everything is run, whatever fails, so that one run says it all.
lint: .venv/installed
	@failed=''; \
	$(BIN)/ruff check . || failed="$$failed ruff-check"; \
	$(BIN)/ruff format --check . || failed="$$failed ruff-format"; \
	$(BIN)/mypy || failed="$$failed mypy"; \
	$(BIN)/lint-imports --no-logo || failed="$$failed lint-imports"; \
	$(VERDICT)

benchmark: .venv/installed
	$(BIN)/python tests/benchmarks/sealing.py

requirements: .venv/installed
	$(BIN)/python tests/requirements_page.py

lock:
	$(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--no-annotate --all-extras --group test pyproject.toml -o requirements.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist *.egg-info var

.venv/locked: requirements.lock
	@fit='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'; \
	python=''; \
	for candidate in $(PYTHON) $(PYTHONS); do \
		if $$candidate -c "$$fit" >/dev/null 2>&1; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo 'No Python 3.11, 3.12 or 3.13 was found. Install one, or name it: make PYTHON=/path/to/python3.12' >&2; \
		exit 1; \
	fi; \
	if ! $$python -c 'import ensurepip, venv' >/dev/null 2>&1; then \
		echo "$$python cannot make virtual environments. On Debian: apt-get install python3-venv" >&2; \
		exit 1; \
	fi; \
	echo "Making .venv with $$($$python --version), about a minute the first time."; \
	rm -rf .venv && $$python -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@touch .venv/locked

.venv/installed: .venv/locked pyproject.toml
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -qq keys randomizer
	@touch .venv/installed

.PHONY: help run demo test games lint benchmark requirements lock clean
