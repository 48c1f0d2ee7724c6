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

.PHONY: help setup setup-dev init demo up down prune clean lab-status ssh doctor status drill report models ask logs port-forward chat import-model kubectl test lint sanity unit playbooks browser molecule molecule-odd molecule-one clients faults soak soak-tiers bench docs pictures build

help: ## List the commands
	@awk -F ':.*## ' '/^##@ / { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  %-14s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Begin
setup: ## Make .venv with Ansible and what playbooks need, and link the checkout as inference.stack (minutes)
	@./lab/bootstrap.sh run

setup-dev: ## The same with everything that the tests need: linters, a compiler, a browser (minutes)
	@./lab/bootstrap.sh test
	./lab/bootstrap.sh galaxy

.venv/.run: requirements/run.txt lab/bootstrap.sh
	@./lab/bootstrap.sh run

.venv/.test: requirements/test.txt lab/bootstrap.sh
	@./lab/bootstrap.sh test

.venv/.galaxy: requirements/galaxy.txt lab/bootstrap.sh | .venv/.test
	@./lab/bootstrap.sh galaxy

.venv/.clients: requirements/clients.txt tests/clients/programs/package-lock.json lab/bootstrap.sh | .venv/.test
	@./lab/bootstrap.sh clients

# USER is the login name of whoever runs make, as it is for ssh, unless it is given.
init: .venv/.run ## Look at your machines and write a site for them: make init SERVER=192.0.2.10 GPU=192.0.2.11 USER=admin SITE=inventories/home ARGS=-K
	@ansible-playbook -i localhost, playbooks/init.yml $(ARGS) \
	  -e "init_server='$(SERVER)' init_gpu='$(GPU)' init_user='$(USER)' init_site='$(SITE)'"

##@ The rehearsal, on this machine; LAB=name keeps several apart
demo: .venv/.run ## The whole stack on this machine, without a GPU, with real servers; leaves it running (2 to 4 minutes; with an empty cache up to 30)
	@python -m lab demo

up: .venv/.run ## Only the lab's hosts, bare (seconds; with an empty cache up to 30 minutes)
	@python -m lab up

lab-status: .venv/.run ## What of the lab is up
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

##@ A site: SITE=inventories/home, otherwise the lab that is up; ARGS go to ansible-playbook ("-K --ask-vault-pass")
doctor: .venv/.run ## Name the first broken layer from the PCI link to the gateway; fails when requests go unanswered
	@python -m tools.operate doctor || [ $$? -eq 1 ]

status: .venv/.run ## Hosts, GPU memory, mode, models, tiers, last figures and versions on one screen
	@python -m tools.operate status

drill: .venv/.run ## Take tiers away under load and put them back; only where inference_drillable is true: make drill WAY=kill REQUESTS=1000
	@python -m tools.operate drill

report: .venv/.run ## What was proven and measured as one HTML page: make report OUT=report.html TITLE="Home lab"
	@python -m tools.operate report

models: .venv/.run ## The models that the gateway offers
	@python -m tools.operate models

ask: .venv/.run ## Let a model answer: make ask MODEL=qwen3-8b-awq PROMPT="Why?" TOKENS=64
	@python -m tools.operate ask

logs: .venv/.run ## The end of a log: make logs OF=gateway LINES=100 (or a model, chat, ollama, device-plugin)
	@python -m tools.operate logs

port-forward: .venv/.run ## Open a tunnel to a Service: make port-forward TO=gateway PORT=4000 (or chat, vllm-api, ollama, a model)
	@python -m tools.operate port-forward

chat: .venv/.run ## Install the chat (Open WebUI); STATE=absent takes it away, with DATA=absent its data, too
	@python -m tools.operate chat

##@ Models
import-model: .venv/.run ## A model's row for inference_catalog: make import-model MODEL=Qwen/Qwen3-8B-AWQ (or a folder)
	@ansible-playbook -i localhost, playbooks/import_model.yml $(ARGS) \
	  -e import_model_$(if $(wildcard $(MODEL)/.),folder=$(abspath $(MODEL)),repository=$(MODEL))

##@ Tests
test: .venv/.test .venv/.galaxy .venv/.clients ## Lint, sanity, unit tests, playbooks, the report in a browser and the rehearsal from empty hosts to real requests; what CI runs (with an empty cache up to an hour)
	@LAB=$(TEST_LAB) python tests/run.py lint sanity unit playbooks browser molecule

lint: .venv/.test .venv/.galaxy ## ansible-lint (profile production), yamllint, ruff, mypy, validate-modules, the changelog's form (1 minute)
	@python tests/run.py lint

sanity: .venv/.test .venv/.galaxy ## What is left of Ansible's sanity tests, and what docs.ansible.com and Galaxy check (1 minute)
	@python tests/run.py sanity

unit: .venv/.test ## Unit tests (1.5 minutes)
	@python tests/run.py unit

playbooks: .venv/.test ## Playbooks and templates by Ansible itself, against scripted servers, without a cluster (minutes)
	@python tests/run.py playbooks

browser: .venv/.test ## The report in a real browser, Chromium without a window
	@python tests/run.py browser

molecule: .venv/.test .venv/.clients ## The rehearsal from empty hosts to real requests alone (most of the time of `make test`)
	@LAB=$(TEST_LAB) python tests/run.py molecule

molecule-odd: .venv/.test ## The rehearsal of a site with other names and ports everywhere, behind an ingress controller (10 minutes)
	@LAB=$(TEST_LAB) python tests/run.py molecule-odd

molecule-one: .venv/.test ## The rehearsal of a site on one machine, over bad lines, behind a firewall, beside a k3s of somebody else (11 minutes)
	@LAB=$(TEST_LAB) python tests/run.py molecule-one

clients: .venv/.test .venv/.clients ## Official clients and the chat on the lab that is up, LAB_WITH=open-webui make demo: a used-up budget, one client's mistakes beside others (10 minutes)
	@pytest -v tests/clients

faults: .venv/.test ## Plant faults on the lab that is up and see that doctor names each (20 minutes)
	@pytest -v tests/faults

soak: .venv/.test ## What takes longer: a hundred thousand cut and damaged streams, a site.yml that is killed at twenty tasks, then soak-tiers (2 hours)
	@pytest -q -n 2 tests/soak/test_sse_fuzz.py
	pytest -q -s tests/soak/test_kills.py
	$(MAKE) soak-tiers

soak-tiers: .venv/.test ## On the lab that is up: drills of a thousand requests, bursts on a tier that is away, an engine that hangs, one that is only busy (an hour)
	@pytest -q -s tests/soak/test_drill.py tests/soak/test_bursts.py tests/soak/test_hangs.py

bench: .venv/.test ## Ratios measured side by side on the lab that is up
	@PYTHONPATH=.ansible/collections python -m tests.bench.planner
	@PYTHONPATH=.ansible/collections python -m tests.bench.client
	@PYTHONPATH=.ansible/collections python -m tests.bench.gateway
	@PYTHONPATH=.ansible/collections python -m tests.bench.vllm
	@python -m tests.bench.site

##@ Documentation and release
docs: .venv/.test ## Write the parts of docs/ anew that follow from catalog and planner
	@PYTHONPATH=.ansible/collections python -m tests.generated_docs

pictures: .venv/.test ## Take the README's pictures anew: report and doctor, of the tests' own sites
	@PYTHONPATH=.ansible/collections python -m tests.pictures

build: .venv/.test ## The archive that Galaxy gets
	@ansible-galaxy collection build --force --output-path .
