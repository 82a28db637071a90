# Everything a newcomer, a developer and CI type. Needs python3 (3.11 or newer), its venv module and make; `make help`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One worker more than cores, since tests wait for browsers and servers. Each loads torch (about 1 GB): at most four.
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
WORKERS ?= $(shell [ $(CORES) -lt 4 ] && expr $(CORES) + 1 || echo 4)
PYTEST_ARGS ?=
ROUNDS ?= 5
PIP := $(BIN)/python -m pip install --disable-pip-version-check $(if $(CI),--quiet)

# Compiled files are kept also where the environment says no: the suite starts some hundred Pythons, and pytest writes
# the assertions of every test file anew, which takes seconds a worker.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install dev optional run test quick coverage test-busy check format messages screenshots bench clean

help:
	@echo "make run          설치하고, 데모 작업 공간을 만들고, 대시보드를 엽니다 | install, build the demo workspace, start the dashboard"
	@echo "make test         모든 시험 (WORKERS=2, PYTEST_ARGS='-k store')      | every test"
	@echo "make quick        브라우저·서버·학습이 필요 없는 시험만 (1분 안팎)     | tests without browser, server or training (about a minute)"
	@echo "make coverage     모든 시험을 하며 실행된 줄을 잽니다 (htmlcov/)        | every test, with the lines they run (htmlcov/)"
	@echo "make test-busy    모든 코어가 계산하는 동안 브라우저 시험을 다섯 번 (ROUNDS=5) | the browser tests five times while every core computes"
	@echo "make check        ruff, mypy: 아무것도 고치지 않습니다               | ruff, mypy: changes nothing"
	@echo "make format       코드 모양을 고칩니다                               | format the code"
	@echo "make messages     ko.po를 코드에 맞춥니다                            | bring ko.po up to the sources"
	@echo "make screenshots  assets/screenshots/ 를 다시 찍습니다 (chromium)    | take the screenshots anew (chromium)"
	@echo "make bench        bench/RESULTS.md 를 다시 잽니다 (chromium)         | measure bench/RESULTS.md anew (chromium)"
	@echo "make install      .venv에 필요한 패키지를 설치합니다                 | install the needed packages into .venv"
	@echo "make dev          시험과 검사에 필요한 패키지도 설치합니다           | install the packages for tests and checks too"
	@echo "make optional     선택 패키지를 설치합니다                           | install the optional packages"
	@echo "make clean        .venv와 임시 파일을 지웁니다; workspace/는 남깁니다 | remove .venv and caches; keep workspace/"
	@echo ""
	@echo "PYTHON=/path/to/python3.11   .venv를 만들 파이썬 | the Python that .venv is made with"

# --- installation: a stamp a step, so that only what changed is installed again -------------------------------------

$(VENV)/.made:
	@command -v "$(PYTHON)" >/dev/null 2>&1 || { echo "'$(PYTHON)' 를 찾을 수 없습니다 / not found. Python 3.11+: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "'$(PYTHON)' 은(는) / is $$("$(PYTHON)" -V 2>&1) ($$(command -v "$(PYTHON)")). Python 3.11+: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -m venv "$(VENV)" || { echo "venv를 만들 수 없습니다 / cannot make a venv: apt-get install python3-venv (Debian, Ubuntu)" >&2; exit 1; }
	@touch $@

# torch by itself and first: what pip finds for it decides the build, and whatever needs torch then takes that one.
$(VENV)/.runtime: requirements.txt requirements-speech.txt $(VENV)/.made
	@echo "패키지를 설치합니다; 처음에는 몇 분 걸립니다 | installing packages; the first time takes minutes"
	@$(PIP) "$$(grep '^torch==' requirements.txt)"
	@$(PIP) -r requirements.txt
	@$(PIP) -r requirements-speech.txt || echo "음성 모델을 설치하지 못했습니다. 나머지는 그대로 동작합니다 | no speech models; everything else works: $(BIN)/pip install -r requirements-speech.txt"
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	@$(PIP) -r requirements-dev.txt
	@touch $@

$(VENV)/.optional: requirements-optional.txt $(VENV)/.runtime
	@$(PIP) -r requirements-optional.txt
	@touch $@

install: $(VENV)/.runtime
dev: $(VENV)/.dev
optional: $(VENV)/.optional

# --- what people do -------------------------------------------------------------------------------------------------

# Single commands, without a shell around them: make hands a signal on to the server itself.
run: $(VENV)/.runtime
	@$(BIN)/python -m core demo
	@$(BIN)/python -m core serve

# One thread a worker: with the other core busy, two threads were several times slower.
test: $(VENV)/.dev
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

# Its tests wait for nothing: one worker a core.
quick: WORKERS := $(shell [ $(CORES) -lt 4 ] && echo $(CORES) || echo 4)
quick: $(VENV)/.dev
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m unit --ignore=tests/browser --ignore=tests/pages $(PYTEST_ARGS)

coverage: $(VENV)/.dev
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --cov --cov-report=term --cov-report=html $(PYTEST_ARGS)

# Keys come late on a busy machine, and some faults show only there. Stops at the first failure; always ends the load.
test-busy: $(VENV)/.dev
	@OMP_NUM_THREADS=1 $(BIN)/python -m scripts.busy --rounds $(ROUNDS) -- $(PYTEST_ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

messages: $(VENV)/.runtime
	@$(BIN)/python -m scripts.messages

screenshots: $(VENV)/.dev
	@$(BIN)/python -m scripts.screenshots

bench: $(VENV)/.dev
	@$(BIN)/python -m core demo
	@$(BIN)/python -m bench.cleaning
	@$(BIN)/python -m bench.ingest
	@$(BIN)/python -m bench.browse
	@$(BIN)/python -m bench.browse --pages --exports --like
	@$(BIN)/python -m bench.map
	@$(BIN)/python -m bench.review
	@$(BIN)/python -m bench.pages
	@$(BIN)/python -m bench.train
	@$(BIN)/python -m bench.voice
	@$(BIN)/python -m bench.predict
	@$(BIN)/python -m bench.transcribe
	@$(BIN)/python -m bench.pseudo
	@$(BIN)/python -m bench.thresholds
	@$(BIN)/python -m bench.selftrain ngram

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage htmlcov test-results build *.egg-info assets/player/node_modules
	find app.py core pages tests bench scripts -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
