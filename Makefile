# Two commands matter: `make demo` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
PYTHON ?= python3
CLUSTER ?= local
CLUSTER_NAME ?= demo
export CLUSTER CLUSTER_NAME CONTEXT VALUES DATA KEEP
DEV = $(shell $(PYTHON) -m tests environment)
PACKAGES = contract artifact operator model_server trainer kubectl_plugin local_cluster images demo docs bench tests
IMPORTS = contract:artifact:operator:model_server:trainer:kubectl_plugin:.

.DEFAULT_GOAL := help
.PHONY: help demo test campaign down kubeconfig kubectl images plugin crd docs lock fmt lint types bench-scorer bench-server bench-train bench-search status bench-ready bench-operator bench bench-report

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: ## data → training → serving → new version → rollback, on a real Kubernetes (DATA=file; CLUSTER=local|kind|minikube, or CLUSTER=current CONTEXT=name VALUES=file that names your images)
	@$(PYTHON) -m demo up

test: ## every check and test, with a cluster of its own where this machine can run one
	@$(PYTHON) -m tests run

campaign: ## the long forms of the tests, with figures
	@$(PYTHON) -m tests run --campaign

down: ## remove every trace of the local clusters, or of the demo on CLUSTER=kind|minikube|current (CONTEXT=name)
	@$(PYTHON) -m demo down

kubeconfig: ## print the path of the kubeconfig (CLUSTER_NAME=demo|test, or CLUSTER=kind|minikube|current)
	@$(PYTHON) -m demo kubeconfig

kubectl: ## print the path of a kubectl
	@$(PYTHON) -m local_cluster kubectl-path

status: ## say which component of the local cluster runs
	@$(PYTHON) -m local_cluster status --name $(CLUSTER_NAME)

images: ## build the images
	@$(PYTHON) -m images build

plugin: ## make `kubectl rotten` of this working copy, and print the folder to put on PATH
	@mkdir -p build/bin
	@printf '#!/bin/sh\nPYTHONPATH="%s" exec "%s" -m kubectl_rotten "$$@"\n' "$(realpath kubectl_plugin)" "$(DEV)/bin/python" >build/bin/kubectl-rotten
	@chmod +x build/bin/kubectl-rotten && echo "$(CURDIR)/build/bin"

crd: ## write the custom resource definitions from the API
	@PYTHONPATH=$(IMPORTS) $(DEV)/bin/python -m sentiment_operator.crd

docs: ## write the field reference and the troubleshooting page
	@PYTHONPATH=$(IMPORTS) $(DEV)/bin/python -m docs

lock: ## pin the requirements anew
	@$(PYTHON) -m images lock

fmt: ## format
	@$(DEV)/bin/ruff format $(PACKAGES) && $(DEV)/bin/ruff check --fix -q $(PACKAGES)

lint: ## style, and who may import whom
	@$(DEV)/bin/ruff check $(PACKAGES) && $(DEV)/bin/ruff format --check $(PACKAGES)
	@PYTHONPATH=$(IMPORTS) $(DEV)/bin/lint-imports

types: ## strict types
	@$(DEV)/bin/pyright --pythonpath $(DEV)/bin/python

bench: ## measure every part that this machine can run, one after the other, and write the page of all figures
	@PYTHONPATH=$(IMPORTS) $(DEV)/bin/python -m bench

bench-report: ## write docs/performance.md and its pictures from what was measured last
	@PYTHONPATH=$(IMPORTS) $(DEV)/bin/python -m bench.report

bench-scorer: ## start-up, memory and speed of the model server on this machine (DATA=file PRESET=name)
	@PYTHONPATH=$(IMPORTS) $(DEV)/bin/python -m bench.scorer

bench-server: ## what a request costs, beside MLServer, mlflow, BentoML, KServe and FastAPI with scikit-learn, with a plot (DATA=file PRESET=name ROUNDS=3 PEERS=)
	@PYTHONPATH=$(IMPORTS) $(DEV)/bin/python -m bench.server

bench-train: ## accuracy, time and memory of the presets beside scikit-learn, and how they grow, with plots (DATA=file REVIEWS=numbers)
	@PYTHONPATH=$(IMPORTS) $(DEV)/bin/python -m bench.train

bench-search: ## 32 sets of parameters tried together and one process for each, with equal figures (DATA=file)
	@PYTHONPATH=$(IMPORTS) $(DEV)/bin/python -m bench.search

bench-ready: ## from an edit to a right answer on a real cluster, beside a tutorial's pod, with plots (DATA=file PARTS=cold,switch KEEP=1)
	@PYTHONPATH=$(IMPORTS) $(DEV)/bin/python -m bench.ready

bench-operator: ## what many models cost the operator, beside the usual kopf operator (MODELS=numbers SHARDS=numbers)
	@PYTHONPATH=$(IMPORTS) $(DEV)/bin/python -m bench.operator
