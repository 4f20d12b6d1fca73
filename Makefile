# `make help` lists what there is. The targets are aliases: `.venv/bin/python -m operate <verb>` does the work.

ENV := local
IMAGE_TAG ?=
image_tag = $(if $(IMAGE_TAG),--image-tag "$(IMAGE_TAG)")

export PATH := $(CURDIR)/.venv/bin:$(PATH)
python := .venv/bin/python
operate := @$(python) -m operate
set_up := .venv/.ready node_modules/.ready

.DEFAULT_GOAL := help
.PHONY: help plan deploy release acceptance destroy test synth check cloud-up cloud-down cloud-status clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo 'Variables: ENV=local (a file in environments/), IMAGE_TAG= (the environment'"'"'s default), PYTHON= (for .venv)'

plan: $(set_up) ## Plan ENV with Terraform; local starts the embedded AWS
	$(operate) plan "$(ENV)" $(image_tag)

deploy: $(set_up) ## Deploy ENV; local builds the sample API first
	$(operate) deploy "$(ENV)" $(image_tag)

release: $(set_up) ## Roll ENV to another image: IMAGE_TAG=v2
	$(operate) release "$(ENV)" $(image_tag)

acceptance: $(set_up) ## Run the success criteria against what is deployed in ENV
	$(operate) acceptance "$(ENV)"

destroy: $(set_up) ## Take away what was deployed in ENV
	$(operate) destroy "$(ENV)" $(if $(YES),--yes)

test: $(set_up) ## Run all tests
	@$(python) -m pytest

synth: $(set_up) ## Synthesize every environment to cdktf.out
	$(operate) synth

check: $(set_up) ## Format, lint and type checks
	@$(python) -m ruff format --check
	@$(python) -m ruff check
	@$(python) -m mypy

cloud-up: $(set_up) ## Start the embedded AWS, with the existing infrastructure in it
	$(operate) cloud-up

cloud-down: $(set_up) ## Stop the embedded AWS; it keeps what it holds
	$(operate) cloud-down

cloud-status: $(set_up) ## Show what the embedded AWS is doing
	$(operate) cloud-status

clean: $(set_up) ## Stop the embedded AWS and delete what it holds and what was synthesized
	$(operate) clean

.venv/.ready: Pipfile.lock operate/set_up.sh
	@operate/set_up.sh python
	@touch $@

node_modules/.ready: package-lock.json | .venv/.ready
	@operate/set_up.sh node
	@touch $@
