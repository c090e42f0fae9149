# Tenfold. `make` prints what there is to make.

BIN := .bin
TENFOLD := $(BIN)/tenfold
BUF := BUF_CACHE_DIR=.buf/cache $(BIN)/buf
IMPORTS := .buf/imports
BASELINE := proto/baseline.binpb
OPENAPI := internal/web/openapi.json

# The tools are pinned in tools/go.mod and built once; this file says which
# state of it they were built from.
TOOLS := $(BIN)/.tools

# Longest time that the tests of one package may take.
TEST_TIMEOUT ?= 10m
# How many packages are tested at once: on two processors three, because tests also wait
# for servers.
TEST_PACKAGES ?= 3
# RACE=1 adds the race detector.
RACE_FLAG := $(if $(RACE),-race)
# What test-one runs: every test of a package whose name begins as RUN says, with
# the random choices of SEED, keeping its databases with KEEP=1.
PKG :=
RUN := .
SEED :=
KEEP :=
TEST_SETTINGS := $(if $(SEED),TEST_SEED=$(SEED) RAPID_SEED=$(SEED) TENFOLD_FLIPS=1 TENFOLD_FLIPS_SEED=$(SEED) TENFOLD_ORDERS=1 TENFOLD_ORDERS_SEED=$(SEED)) $(if $(KEEP),TEST_KEEP_DATABASE=1)
# The version of a release, and the systems to make it for; none is every one.
VERSION :=
TARGETS :=
# How long each fuzz test runs.
FUZZTIME ?= 1m
# What demo, bench, soak and chaos are called with.
ARGS ?=
# Stamp the binary with its commit only where git can tell it.
VCS_FLAG := -buildvcs=$(shell git rev-parse --verify -q HEAD >/dev/null 2>&1 && echo true || echo false)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## Print what there is to make.
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: server-binaries build ## Decide and pay the published cases over gRPC, from nothing; about a minute.
	$(TENFOLD) demo $(ARGS)

.PHONY: test
test: server-binaries ## Run every test; RACE=1 adds the race detector.
	go test -p $(TEST_PACKAGES) -timeout $(TEST_TIMEOUT) $(RACE_FLAG) ./...

.PHONY: test-versions
test-versions: server-binaries ## Run the tests of the database against every version of PostgreSQL that is installed.
	TENFOLD_VERSIONS=all go test -v -count=1 -timeout 120m -run '^TestEveryInstalledPostgreSQL$$' ./cmd/tenfold

.PHONY: test-s3
test-s3: ## Run the tests of the store of evidence against a real server of S3, which is built first; that takes some minutes.
	@mkdir -p $(BIN)
	go build -C tools/s3 -o ../../$(BIN)/ tool
	go test -tags s3 -count=1 ./internal/evidence/s3

.PHONY: fuzz
fuzz: ## Run every fuzz test for FUZZTIME each, such as 10m.
	scripts/fuzz.sh $(FUZZTIME)

.PHONY: test-one
test-one: server-binaries ## Run one test: PKG=./internal/rpc RUN=TestName; SEED=n repeats its random choices, KEEP=1 keeps its database.
	@[ -n "$(PKG)" ] || { echo "make test-one needs PKG, a package such as ./internal/rpc"; exit 2; }
	$(TEST_SETTINGS) go test -v -count=1 -timeout $(TEST_TIMEOUT) $(RACE_FLAG) -run '$(RUN)' $(PKG)

.PHONY: test-server
test-server: server-binaries ## Run a PostgreSQL that tests share and may keep databases on, until it is interrupted.
	go build -o $(BIN)/testserver ./cmd/testserver
	$(BIN)/testserver

.PHONY: check
check: check-go check-proto check-vulnerabilities ## Check format, vet, lint, dead code, contract, generated code, known vulnerabilities.

.PHONY: check-deploy
check-deploy: ## Read the manifests for Kubernetes as strictly as its API server.
	go test -C deploy/check -count=1 ./...

.PHONY: check-helm
check-helm: ## Lint the chart for Helm, and read what it renders like the manifests; building helm takes some minutes.
	@mkdir -p $(BIN) .buf/helm
	go build -C tools/helm -o ../../$(BIN)/ tool
	$(BIN)/helm lint --strict deploy/helm/tenfold
	$(BIN)/helm template tenfold deploy/helm/tenfold --kube-version 1.30.0 >.buf/helm/tenfold.yaml
	MANIFESTS=../../.buf/helm go test -C deploy/check -count=1 ./...

.PHONY: check-clients
check-clients: $(TOOLS) $(IMPORTS) ## Generate a Java and a TypeScript client and compile them; some minutes, and it needs javac, protoc and npm.
	scripts/check-clients.sh

.PHONY: generate
generate: $(TOOLS) $(IMPORTS) ## Generate Go and the OpenAPI document from the .proto files.
	$(BUF) format -w proto
	$(generate-fresh)
	find proto -name '*.pb.go' -delete
	cp -R .buf/fresh/proto/. proto/
	cp .buf/fresh/openapi.json $(OPENAPI)

