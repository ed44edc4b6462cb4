# Front end to Maven. `make` alone prints this list.
MVN ?= mvn -B

.DEFAULT_GOAL := help
.PHONY: help build test check tidy goldens doctor demo clean

help: ## this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | awk -F '\t' '{printf "make %-9s %s\n", $$1, $$2}'

build: ## compile and package without tests
	$(MVN) -q package -Dmaven.test.skip=true

test: ## all quick tests
	$(MVN) test

check: ## what has to pass before a merge: format, warnings, all quick tests
	$(MVN) verify

tidy: ## format the sources
	$(MVN) -q spotless:apply

goldens: ## golden tests on another folder: make goldens DIR=path
	$(MVN) test -Dgoldens=$(abspath $(DIR)) -Dtest='*GoldenTest'

doctor: ## is this machine ready?
	./visionllm doctor

demo: ## ask the shipped model about a picture
	./visionllm demo

clean: ## remove everything that was built
	$(MVN) -q clean
