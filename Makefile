# A menu over the presets, go, npm and scripts/. `make help` shows it.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# What these hold goes to a shell as it was written: make would expand a dollar sign in it once more.
override ARGS := $(value ARGS)
override export Q := $(value Q)
export S B SEED

##@ Run

.PHONY: run stop dev restart clean-state
run: ## install what is missing, build, start everything; Ctrl-C stops it all (HTTP_PORT, STATE_DIR, OLLAMA_URL, ...)
	@scripts/run.sh
stop: ## stop what `make run` started elsewhere
	@scripts/stack.sh stop
dev: ## the web pages with hot reload, against the running stack
	@scripts/dev.sh
restart: ## rebuild and replace one part of the running stack: S=job_service
	@scripts/restart.sh "$$S"
clean-state: ## throw away the data and logs of the state folder
	@scripts/clean_state.sh

##@ Look

.PHONY: logs sql grpcurl
logs: ## follow the logs of the running stack, or of one part: S=progress_service
	@scripts/logs.sh "$$S"
sql: ## a client on the private MariaDB, or one query: Q='SELECT ...'
	@scripts/sql.sh
grpcurl: ## call the running stack: ARGS='127.0.0.1:50051 list'
	@scripts/tools.sh grpcurl && .build/bin/grpcurl -plaintext $(ARGS)

##@ Check

.PHONY: test lint format sanitize bench chaos
test: ## every suite, on real servers and a real browser
	@scripts/test.sh
lint: ## formatting, clang-tidy, lock annotations, protos, Go, web, scripts, chart
	@scripts/lint.sh
format: ## format the C++, Go and web sources
	@scripts/format.sh
sanitize: ## the C++ suites under ThreadSanitizer, then AddressSanitizer with UndefinedBehaviorSanitizer
	@scripts/sanitize.sh
bench: ## the benchmarks, or one of them: B=latency; one JSON object a line
	@scripts/bench.sh "$$B"
chaos: ## crashes and outages while jobs run, all or S=kill_generation SEED=7; one JSON object a line
	@scripts/chaos.sh "$$S" "$$SEED"

##@ Build

.PHONY: build tools help
build: ## what make run runs
	@scripts/install.sh run && scripts/build.sh
tools: ## the Go tools: protoc plugins, migrate, grpcurl, buf, helm
	@scripts/tools.sh protoc-gen-go protoc-gen-go-grpc protoc-gen-grpc-gateway protoc-gen-openapiv2 migrate grpcurl buf helm
help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
