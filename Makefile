# SPDX-License-Identifier: Apache-2.0

# The usual place too: a fresh root shell has no PATH to it.
GO ?= $(or $(shell command -v go),/usr/local/go/bin/go)
FUZZTIME ?= 10s
BENCHTIME ?= 1s
# The kernels of vm-test.
KERNELS ?= 5.10 6.1 6.12 7.x

# The same bytes wherever they are built. No stamp: git refuses to speak of a
# checkout that is somebody else's, as under sudo.
BUILDFLAGS := -trimpath -buildvcs=false

# Tests of what the kernel did, under load, one package after the other and
# without the race detector, which would be most of the load.
LOAD := /(bpf|fuse|internal/conformance|internal/storm|userjournal)(/|$$)
# Crashes, flips and faults of the journal at each step in turn: one goroutine's
# work, of which the detector makes many minutes. Memory is not the same under it.
UNRACED := Cut|Fault|Flip|Killed|Memory|Tamper

export GO

.DEFAULT_GOAL := help

.PHONY: help
help: ## say what can be made
	@echo 'make demo: record a real workload and read its journal (as root)'
	@echo 'make test: everything that CI runs'
	@echo
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1	\2/p' $(MAKEFILE_LIST) | expand -t 20

.PHONY: build
build: ## vexjctl and vexjd, in bin/
	@scripts/deps.sh build
	$(GO) build $(BUILDFLAGS) -o bin/ ./cmd/vexjctl ./cmd/vexjd

.PHONY: demo
demo: ## record a real workload and read its journal (as root)
	@scripts/demo.sh

.PHONY: generate
generate: ## make the BPF objects, and what man pages repeat, again
	@scripts/deps.sh generate
	$(GO) generate ./...

.PHONY: check-generated
check-generated: ## fail if generated files are not those of their sources
	@scripts/deps.sh generate
	scripts/check-generated.sh