.PHONY: bench
bench: server-binaries build ## Measure throughput and latency beside pgbench; ARGS passes flags.
	$(TENFOLD) bench $(ARGS)

.PHONY: soak
soak: server-binaries build ## Run a million commands on two replicas that die and a gateway that fails, and kill servers under watches a thousand times; ARGS passes flags to the first.
	$(TENFOLD) soak $(ARGS)
	$(TENFOLD) soak watches

.PHONY: chaos
chaos: server-binaries build ## Attack a server and its database while callers file claims, and check that nothing is lost; about four minutes; ARGS passes flags.
	$(TENFOLD) chaos $(ARGS)

.PHONY: build
build: ## Build .bin/tenfold.
	go build $(VCS_FLAG) -o $(TENFOLD) ./cmd/tenfold

.PHONY: release
release: ## Make the files of a release in .release: VERSION=1.0.0, and TARGETS="linux/amd64 …" for some systems only.
	@[ -n "$(VERSION)" ] || { echo "make release needs VERSION, such as 1.0.0"; exit 2; }
	scripts/release.sh $(VERSION) $(TARGETS)

.PHONY: check-release
check-release: ## Make a release twice, and compare the bytes; some minutes.
	scripts/release.sh check

.PHONY: setup
setup: ## Install the programs of scripts/programs.txt that are missing, PostgreSQL among them (apt or brew).
	@scripts/setup.sh install </dev/null

.PHONY: baseline
baseline: $(TOOLS) $(IMPORTS) ## Make the present contract the baseline for buf breaking; it may only have grown.
	@if [ -e $(BASELINE) ]; then $(BUF) breaking proto --against $(BASELINE); fi
	$(BUF) build proto --exclude-source-info -o $(BASELINE)

.PHONY: clean
clean: ## Remove what was built and fetched; data directories stay.
	rm -rf $(BIN) .buf .release
	go clean -testcache

# What the targets above are made of.

# The head of the OpenAPI document comes first: what it says of itself stays. The rules of the
# contract are added last.
define generate-fresh
	rm -rf .buf/fresh
	$(BUF) generate -o .buf/fresh
	$(BUF) build proto -o .buf/fresh/contract.binpb
	$(BIN)/openapiv3-merge proto/openapi-head.json $$(find .buf/fresh/openapi -name '*.json' | sort) >.buf/fresh/merged.json
	go run ./cmd/openapi .buf/fresh/contract.binpb <.buf/fresh/merged.json >.buf/fresh/openapi.json
endef

.PHONY: server-binaries
server-binaries:
	@scripts/setup.sh check || $(MAKE) --no-print-directory setup

$(TOOLS): tools/go.mod tools/go.sum
	@mkdir -p $(BIN)
	@echo "building the tools of tools/go.mod; the first time takes a few minutes"
	go build -C tools -o ../$(BIN)/ tool
	@touch $@

$(IMPORTS): scripts/imported-protos.sh
	@scripts/imported-protos.sh $@
	@touch $@

.PHONY: check-go
check-go: $(TOOLS)
	@unformatted=$$(find . -name '*.go' -not -path './.*' -exec gofmt -l {} +) || exit 1; \
	if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	$(BIN)/staticcheck ./...
	$(BIN)/exhaustive ./...
	$(BIN)/unparam ./...
	@dead=$$($(BIN)/deadcode -test ./...) || exit 1; \
	if [ -n "$$dead" ]; then echo "nothing calls, not even a test:"; echo "$$dead"; exit 1; fi

# The generated code is compared without touching the tree, so that checking
# never changes what is checked.
.PHONY: check-proto
check-proto: $(TOOLS) $(IMPORTS)
	$(BUF) format -d --exit-code proto
	$(BUF) lint
	$(BUF) breaking proto --against $(BASELINE)
	$(generate-fresh)
	@diff -r -q -x '*.proto' -x '*_test.go' .buf/fresh/proto/tenfold proto/tenfold && diff -q .buf/fresh/openapi.json $(OPENAPI) || \
		{ echo "the generated code is stale: make generate"; exit 1; }

# Exit code 3 is a vulnerability found. A database of vulnerabilities that
# cannot be reached is said and let pass; any other failure is a failure.
.PHONY: check-vulnerabilities
check-vulnerabilities: $(TOOLS)
	@out=$$($(BIN)/govulncheck ./... 2>&1); code=$$?; \
	if [ $$code -eq 0 ]; then echo "govulncheck: nothing found"; \
	elif [ $$code -ne 3 ] && echo "$$out" | grep -q 'fetching vulnerabilities'; then \
		echo "NOTE: govulncheck did not run, its database of vulnerabilities cannot be reached:"; echo "$$out" | tail -1; \
	else echo "$$out"; exit $$code; fi
