# `make help` lists what there is. The targets are aliases: `.venv/bin/python -m operate <verb>` does the work.

ENV := local
# What the caller says is text: make would run a `$(shell …)` in it, a shell a `$(…)`. Recipes read it as "$$ENV" only.
override given := ENV IMAGE_TAG ALLOW YES PYTHON $(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(name)))
$(foreach name,$(given),$(eval override $(name) := $$(value $(name))))
export $(given)

export PATH := $(CURDIR)/.venv/bin:$(value PATH)
unexport PYTHONDONTWRITEBYTECODE # else each command compiles again what all of them import: a third of a plan's time
override python := .venv/bin/python
override operate := @$(python) -m operate
override image_tag := $${IMAGE_TAG:+--image-tag="$$IMAGE_TAG"}
# Coverage sees its own process: these tests start no other, and take seconds.
override covering := addresses alarms backends characters constructs environment environment_files fargate_api_stack fargate_sizes \
	output_expression problems secret_names service_dashboard settings_limits settings_rules sidecars stack_wiring state toml_file
override allowing := set -f; set --; for what in $$ALLOW; do set -- "$$@" --allow="$$what"; done
override set_up := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help plan deploy release rollback releases move-to-capacity-providers status logs run exec dashboard cost acceptance destroy eject test test-cdktn mutants synth check format cdktf cloud-up cloud-down cloud-status clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo 'Variables: ENV=local (a file in environments/), IMAGE_TAG= (what is deployed, or else the default), ALLOW=replace (or widen: what deploy stops before), YES=1 (destroy unasked), PYTHON= (for .venv)'

plan: $(set_up) ## Plan ENV with Terraform; local starts the embedded AWS
	$(operate) plan $(image_tag) -- "$$ENV"

deploy: $(set_up) ## Deploy ENV; local builds the sample API first
	@$(allowing); $(python) -m operate deploy $(image_tag) "$$@" -- "$$ENV"

release: $(set_up) ## Roll ENV to another image: IMAGE_TAG=v2
	@[ -n "$$IMAGE_TAG" ] || { echo 'IMAGE_TAG is missing: make release IMAGE_TAG=v2' >&2; exit 1; }
	@$(allowing); $(python) -m operate release $(image_tag) "$$@" -- "$$ENV"

rollback: $(set_up) ## Deploy the image of the last release in ENV that served again, or of revision TO=
	@$(allowing); $(python) -m operate rollback $${TO:+--to="$$TO"} "$$@" -- "$$ENV"

releases: $(set_up) ## List the releases of ENV: image, when, by whom, and what became of each
	$(operate) releases -- "$$ENV"

move-to-capacity-providers: $(set_up) ## Move a service of ENV that an earlier version made with a launch type, once
	$(operate) move-to-capacity-providers -- "$$ENV"

status: $(set_up) ## Show what runs in ENV: tasks, health, deployments, scaling, events. WATCH=1: until Ctrl-C
	@case "$$WATCH" in 1|yes) set -- --watch ;; esac; $(python) -m operate status "$$@" -- "$$ENV"

logs: $(set_up) ## Print what the tasks in ENV logged: SINCE=10m, TASK=, CONTAINER=, GREP=, FOLLOW=1: until Ctrl-C
	@case "$$FOLLOW" in 1|yes) set -- --follow ;; esac; $(python) -m operate logs "$$@" \
	  $${SINCE:+--since="$$SINCE"} $${TASK:+--task="$$TASK"} \
	  $${CONTAINER:+--container="$$CONTAINER"} $${GREP:+--grep="$$GREP"} -- "$$ENV"

run: $(set_up) ## Run COMMAND='…' as a one-off task of ENV; exits with its exit code. REVISION=, TIMEOUT=15m
	@$(python) -m operate run --command="$$COMMAND" \
	  $${REVISION:+--revision="$$REVISION"} $${TIMEOUT:+--timeout="$$TIMEOUT"} -- "$$ENV"

exec: $(set_up) ## Print the AWS CLI's command that opens a shell in a task of ENV. TASK=, CONTAINER=
	@$(python) -m operate exec $${TASK:+--task="$$TASK"} $${CONTAINER:+--container="$$CONTAINER"} -- "$$ENV"

dashboard: $(set_up) ## Draw the CloudWatch dashboard of ENV into a file, before it exists. PREVIEW=, METRICS=1: ask AWS
	@case "$$METRICS" in 1|yes) set -- --metrics ;; esac; $(python) -m operate dashboard "$$@" \
	  $${PREVIEW:+--preview="$$PREVIEW"} -- "$$ENV"

cost: $(set_up) ## Show what the tasks of ENV cost a month, and what Spot and ARM64 would
	$(operate) cost -- "$$ENV"

acceptance: $(set_up) ## Run the success criteria against what is deployed in ENV
	$(operate) acceptance -- "$$ENV"

destroy: $(set_up) ## Take away what was deployed in ENV
	@case "$$YES" in 1|yes) set -- --yes ;; esac; $(python) -m operate destroy "$$@" -- "$$ENV"

eject: $(set_up) ## Write the stack of ENV as a folder for Terraform alone, on the same state. FOLDER=
	$(operate) eject $${FOLDER:+--folder="$$FOLDER"} -- "$$ENV"

test: $(set_up) node_modules/.ready ## Run all tests, several files at a time
	@$(python) -m pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder

test-cdktn: $(set_up) node_modules/.ready ## Move a copy to cdktn, and run its unit and plan tests; TESTS=tests/unit/test_main.py for some
	@$(python) -m tests.cdktn $$TESTS

mutants: $(set_up) ## Change the code here and there, and list what no test notices; MODULES=stacks/outputs.py for one
	@$(python) -m tests.mutation $$MODULES

synth: $(set_up) ## Synthesize every environment to cdktf.out
	$(operate) synth

check: $(set_up) ## Format, lint and type checks, and the branch coverage of stacks and constructs_lib
	@$(python) -m ruff format --check
	@$(python) -m ruff check
	@$(python) -m mypy
	@$(python) -m pytest --quiet $(covering:%=tests/unit/test_%.py) --cov

format: $(set_up) ## Write the format, and mend what the linter can, as check asks for
	@$(python) -m ruff format
	@$(python) -m ruff check --fix

cdktf: $(set_up) node_modules/.ready ## Install CDKTF's command line, for `pipenv run cdktf` and node_modules/.bin/cdktf

cloud-up: $(set_up) ## Start the embedded AWS, with the existing infrastructure in it
	$(operate) cloud-up

cloud-down: $(set_up) ## Stop the embedded AWS once nothing is at work on it; it keeps what it holds. NOW=1: at once
	@case "$$NOW" in 1|yes) set -- --at-once ;; esac; $(python) -m operate cloud-down "$$@"

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
