# Compeer's everyday commands. `make` alone lists them.
#
# Compiled code lies outside the clone, so that a second clone (continuous integration, a review) reuses it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

export CARGO_TARGET_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/compeer/target
DEBUG_BIN := $(CARGO_TARGET_DIR)/debug/compeer
# What people are told to type: what was built last.
BIN := ./bin/compeer
RELEASE_BIN := $(CARGO_TARGET_DIR)/release/compeer
STEP := scripts/step

.PHONY: help run demo test build bench deps deps-test deps-bench ui dev fmt lint

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

run: dev ## install what is missing, build, start this computer's peer and print its page
	@scripts/run $(BIN)

demo: dev ## three peers of one made-up team on this computer, and three pages to open
	@exec $(BIN) demo

test: deps deps-test ## formatting, lints, tidy, and every test there is
	@scripts/test

build: deps ui ## the release program with its page, as ./bin/compeer
	@$(STEP) "compile the release program" cargo build --release --package compeer --bin compeer
	@install -D "$(RELEASE_BIN)" $(BIN)
	@echo "$(BIN) is ready ($$(du -m $(BIN) | cut -f1) MB)"

bench: build deps-bench ## measure against the rivals and write docs/benchmarks.md
	@COMPEER_BIN="$(CURDIR)/bin/compeer" cargo bench --package compeer --bench figures

deps: ## install what building needs
	@scripts/deps build

deps-test: ## install what the tests need
	@scripts/deps test

deps-bench: ## install the rivals that Debian has
	@scripts/deps bench

ui: ## build the page, if anything in it changed
	@$(STEP) "page" cargo xtask ui

dev: deps ui ## build the development program, and link it as ./bin/compeer
	@$(STEP) "compile compeer$(if $(wildcard $(DEBUG_BIN)),, (minutes the first time))" cargo build --package compeer --bin compeer
	@mkdir -p bin && ln -sfn "$(DEBUG_BIN)" $(BIN)

fmt: ## format everything
	@cargo fmt --all
	@npm --prefix ui run --silent format

lint: ## what `make test` checks before it runs anything
	@scripts/test lint
