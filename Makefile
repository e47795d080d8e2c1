# opgen's own targets.

# Where the tests' kube-apiserver, etcd and kubectl are, unless KUBEBUILDER_ASSETS says so.
KUBERNETES := $(CURDIR)/bin/kubernetes
export KUBEBUILDER_ASSETS ?= $(KUBERNETES)
# Operators that tests and benches build share one target directory, so that kube is built once per profile.
export OPGEN_SCAFFOLD_TARGET ?= $(CURDIR)/target/scaffolds

.PHONY: help
help: ## Show this help
	@awk 'BEGIN {FS = ":.*##"} /^[a-z-]+:.*##/ {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: quickstart
quickstart: kubernetes ## Build opgen, scaffold an operator into ./quickstart and watch it work on a real API server
	cargo build --release --locked
	sh tests/quickstart.sh

.PHONY: test
test: kubernetes ## Run every test, those on a real kube-apiserver included
	cargo test --workspace --all-features --locked -- --include-ignored

.PHONY: faults
faults: kubernetes ## Let servers, networks and leaders fail for a long time, of which make test does a short form
	FAULTS=full cargo test -p opgen-runtime --all-features --locked --test faults -- --include-ignored

.PHONY: check
check: ## Check formatting, lints and links of the documentation
	cargo fmt --check
	cargo fmt --manifest-path runtime/Cargo.toml --check
	cargo clippy --workspace --all-targets --all-features --locked -- -D warnings
	K8S_OPENAPI_ENABLED_VERSION=1.37 cargo clippy -p opgen-runtime --lib --locked -- -D warnings
	K8S_OPENAPI_ENABLED_VERSION=1.37 RUSTDOCFLAGS="-D warnings" cargo doc --workspace --all-features --no-deps --locked

.PHONY: bless
bless: kubernetes ## Rewrite the expected output of tests and the examples: read it before you commit it
	BLESS=1 cargo test --locked --test apis --test builtin --test examples --test golden --test markers --test shapes -- --include-ignored

.PHONY: lock
lock: ## Renew the versions that a fresh project locks
	cargo build --locked
	sh tests/lock.sh

.PHONY: bench
bench: ## Measure opgen beside controller-gen: benches/README.md has the figures
	cd benches/controller-gen && go build -mod=readonly -o ../../bin/ sigs.k8s.io/controller-tools/cmd/controller-gen
	CONTROLLER_GEN="$(CURDIR)/bin/controller-gen" cargo bench --locked --bench commands

.PHONY: bench-operator
bench-operator: kubernetes ## Measure a generated operator beside operators in Go: SIZES=1000x3 for objects and rounds
	cargo bench --locked --bench operator

.PHONY: bench-recording
bench-recording: kubernetes ## Measure what it costs an operator to record its requests
	cargo bench --locked --bench recording

# kube-apiserver, etcd and kubectl, built from Go modules: five minutes the first time.
.PHONY: kubernetes
kubernetes:
	@sh tests/kubernetes/build.sh "$(KUBEBUILDER_ASSETS)"
