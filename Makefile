# Everything that people and .ci/run call. `make help` lists the targets.

SWIFT ?= swift
# Warnings are errors here and not in Package.swift: they must not stop the build of a package that depends on us.
SWIFT_FLAGS ?= -Xswiftc -warnings-as-errors
DEMO_FLAGS ?=
POWER_LOSS_FLAGS ?=
TEST_FLAGS ?=
FUZZ_SECONDS ?= 30
# Pairs of images for the benchmark of patches: folders with old.bin and new.bin.
CORPUS ?= ../shared/corpus
BENCH_FLAGS ?=
# Of the emulated microcontrollers: virt-rv32, mps2-an386, armv6m.
BOARDS ?= virt-rv32
RUNS ?= 50
KILL_FLAGS ?=
# Nested packages may have hidden build folders.
SWIFT_FILES = $(shell find Package.swift Sources Tests Examples Benchmarks Fuzz -name '*.swift' -not -path '*/.*' 2>/dev/null)

export LC_ALL := C.UTF-8

.PHONY: help demo test power-loss fuzz bench-verify bench-delta bench-delta-size bench-test bench-tools build bootstrap \
  firmware lint format check embedded embedded-accept bare-metal bare-metal-tools bare-metal-ways bare-metal-bad-input \
  bare-metal-kill bare-metal-flash bare-metal-ed25519 measure-decoder measure-processor consumer examples docs ci clean
.DEFAULT_GOAL := help

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do \
	  printf '%-18s %s\n' "$$name" "$$text"; done

demo: bootstrap firmware ## the whole update cycle on this machine, on the example application
	$(SWIFT) build -c release --product ota $(SWIFT_FLAGS)
	.build/release/ota demo $(DEMO_FLAGS)

# Most tests run side by side. Those that wait for an answer over a socket do not: beside tests that compute, on the few
# threads of one process, their time would run out. Neither do those that look at the memory of the whole process.
ALONE = OTATransportHTTPTests|HTTPServerTests|HTTPServerStopTests|EndToEndTests|ServerRunTests|RepositoryCommandTests|TUFCommandTests|leaks\(\)

test: bootstrap firmware ## all tests
	$(SWIFT) test $(SWIFT_FLAGS) $(TEST_FLAGS) --parallel --skip '$(ALONE)'
	$(SWIFT) test $(SWIFT_FLAGS) $(TEST_FLAGS) --no-parallel --skip-build --filter '$(ALONE)'

# Optimised as a whole, it is half as long; in a folder of its own, since all other builds are not.
power-loss: bootstrap ## cut the power everywhere, twice in a row, on every geometry; under 30 minutes on two cores
	$(SWIFT) build -c release --product ota --scratch-path .build/power-loss $(SWIFT_FLAGS) \
	  -Xswiftc -cross-module-optimization
	.build/power-loss/release/ota simulate power-loss --write-size all --walks 20 $(POWER_LOSS_FLAGS)
	.build/power-loss/release/ota simulate power-loss --write-size all --scenario in-turn --depth 2 $(POWER_LOSS_FLAGS)

fuzz: bootstrap ## each fuzzer of Fuzz for FUZZ_SECONDS
	Scripts/fuzz $(FUZZ_SECONDS)

bench-delta: bench-tools ## compare patches with those of other tools on CORPUS, into Docs/Benchmarks.md; half an hour
	Benchmarks/bench-delta --corpus $(CORPUS) --ota .build/release/ota --docs Docs/Benchmarks.md \
	  --chart Docs/Images/delta-sizes.svg --json Benchmarks/delta.json $(BENCH_FLAGS)

bench-delta-size: bench-tools ## the same for the sizes only, into .build/bench-delta; runs again only what changed
	Benchmarks/bench-delta --corpus $(CORPUS) --ota .build/release/ota --sizes-only $(BENCH_FLAGS)

# In a folder of its own, as every nested package.
bench-verify: bootstrap ## compare verification with OpenSSL and libsodium themselves, into Docs/Benchmarks.md; five minutes
	$(SWIFT) build -c release --package-path Benchmarks/Verify $(SWIFT_FLAGS)
	Benchmarks/Verify/.build/release/VerifyBench --docs Docs/Benchmarks.md --json Benchmarks/verify.json $(BENCH_FLAGS)

