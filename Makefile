# Everything a person does with the checkout. `make help` lists it.
#
# Downloads, builds and environments are kept outside the checkout, in SLUICE_CACHE.
SLUICE_CACHE ?= $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/sluice
CARGO_TARGET_DIR ?= $(SLUICE_CACHE)/target
PYTHON ?= python3
# The folder that holds the attack corpus, attacks/.
SHARED ?= ../shared
DEMO = $(if $(TRINO),--trino "$(TRINO)") $(if $(PORT),--port $(PORT)) $(if $(SHOW_SQL),--show-sql)
export SLUICE_CACHE CARGO_TARGET_DIR SHARED PYTHONDONTWRITEBYTECODE = 1

.DEFAULT_GOAL := help
.PHONY: help fmt lint test clients rules demo demo-once attacks proof mutants conformance fuzz release bench bench-parse bench-plans bench-proxy bench-reload bench-tpc docs reference clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

fmt: ## format the code
	cargo fmt

lint: ## what a change has to pass before it is looked at: formatting, lints, dependencies
	@$(PYTHON) -m tests.stack.checks lint

test: ## everything that must hold, a real Trino and real clients included
	@$(PYTHON) -m tests.stack.checks

clients: ## each client against a real Trino, straight and through Sluice; writes docs/clients.md from what came
	@$(PYTHON) -m tests.clients

demo: ## see the product as four users do (TRINO=url of a Trino of yours, PORT=8443, SHOW_SQL=1)
	@PYTHONPATH=. $(PYTHON) deploy/demo $(DEMO)

demo-once: ## the same, and end after the show
	@PYTHONPATH=. $(PYTHON) deploy/demo --once $(DEMO)

attacks: ## the attack corpus on a fresh Trino (CASES=file for another file of cases, ONLY=part of an id)
	@$(PYTHON) -m tests.attacks $(if $(CASES),--cases "$(CASES)") $(if $(ONLY),--only "$(ONLY)")

proof: ## generated statements beside Trino's own answers, 10,000 of them (ARGS="--generated 2000 --seed 3"; ARGS=--help)
	@$(PYTHON) -m tests.proof.run $(or $(ARGS),--full)

mutants: ## 200 small faults in the rewriter, each to be found by a test or by the verifier (ARGS="--seed 8 --mutants 50"; ARGS=--help)
	@$(PYTHON) -m tests.mutation.run $(ARGS)

conformance: ## read SQL beside Trino's own parser: its test corpus, our probes, mutations (ARGS=--help)
	@$(PYTHON) tests/conformance/run.py $(ARGS)

rules: ## imported policies beside a Trino with its own file rules, all 60 seeds (about ten minutes)
	@$(PYTHON) -m tests.rules.run --all

fuzz: ## look for a text that parser or decisions do not stand (ARGS="--target decide --seconds 1800 --seed 7")
	cargo test --locked --release --test fuzz -- $(ARGS)

release: ## Sluice as for production, laid out by what a load goes through (some twenty minutes; prints where the program is)
	@$(PYTHON) -m deploy.release $(ARGS)

bench: ## time each stage, from parsing to the whole of enforce, and the memory of policies
	cargo bench --locked --bench policy_memory
	cargo bench --locked --bench enforce

bench-parse: ## time the parser beside sqlparser, and how it grows (about five minutes after the build; ARGS=--help)
	@PYTHONPATH=. $(PYTHON) benches/parse $(ARGS)

bench-proxy: ## what Sluice costs beside nginx, haproxy and a bare hyper proxy, against its bars (forty minutes after `make release`; ARGS=--help)
	@PYTHONPATH=. $(PYTHON) -m benches.proxy $(ARGS)

bench-reload: ## time statements and pages while 10,000 policies are replaced (seven minutes after `make release`; ARGS=--help)
	@PYTHONPATH=. $(PYTHON) benches/reload $(ARGS)

bench-tpc: ## time decisions about TPC-H and TPC-DS texts beside sqlparser's reading of them (a minute after the build)
	@PYTHONPATH=. $(PYTHON) benches/tpc $(ARGS)

bench-plans: ## what policies do to Trino's plans and times, beside its own file rules (some minutes after the build; needs PostgreSQL)
	@PYTHONPATH=. $(PYTHON) benches/plans $(ARGS)

docs: ## build the documentation of the code
	cargo doc --locked --no-deps

reference: ## write docs/policy-reference.md and policies/CODEOWNERS anew, from the types and the policies
	@cargo build -q --locked
	"$(CARGO_TARGET_DIR)/debug/sluice" schema --output markdown > docs/policy-reference.md
	"$(CARGO_TARGET_DIR)/debug/sluice" codeowners policies --organisation acme > policies/CODEOWNERS

clean: ## remove what builds and runs left; downloads stay in the cache
	rm -rf target "$(SLUICE_CACHE)/target"
