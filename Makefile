# Short commands of a checkout. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

# The lab that a command means; tests use one of their own, so a demo that is up stays untouched.
export LAB ?= demo
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
export PATH := $(CURDIR)/.venv/bin:$(PATH)
TEST_LAB ?= test

.PHONY: help setup demo up down prune clean status ssh kubectl test lint unit molecule bench build

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 14

setup: ## Make .venv with everything that the tests need, and link the checkout as inference.stack
	@./lab/bootstrap.sh test

.venv/.run: requirements/run.txt lab/bootstrap.sh
	@./lab/bootstrap.sh run

.venv/.test: requirements/test.txt lab/bootstrap.sh
	@./lab/bootstrap.sh test

# --- the rehearsal ---
demo: .venv/.run ## The whole stack on this machine, without a GPU, with real servers; leaves it running
	@python -m lab demo

up: .venv/.run ## Only the lab's hosts, bare
	@python -m lab up

status: .venv/.run ## What of the lab is up
	@python -m lab status

kubectl: .venv/.run ## kubectl on the lab's server: make kubectl ARGS="get pods -A"
	@python -m lab kubectl $(ARGS)

ssh: .venv/.run ## A shell on a host of the lab: make ssh HOST=gpu
	@python -m lab ssh $(or $(HOST),server)

down: .venv/.run ## Take the lab down: containers, volumes, networks, state
	@python -m lab down

prune: .venv/.run ## Remove superseded components from the cache
	@python -m lab prune

clean: .venv/.run ## Take every lab down and empty the cache of built components
	@python -m lab clean

# --- the tests ---
test: .venv/.test ## Lint, unit tests and the rehearsal from empty hosts to real requests (what CI runs)
	@LAB=$(TEST_LAB) python tests/run.py lint unit molecule

lint: .venv/.test ## ansible-lint (profile production), yamllint, ruff, mypy
	@python tests/run.py lint

unit: .venv/.test ## Unit tests
	@python tests/run.py unit

molecule: .venv/.test ## The molecule scenario `default` alone
	@LAB=$(TEST_LAB) python tests/run.py molecule

bench: .venv/.test ## Ratios measured side by side on the lab that is up
	@python -m tests.bench

build: .venv/.test ## The archive that Galaxy gets
	@ansible-galaxy collection build --force --output-path .
