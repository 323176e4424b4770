# make demo            the main job on simulated hydrants and a platform  (DEMO_ARGS="--for 60s")
# make test            everything set up, every test                      (TEST_ARGS="tests/modbus -k late")
# make check           linters, types, rooms, generated files
# make bench           the figures in docs/performance.md
# make prove           the long proofs: 100,000 crash states of the journal, a million frames, whole flights
# make fuzz            what strangers send, mutated 100,000 times a door
# make soak FOR=10m    the agent between a town and two platforms, everything broken at random
# make test-vehicle    a real autopilot: HYDRONEST_VEHICLE=udpin://...  (HYDRONEST_ALLOW_MOTION=1 where it is no simulator)
# make deb             the packages for gateways, twice, byte for byte the same: dist/*.deb  (DEB_ARGS="--debian 12 --arch arm64")
# make bundle KEY=PEM  what make deb built as a USB stick: sums, a signature, a page in both languages: dist/bundle
# make docs           the documents of both languages as HTML without a network: dist/html/index.html
# make sbom            what a build is made of: dist/hydronest.cdx.json (CycloneDX)
# make advisories DB=PATH   known weaknesses of it, from a database in OSV's form that is given
# make lock            anew the hash-locked requirements, after a change in pyproject.toml
.PHONY: demo test check bench prove fuzz soak lock sbom advisories deb bundle docs setup peers test-vehicle
.DEFAULT_GOAL := test
BIN := .venv/bin
FOR ?= 10m

setup:
	@tools/bootstrap.sh

peers: setup
	@tools/peers.sh

demo: setup
	@$(BIN)/hydronest demo $(DEMO_ARGS)

test: setup peers
	@tools/test.sh "$(BIN)/pytest" $(TEST_ARGS)

check: setup
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python tools/check_tree.py
	@$(BIN)/python tools/catalogue.py --check
	@$(BIN)/python tools/makes.py --check
	@$(BIN)/python tools/contract.py --check

prove: setup peers
	@$(BIN)/python -m tests.journal.crash.prove --states 100000
	@HYDRONEST_FUZZ_FRAMES=1000000 $(BIN)/pytest -q --timeout 900 tests/gb26875/test_stream.py
	@$(BIN)/python -m tests.nest.prove 100
	@HYDRONEST_FORGERIES=1000 $(BIN)/pytest -q --timeout 1800 tests/judge/test_forgeries.py
	@HYDRONEST_FAULT_SCHEDULES=300 $(BIN)/pytest -q --timeout 1800 tests/nest/test_faults.py
	@$(BIN)/pytest -q --timeout 1800 -m slow --benchmark-disable --ignore=tests/bench

fuzz: setup
	@HYDRONEST_FUZZ=100000 HYDRONEST_FUZZ_FRAMES=1000000 HYDRONEST_FUZZ_SEED=$$$$ $(BIN)/pytest -q --timeout 3600 \
	    --benchmark-disable tests/doors tests/gb26875/test_stream.py

test-vehicle: setup
	@$(BIN)/pytest -q -rs --timeout 1800 tests/nest/test_vehicle.py

soak: setup peers
	@$(BIN)/python -m tests.uplinks.soak --for $(FOR)

bench: setup peers
	@$(BIN)/pytest -q -p no:xdist tests/bench $(BENCH_ARGS)

deb: setup
	@$(BIN)/python tools/deb.py --twice $(DEB_ARGS)

bundle: setup
	@$(BIN)/python tools/bundle.py --key "$(KEY)"

docs: setup
	@$(BIN)/python tools/docs.py

advisories: setup
	@$(BIN)/python tools/advisories.py $(DB)

sbom: setup
	@mkdir -p dist && $(BIN)/python tools/sbom.py > dist/hydronest.cdx.json

lock: setup
	@$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --universal \
	    --python-version 3.11 --no-header --no-annotate pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --universal \
	    --python-version 3.11 --no-header --no-annotate --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
