# Two commands do everything on a fresh Debian 12 machine with a Swift toolchain: make run, make test.

SWIFT ?= swift
# The walls between the rooms are enforced by the build: a target imports only what it declares.
BUILD_FLAGS = --explicit-target-dependency-import-check error
# Runs where no Swift is; its table of addresses is read-only once it has started.
RELEASE_FLAGS = --static-swift-stdlib -Xlinker -z -Xlinker now
SOURCES = Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Benchmarks

.PHONY: help build run test test-tsan soak lint format bench bench-micro bench-smoke bench-tickets scale release deb clean

help:
	@echo 'make run        installs what is missing, builds, starts a demo directory and the daemon, prints curl commands'
	@echo 'make test       installs what the tests need and runs them all'
	@echo 'make build      builds for debugging'
	@echo 'make release    builds for production: .build/release/ldapauthd'
	@echo 'make deb        makes the Debian package: packaging/ldapauthd_VERSION_ARCHITECTURE.deb'
	@echo 'make format     formats the sources; make lint only looks'
	@echo 'make test-tsan  the tests of EventPoller, LDAPClient, PostgresClient and Storage under the thread sanitizer'
	@echo 'make soak       ten minutes of logins while directories stop, freeze and return, then ten of three nodes that are killed (SOAK_SECONDS=600)'
	@echo 'make bench      logins per second beside the raw LDAP limit (release build)'
	@echo 'make bench-tickets  password logins with and without Kerberos logins beside them (release build)'
	@echo 'make bench-micro  instructions and allocations of the hot pieces, held against Benchmarks/thresholds.json'
	@echo 'make scale      how cost grows with people, sessions, groups and idle connections (an hour, 15 GiB of disk)'

build:
	scripts/install-packages build
	$(SWIFT) build $(BUILD_FLAGS)

release:
	scripts/install-packages build
	$(SWIFT) build -c release $(BUILD_FLAGS) $(RELEASE_FLAGS) --product ldapauthd

deb: release
	scripts/install-packages deb
	packaging/build-deb --binary .build/release/ldapauthd

run:
	scripts/install-packages run
	$(SWIFT) build $(BUILD_FLAGS) --product ldapauthd
	demo/run

test:
	@[ "$$(id -u)" = 0 ] || { echo 'make test: run it as root (sudo make test SWIFT="$$(command -v swift)", or in a throw-away machine or container): Samba, 389 DS and systemd run in namespaces of their own, which only root may make' >&2; exit 1; }
	@command -v $(SWIFT) >/dev/null || { echo 'make test: there is no “$(SWIFT)” on the PATH of root, which sudo replaces: sudo make test SWIFT="$$(command -v swift)"' >&2; exit 1; }
	$(MAKE) lint
	scripts/install-packages test
	$(SWIFT) build $(BUILD_FLAGS) --build-tests
	Benchmarks/typecheck
	scripts/python-tools
	PATH="$(CURDIR)/.build/python/bin:$$PATH" SWIFT="$(SWIFT)" scripts/run-tests
	SWIFT="$(SWIFT)" Benchmarks/run-micro --where-they-hold

test-tsan:
	scripts/install-packages test
	LDAPAUTHD_SANITIZED=1 $(SWIFT) build --sanitize=thread --scratch-path .build/tsan --build-tests
	scripts/run-sanitized-tests

SOAK_SECONDS ?= 600
soak:
	scripts/install-packages test
	$(SWIFT) build $(BUILD_FLAGS) --build-tests
	LDAPAUTHD_SOAK_SECONDS=$(SOAK_SECONDS) $(SWIFT) test --skip-build --filter '^EndToEndTests\.(SoakTests|NodesSoakTests)'

lint:
	$(SWIFT) format lint --strict --parallel --configuration .swift-format -r $(wildcard $(SOURCES))

format:
	$(SWIFT) format --in-place --parallel --configuration .swift-format -r $(wildcard $(SOURCES))

# For example BENCH='--seconds 3 --runs 1' for a quick look; Benchmarks/load/run --help says what else.
BENCH ?=
bench:
	scripts/install-packages bench
	$(MAKE) release
	Benchmarks/load/run $(BENCH)

# Every part of the bench once and shortly, with the debug build: that it works and no request fails, not how fast.
bench-smoke:
	scripts/install-packages bench
	Benchmarks/load/run --binary .build/debug/ldapauthd --people 200 --seconds 1 --runs 1 --connections 4 --idle 200 --rate 20
	Benchmarks/load/scale --binary .build/debug/ldapauthd --seconds 1 --runs 1 --people 2e2 --sessions 1e4 --groups 20 --idle 20

bench-tickets:
	scripts/install-packages bench
	$(MAKE) release
	Benchmarks/load/tickets --check

bench-micro:
	scripts/install-packages bench
	Benchmarks/run-micro

# For example SCALE='--part sessions'.
SCALE ?=
scale:
	scripts/install-packages bench
	$(MAKE) release
	Benchmarks/load/scale $(SCALE)

clean:
	$(SWIFT) package clean
	rm -rf .build/machine .build/benchmarks
