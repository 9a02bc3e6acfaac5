# The only requirements are git, make and Python 3.11 or newer. `make` alone lists the targets.
PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11 python,$(shell command -v $(name) 2>/dev/null)))
PY = .venv/bin/python
ARGS ?=
ONLY ?=

.PHONY: help venv run test check bench faults lock

help: ## List the targets.
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' Makefile

venv: ## Make .venv from requirements-dev.txt, or bring it up to date.
	@"$(PYTHON)" ops/devstack/bootstrap.py

run: venv ## Start the whole product on this machine. ARGS=--check drives it once and stops; ARGS=--reset forgets its data.
	@$(PY) -m ops.devstack $(ARGS)

test: venv ## Run every test but the long ones. ARGS is passed to pytest.
	@$(PY) -m pytest -n auto --dist worksteal $(ARGS)

check: venv ## Lint, types, floors, migrations, templates and documentation.
	@$(PY) -m ops.check

bench: venv ## Run the benchmarks, one JSON object a line. ONLY=ingest runs one of them.
	@$(PY) -m ops.bench $(ONLY)

faults: venv ## Run the long, violent tests: kills, outages, races in many rounds.
	@$(PY) -m ops.check.faults $(ARGS)

lock: venv ## Pin and hash every dependency of pyproject.toml.
	@$(PY) -m uv pip compile -q pyproject.toml --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links -o requirements.txt
	@$(PY) -m uv pip compile -q pyproject.toml --group dev -c requirements.txt --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links -o requirements-dev.txt
