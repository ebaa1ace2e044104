# Every command of the project. `make` alone explains them.
.DEFAULT_GOAL := help
SHELL := /bin/bash

# npm puts Node 24 here, whatever Node the machine has.
NODE := node_modules/.bin/node
# The memory settings of cli/bin.mjs; without its launcher between, a signal reaches the program itself.
TWINBOX := exec $(NODE) --max-semi-space-size=4 --max-old-space-size=1024 cli/main.ts

NEW_INTEGRATION = $(if $(HELP),--help) $(if $(NAME),--name '$(NAME)') $(if $(ENTITY),--entity '$(ENTITY)')

.PHONY: help install demo try up status import replay verify test watch proof model defects bench bench-full lint format schema settings codes index new-integration screenshots simulator kafka clean ci

help: ## Explain every target
	@echo 'Twinbox: two-way sync between a Postgres customers table and Stripe.'
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## Install the packages if they are missing or not those of package-lock.json (the others do this by themselves)
	@cmp -s package-lock.json node_modules/.installed-lock || { \
	  command -v npm >/dev/null || { echo 'Twinbox needs Node 20 or newer with npm: https://nodejs.org' >&2; exit 69; }; \
	  echo 'Installing the packages (npm ci) ...' >&2; \
	  npm ci --no-audit --no-fund --loglevel=error >&2 && cp package-lock.json node_modules/.installed-lock; }
	@$(NODE) -e 'process.exit(Number.parseInt(process.versions.node) < 24 ? 1 : 0)' 2>/dev/null || { \
	  echo 'node_modules has no Node 24: npm was perhaps told to ignore install scripts. Run: npm rebuild' >&2; exit 69; }

demo: install ## Watch the whole way at work on real customers, crash included; needs no settings (about a minute)
	@$(TWINBOX) demo

try: install ## Start a scratch system and type JavaScript into it: database, engine and simulator at hand; Ctrl-D ends it
	@$(TWINBOX) repl --scratch

up: install ## Start everything and leave it running: API on port 8000, Postgres and Stripe simulator unless set
	@$(TWINBOX) up

status: install ## Say what is running, waiting and parked
	@$(TWINBOX) status

import: install ## Import customers from a CSV file: make import FILE=customers.csv
	@$(TWINBOX) import $(if $(FILE),'$(FILE)',$(error Say which file: make import FILE=customers.csv))

replay: install ## Show what is parked and try it again: asks first; YES=1 does it, ID=... does one, REASON=... says why
	@$(TWINBOX) replay $(if $(ID),'$(ID)' --yes) $(if $(YES),--yes) $(if $(ID)$(YES),--reason '$(or $(REASON),make replay)')

verify: install ## Compare every customer on both sides (exit status 0: all agree, 1: drift, 2: could not tell)
	@$(TWINBOX) verify

test: install ## Run every check and test; ONLY="db lib/uuid.test.ts" takes some, KEEP=1 keeps a failed test's database, COVERAGE=1 measures
	@KEEP=$(KEEP) COVERAGE=$(COVERAGE) exec $(NODE) test/run.ts $(ONLY)

watch: install ## Run some tests, and again whenever a file changes: make watch ONLY="lib/uuid.test.ts db"
	@exec $(NODE) test/watch.ts $(if $(ONLY),$(ONLY),$(error Say which tests: make watch ONLY=lib/uuid.test.ts))

proof: install ## Prove what takes half an hour: everything killed under load and at every failpoint, 250 random histories
	@exec $(NODE) test/run.ts --proof

model: install ## Run 2,000 random histories of both sides on two processes; SEED=... repeats one, COUNT=... takes so many, SYSTEM=toy
	@exec $(NODE) test/model/main.ts

defects: install ## Put each known mistake into a copy of the source and see its test catch it; ONLY="shadow" takes some; BY=histories
	@exec $(NODE) test/defects/main.ts $(if $(BY),--'$(BY)') $(if $(ONLY),'$(ONLY)')

bench: install ## Measure everything beside its ceiling or peer, and say which goals are met (15 minutes); ONLY="relay-drain" takes one
	@exec $(NODE) bench/main.ts $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(ONLY),$(addprefix --only ,$(ONLY))) $(if $(OUT),--out '$(OUT)')

bench-full: install ## The same with the sizes that the goals name (hours); ONLY and OUT as above, ROUNDS=1 takes each comparison once
	@exec $(NODE) bench/main.ts --full $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(ONLY),$(addprefix --only ,$(ONLY))) $(if $(OUT),--out '$(OUT)')

lint: install ## Check form, rules and types without running a test; ONLY="lib/sync" takes some
	@$(NODE) node_modules/oxfmt/bin/oxfmt --check --no-error-on-unmatched-pattern $(or $(ONLY),.)
	@$(NODE) test/lint.ts $(ONLY)

format: install ## Bring every file into form
	@$(NODE) node_modules/oxfmt/bin/oxfmt .

schema: install ## Write db/schema.sql anew from the migrations
	@$(NODE) cli/development/schema.ts

settings: install ## Write .env.example, docs/settings.md, docs/metrics.md and twinbox.schema.json anew from what lib/ declares
	@$(NODE) cli/development/settings.ts
	@$(NODE) cli/development/config-schema.ts
	@$(NODE) cli/development/metrics.ts

codes: install ## Write docs/error-groups.md anew from the table of what codes mean
	@$(NODE) cli/development/error-groups.ts

index: install ## Write docs/tests.md anew: which tests prove each file
	@$(NODE) test/architecture/write-test-index.ts

new-integration: install ## Write an integration with a second system, green as it stands: NAME=acme ENTITY=customer; HELP=1
	@$(NODE) cli/development/new-integration.ts $(NEW_INTEGRATION)

screenshots: install ## Make the pictures of the console in docs/images/, on a system of its own
	@$(NODE) test/console/screenshots.ts

simulator: install ## Start the Stripe simulator by itself (SIMULATOR_PORT, 12111)
	@exec $(NODE) simulator/main.ts

kafka: install ## Start a real Kafka broker in the foreground (needs Java 17 and Maven): make kafka PORT=9092
	@exec $(NODE) cli/development/kafka.ts $(or $(PORT),9092)

clean: ## Remove the embedded databases, the simulator's state and coverage (not node_modules, not .env)
	@if [ -x $(NODE) ]; then $(NODE) cli/development/clean.ts .twinbox && $(NODE) test/support/clean.ts; fi
	@rm -rf .twinbox coverage

ci: ## Exactly what CI runs
	@CI=true exec bash .ci/run