.PHONY: lint
lint: ## gofmt, go vet, staticcheck, clang-format, shellcheck, mandoc
	@scripts/deps.sh lint
	@unformatted=$$(find . -name '*.go' -not -path './.*' -exec "$$($(GO) env GOROOT)/bin/gofmt" -l {} +); \
	test -z "$$unformatted" || { echo "gofmt differs: $$unformatted" >&2; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	scripts/lint-c.sh
	shellcheck -x scripts/*.sh .ci/run
	shellcheck -s sh scripts/packages/* packaging/*.p*
	mandoc -Tlint -W warning man/*
	shellcheck -s dash scripts/vm/init scripts/vm/peers scripts/vm/torture

.PHONY: test
test: ## everything that CI runs (as root, to test capturing)
	@scripts/deps.sh test
	@# All of it, whatever fails first.
	@$(MAKE) --no-print-directory -k lint check-generated test-race test-load test-arm64 test-kmod test-modules test-fuzz test-packages

.PHONY: test-race
test-race:
	@if [ "$$(id -u)" != 0 ]; then echo 'test: not root: what captures cannot be tested and fails'; fi
	$(GO) build $(BUILDFLAGS) ./...
	$(GO) test -race -timeout 30m $$($(GO) list ./... | grep -vE '$(LOAD)')
	$(GO) test -race -timeout 30m -short -skip '$(UNRACED)' ./userjournal/...

.PHONY: test-load
test-load:
	$(GO) test -timeout 30m -p 1 $$($(GO) list ./... | grep -E '$(LOAD)')

# The distance kernels of another processor, emulated.
.PHONY: test-arm64
test-arm64:
	CGO_ENABLED=0 GOARCH=arm64 $(GO) test -exec qemu-aarch64 ./internal/distance

# Modules of their own, for what vexj itself does not depend on.
.PHONY: test-modules
test-modules:
	$(GO) -C docs/grafana test ./...
	$(GO) -C export/check vet ./...
	$(GO) -C export/check test -timeout 10m ./...
	$(GO) -C cmd/internal/web/browser test ./...

# Two kernels that Debian changes no more, on one filesystem and one above another:
# all rows, and storms. The rest of the matrix takes longer than a change can wait.
.PHONY: test-kmod
test-kmod:
	@scripts/deps.sh vm-test
	CGO_ENABLED=0 $(GO) build $(BUILDFLAGS) -o bin/ ./internal/matrix
	bin/matrix -kernels 6.1,6.12 -producers kmod -filesystems ext4,overlayfs -storm 5000

# What reads files that anybody may have written; all else that is fuzzed has its
# frozen inputs in the tests.
.PHONY: test-fuzz
test-fuzz:
	@for name in FuzzSegment FuzzUnpack FuzzKeyIndex; do \
		$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime 3s -fuzzminimizetime 5x ./userjournal || exit 1; \
	done

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZTIME (default 10s)
	@scripts/deps.sh build
	@grep -rn --include='*_test.go' -oE '^func Fuzz[A-Za-z0-9_]+' . | sed -E 's,^(.*)/[^/]+:[0-9]+:func (.*),\1 \2,' | \
	while read -r package name; do \
		echo "$$package $$name"; \
		$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5x "$$package" || exit 1; \
	done

.PHONY: bench
bench: ## the figures: packages, and side by side with the alternatives (as root)
	@scripts/deps.sh bench
	$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...
	@set -e; for main in $$($(GO) list -f '{{if eq .Name "main"}}{{.ImportPath}}{{end}}' ./bench/...); do \
		echo "== $$main"; $(GO) run $(BUILDFLAGS) "$$main"; \
	done
	@# A module of its own: what it compares with is no dependency of vexj.
	@echo '== vexj/bench/wal'; $(GO) -C bench/wal run $(BUILDFLAGS) .

.PHONY: kmod
kmod: ## the kernel module, for the kernel whose headers are in KDIR
	@test -f "$(KDIR)/Makefile" || { \
		echo 'kmod: say which kernel: make kmod KDIR=/lib/modules/$(shell uname -r)/build (package linux-headers)' >&2; exit 1; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

# The module's own word, so that there is one.
DKMS_VERSION = $(shell sed -n 's/^MODULE_VERSION("\(.*\)");/\1/p' kmod/main.c)
DKMS_SOURCES = $(DESTDIR)/usr/src/vexj-$(DKMS_VERSION)

.PHONY: dkms-install
dkms-install: ## the module's source below DESTDIR, where DKMS looks for it
	rm -rf "$(DKMS_SOURCES)"
	mkdir -p "$(DKMS_SOURCES)"
	find Kbuild kmod uapi/vexj.h LICENSES -type f ! -name '*.mod.c' \
		\( -name '*.[ch]' -o -name 'Kbuild*' -o -name '*.md' -o -name '*.txt' \) \
		-exec install -D -m 644 '{}' '$(DKMS_SOURCES)/{}' ';'
	sed 's/@VERSION@/$(DKMS_VERSION)/' dkms.conf >"$(DKMS_SOURCES)/dkms.conf"

.PHONY: dkms-tarball
dkms-tarball: ## the same in build/, for dkms ldtarball
	rm -rf build/dkms
	$(MAKE) --no-print-directory dkms-install DESTDIR=build/dkms
	mv build/dkms/usr/src/vexj-$(DKMS_VERSION) build/dkms/dkms_source_tree
	tar -C build/dkms --owner=0 --group=0 -czf build/vexj-$(DKMS_VERSION).dkms.tar.gz dkms_source_tree
	@echo build/vexj-$(DKMS_VERSION).dkms.tar.gz

.PHONY: dkms-test
dkms-test: ## add and build it with Debian's dkms, for a kernel of KERNELS
	scripts/dkms-test.sh $(firstword $(filter 6.1,$(KERNELS)) $(KERNELS))

.PHONY: vm-test
vm-test: ## the table and storms: each producer, on KERNELS, in QEMU (as root)
	@scripts/deps.sh vm-test
	CGO_ENABLED=0 $(GO) build $(BUILDFLAGS) -o bin/ ./internal/matrix
	bin/matrix -kernels "$$(echo $(KERNELS) | tr ' ' ,)"

.PHONY: torture
torture: ## the module on a kernel that looks for faults: reload, fuzz, leaks (as root, two hours)
	@scripts/deps.sh vm-test
	scripts/torture.sh

.PHONY: packages
packages: ## vexj and vexj-dkms as .deb and .rpm, in build/packages
	@scripts/deps.sh packages
	scripts/packages.sh

.PHONY: test-packages
test-packages: packages
	scripts/packages-test.sh folder

.PHONY: packages-vm-test
packages-vm-test: packages ## DKMS, and the units for real: with systemd on a kernel, in QEMU (as root)
	@scripts/deps.sh vm-test
	scripts/packages-test.sh vm

.PHONY: clean
clean: ## remove what was built
	rm -rf bin build
	rm -f *.ko kmod/*.ko kmod/*.o kmod/*.mod kmod/*.mod.c Module.symvers modules.order
