# The front door: `make help` lists what it can do. The work is done by CMake and by the scripts in make/.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PREFIX ?= /usr
DESTDIR ?=
BUILD ?= build
GUEST_KERNEL_FLAVOUR ?= cloud-amd64
JOBS ?= $(shell nproc)
TESTS ?=

export PREFIX DESTDIR BUILD GUEST_KERNEL_FLAVOUR JOBS

.PHONY: help deps build guest guest-check install uninstall libvirt demo test units check format bench posix fuzz clean

help: ## list the targets
	@make/help.sh $(MAKEFILE_LIST)

deps: ## install the Debian packages that are missing (building, running, testing)
	@make/deps.sh build run test

build: ## compile everything into build/
	@make/build.sh

guest: build ## make the guest's kernel, initrd and image from Debian packages
	@make/guest.sh

guest-check: build ## prove that two builds of the guest's files from scratch are equal
	@make/guest.sh check

install: ## install what was built (PREFIX=/usr, DESTDIR= for packaging)
	@make/install.sh

uninstall: ## remove every file and directory that install made
	@make/uninstall.sh

libvirt: ## make sure that libvirt answers (starts a daemon where there is no init system)
	@make/ensure-libvirt.sh

demo: ## do all of the above, then run a container in a virtual machine and show it
	@make/demo.sh

test: ## do all of the set-up, then run every check and test (TESTS="smoke.bats" for some files)
	@make/test.sh $(TESTS)

units: ## build and run the unit tests under ASan and UBSan
	@make/units.sh

check: ## formatting, clang-tidy, shellcheck, include rules and unit tests; no virtual machine
	@make/check.sh

format: ## rewrite the C++ files as .clang-format says
	@tests/check/format.sh --fix

bench: ## measure against runc, crun and bare QEMU
	@make/bench.sh

posix: ## what programs expect of files: runc beside every kind of shared file system
	@make/posix.sh

fuzz: ## run the fuzzers for FUZZ_SECONDS (60) each
	@make/fuzz.sh

clean: ## remove what was built; downloaded packages are kept
	@make/clean.sh