# Without the tools from PyPI the benchmark goes on with the rest, and says so.
bench-tools: bootstrap
	$(SWIFT) build -c release --product ota $(SWIFT_FLAGS)
	Benchmarks/make-peers || [ $$? -eq 69 ]

bench-test: ## tests of the benchmark itself
	cd Benchmarks && python3 -m unittest discover --start-directory Tests --top-level-directory .

build: bootstrap ## all targets, in debug
	$(SWIFT) build $(SWIFT_FLAGS)

bootstrap: ## install what is missing
	@Scripts/bootstrap

firmware: bootstrap ## cross-compile the two versions of the example application
	Scripts/build-firmware

lint: ## check the format and the documentation comments
	@$(SWIFT) format lint --strict --parallel $(SWIFT_FILES)

format: ## format all Swift files in place
	@$(SWIFT) format --in-place --parallel $(SWIFT_FILES)

check: ## check the rules of the tree that no compiler knows
	Scripts/check-tree

embedded: bootstrap ## the core as Embedded Swift for riscv32, armv7em and armv6m, with sizes and symbols
	Scripts/check-embedded

embedded-accept: bootstrap ## the same, and write the sizes into Docs/Sizes.md
	Scripts/check-embedded --accept

bare-metal-ed25519: bootstrap ## Ed25519 on three emulated microcontrollers, against the libsodium of this machine; needs PyPI
	Scripts/check-ed25519

# Of the host's programs, what the microcontroller's tests call.
bare-metal-tools: bootstrap
	Scripts/fetch-ed25519
	$(SWIFT) build -c release --product ota $(SWIFT_FLAGS)
	$(SWIFT) build --package-path Examples/BareMetal/Release $(SWIFT_FLAGS)

bare-metal: bare-metal-tools ## boot and update emulated microcontrollers, over a serial line; needs PyPI
	Scripts/build-bare-metal $(BOARDS)
	for board in $(BOARDS); do python3 -B Examples/BareMetal/Bench/story.py --board $$board || exit 1; done

bare-metal-ways: bare-metal-tools ## the same with every way to activate an image
	Scripts/build-bare-metal $(BOARDS)
	for board in $(BOARDS); do for way in direct scratch move offset over; do \
	  python3 -B Examples/BareMetal/Bench/story.py --board $$board --way $$way || exit 1; done; done

bare-metal-bad-input: bare-metal-tools ## flash files and serial lines that are full of garbage
	Scripts/build-bare-metal $(BOARDS)
	for board in $(BOARDS); do python3 -B Examples/BareMetal/Bench/bad_flash.py --board $$board || exit 1; \
	  python3 -B Examples/BareMetal/Bench/bad_line.py --board $$board || exit 1; done

bare-metal-flash: bootstrap ## the flash drivers of the emulated boards against the contract of Flash, on the boards
	Scripts/fetch-ed25519
	Scripts/check-board-flash

bare-metal-kill: bare-metal-tools ## end the emulator in the middle of RUNS updates, at random and at counted moments
	Scripts/build-bare-metal $(BOARDS)
	for board in $(BOARDS); do \
	  python3 -B Examples/BareMetal/Bench/kill.py --board $$board --runs $(RUNS) $(KILL_FLAGS) || exit 1; done

measure-decoder: bootstrap ## code size and instructions of the native decoder on a microcontroller; needs valgrind
	Scripts/measure-decoder --run

measure-processor: bootstrap ## code size of the decoder and processor of manifests on a microcontroller
	Scripts/measure-processor

consumer: bootstrap ## a package that depends on one layer alone links nothing else
	Scripts/check-consumer

examples: bootstrap ## compile the Swift examples of README.md and of the documentation
	Scripts/check-examples

docs: bootstrap ## the documentation of every library, into .build/docs
	Scripts/docs

ci: ## what the continuous integration runs
	.ci/run

clean: ## remove everything that was built
	rm -rf .build Fuzz/.build Benchmarks/Verify/.build Examples/*/.build Examples/*/.artifacts \
	  Examples/*/*/.build Examples/*/*/.artifacts
