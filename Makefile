# Each target builds .venv itself when it is absent or the lock has changed.
#   make diagnose [FAULT=unreachable-media] [ARGS="--lang ru"]
#   make test     [ARGS="tests/test_main.py -k help"]
#   make check    ruff, its formatter and mypy, all strict
#   make bench    the figures to reach, as ratios measured in one run
#   make docs     writes the commands' help and the faults into README.md
#   make cassettes  records the cassettes that ship anew (emulator; always the same bytes)
#   make lock     pins what pyproject.toml asks for

PYTHON ?= python3
FAULT ?=
ARGS ?=
OURS := diagnostics scenarios reports
PY := .venv/bin/python
READY := .venv/ready
LOCKER := out/locker
ELDER := .venv/sdk/openai-2
ELDER_LOCK := tests/sdk/openai2.lock
RECORDERS := .venv/recorders
RECORDERS_LOCK := tests/recorders/recorders.lock
COMPILE := --quiet --no-config --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
  --strip-extras --no-header --no-annotate --generate-hashes --allow-unsafe

.PHONY: diagnose test check bench docs cassettes lock

diagnose: $(READY)
	@.venv/bin/diagnostics run --target emulator $(if $(FAULT),--fault "$(FAULT)") $(ARGS)

test: $(READY) $(RECORDERS)/ready
	@$(PY) -m pytest $(ARGS)

check: $(READY)
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

bench: $(READY)
	@$(PY) -m compileall -q $(OURS)
	@$(PY) -m benchmarks $(ARGS)

docs: $(READY)
	@$(PY) -m tests.readme_help

cassettes: $(READY)
	@$(PY) -m tests.shipped_cassettes $(ARGS)

# Bytecode is compiled here because PYTHONDONTWRITEBYTECODE would make every start slow.
$(READY): requirements.lock pyproject.toml $(ELDER_LOCK)
	@command -v $(PYTHON) >/dev/null || { echo "error: no $(PYTHON) here"; \
	  echo "  hint: install Python 3.11 or newer, or: make PYTHON=/path/to/python3.11"; exit 2; } >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: $(PYTHON) is older than Python 3.11: $$($(PYTHON) --version 2>&1)"; \
	  echo "  hint: make PYTHON=python3.11"; exit 2; } >&2
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "error: $(PYTHON) has no venv module"; \
	  echo "  hint: apt-get install python3-venv, then run make again"; exit 2; } >&2
	@echo "building .venv (once, and again when the lock changes)" >&2
	@$(PY) -c '' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@rm -rf $(ELDER)
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
	  --target $(ELDER) -r $(ELDER_LOCK)
	@$(PY) -m compileall -q $(OURS)
	@touch $@

# Tools that record captures, with pins of their own that clash with ours: only tests run them.
$(RECORDERS)/ready: $(READY) $(RECORDERS_LOCK)
	@rm -rf $(RECORDERS)
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
	  --target $(RECORDERS) -r $(RECORDERS_LOCK)
	@touch $@

# Pins stay as they are unless asked: make lock ARGS=--upgrade. Beside the main lock stands what the
# elder openai library needs that the main lock does not hold at the same version.
lock: $(READY)
	@$(PYTHON) -m venv $(LOCKER)
	@$(LOCKER)/bin/python -m pip install --quiet --disable-pip-version-check pip-tools
	@$(LOCKER)/bin/python .ci/wanted > $(LOCKER)/wanted.txt
	@cp requirements.lock $(LOCKER)/pinned.txt
	@$(LOCKER)/bin/pip-compile $(COMPILE) $(ARGS) --output-file $(LOCKER)/pinned.txt $(LOCKER)/wanted.txt
	@{ echo '# Pinned with hashes. Made by `make lock` from pyproject.toml; do not edit.'; \
	  cat $(LOCKER)/pinned.txt; } > $(LOCKER)/requirements.lock
	@mv $(LOCKER)/requirements.lock requirements.lock
	@$(LOCKER)/bin/python .ci/wanted --group elder > $(LOCKER)/elder.txt
	@cat requirements.lock $(ELDER_LOCK) > $(LOCKER)/elder-pinned.txt
	@$(LOCKER)/bin/pip-compile $(COMPILE) $(ARGS) --output-file $(LOCKER)/elder-pinned.txt $(LOCKER)/elder.txt
	@$(LOCKER)/bin/python .ci/wanted --beside requirements.lock $(LOCKER)/elder-pinned.txt > $(LOCKER)/elder.lock
	@mv $(LOCKER)/elder.lock $(ELDER_LOCK)
	@$(LOCKER)/bin/python .ci/wanted --group recorders > $(LOCKER)/recorders.txt
	@cp $(RECORDERS_LOCK) $(LOCKER)/recorders-pinned.txt
	@$(LOCKER)/bin/pip-compile $(COMPILE) $(ARGS) --output-file $(LOCKER)/recorders-pinned.txt $(LOCKER)/recorders.txt
	@{ echo '# Pinned with hashes. Made by `make lock` from the group `recorders`; do not edit.'; \
	  grep -v '^#' $(LOCKER)/recorders-pinned.txt; } > $(LOCKER)/recorders.lock
	@mv $(LOCKER)/recorders.lock $(RECORDERS_LOCK)
