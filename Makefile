# One word for each job. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help install lock fmt lint types test test-external mutation chaos storm guarantees bench bench-scale eval tau demo docs

help: ## List the jobs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

install: ## Install everything into .venv
	uv sync

lock: ## Pin the newest releases of the whole closure in pyproject.toml
	uv run python deploy/lock.py
	uv sync

fmt: ## Format, and mend what can be mended safely
	uv run ruff format .
	uv run ruff check --fix .

lint: ## Style, layers and types
	uv run ruff format --check .
	uv run ruff check .
	uv run lint-imports
	uv run pyright

test: ## Every test, on embedded servers and the offline model
	uv run pytest

test-external: ## The integration suite on a PostgreSQL of the system's
	tests/external_postgres.sh

mutation: ## Plant small faults in the rules and the executor; the tests have to notice 90 % of them
	nice uv run python -m tests.mutation.run

chaos: ## Kill workers at every point that matters, pause them past their lease (minutes)
	uv run pytest -m chaos tests/chaos

guarantees: ## Every guarantee as often as it says (hours), or one with G=13; the figures go to bench/guarantees.jsonl
	STOREHAND_GUARANTEES=whole uv run pytest -n 0 --timeout 0 tests/guarantees $(if $(G),-k test_g$(G)_)
	@uv run python -m tests.support.proof

bench: ## Speed, side by side with peers
	uv run python -m bench

bench-scale: ## Every read tool at 10 thousand and 100 thousand orders, and an import of 100 thousand
	uv run python -m bench.scale
	uv run python -m bench.importing --orders 100000

storm: ## Ten thousand random calls by random people, then an audit of the whole database
	uv run storehand eval storm --calls 10000

eval: ## Measured quality of the agents
	uv run storehand eval smoke

tau: ## The public retail domain replayed, then each of its writes in adverse ways (TAU_RETAIL_DATA names its folder; minutes)
	uv run storehand eval tau-replay --gold gold_v1_train_dev.jsonl --gold gold_v2_train.jsonl --gold probes.jsonl
	uv run storehand eval tau-replay --gold gold_v1_train_dev.jsonl --gold gold_v2_train.jsonl --adversarial

demo: ## The demo shop
	uv run storehand demo

docs: ## Write the generated pages again
	uv run python docs/generate.py
