#!/bin/sh
# `make quickstart`: makes the tutorial's operator in a new directory and shows it at work on a real kube-apiserver.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
directory=${QUICKSTART:-$root/quickstart}
opgen=${CARGO_TARGET_DIR:-$root/target}/release/opgen
export CARGO_TARGET_DIR="${OPGEN_SCAFFOLD_TARGET:-$root/target/scaffolds}"
export PATH="$(dirname "$opgen"):$KUBEBUILDER_ASSETS:$PATH"

if [ -e "$directory" ]; then
	echo "error: $directory is there already" >&2
	echo "help: remove it, or run \`make quickstart QUICKSTART=<another directory>\`" >&2
	exit 1
fi

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() {
	printf '\033[36m$ %s\033[0m\n' "$*"
	"$@"
}

work=$(mktemp -d)
operator= cluster=
stop() {
	[ -z "$operator" ] || kill "$operator" 2>/dev/null || true
	[ -z "$operator" ] || wait "$operator" 2>/dev/null || true
	exec 9>&- || true
	[ -z "$cluster" ] || wait "$cluster" 2>/dev/null || true
	rm -rf "$work"
}
trap stop EXIT
trap 'exit 1' INT TERM

say "1. An operator, made in $directory"
mkdir -p "$directory"
cd "$directory"
run opgen init --domain example.com --project-name myapp
run opgen create api --group apps --version v1 --kind MyApp
run opgen manifests

say "2. Building it, and a cluster without nodes: a few minutes the first time"
run cargo build --locked
cargo build --manifest-path "$root/runtime/Cargo.toml" --features envtest --example cluster

say "3. Starting kube-apiserver, etcd, and the operator"
mkfifo "$work/input" "$work/output"
"$CARGO_TARGET_DIR/debug/examples/cluster" <"$work/input" >"$work/output" &
cluster=$!
exec 9>"$work/input"
read -r KUBECONFIG <"$work/output"
export KUBECONFIG
run kubectl apply --server-side -k config/crd
run kubectl wait --for=condition=Established --timeout=60s crd/myapps.apps.example.com
printf '\033[36m$ %s\033[0m\n' "myapp --log-format=human &"
"$CARGO_TARGET_DIR/debug/myapp" --health-probe-bind-address=0 --log-format=human &
operator=$!

say "4. The sample, and the Deployment that the operator makes of it"
run cat config/samples/apps_v1_myapp.yaml
run kubectl apply -k config/samples
run kubectl wait --for=create --timeout=60s deployment/myapp-sample
run kubectl get myapps,deployments

say "5. There is no kubelet here, so no pods: this script reports them ready in its place"
run kubectl patch deployment myapp-sample --subresource=status --type=merge -p '{"status": {
  "observedGeneration": 1, "replicas": 2, "readyReplicas": 2, "availableReplicas": 2, "conditions": [
    {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
    {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}]}}'
run kubectl wait --for=condition=Available --timeout=60s myapp/myapp-sample
run kubectl get myapp myapp-sample -o 'jsonpath={range .status.conditions[*]}{.type}{"="}{.status}{"  "}{.reason}{"  "}{.message}{"\n"}{end}'

say "6. Somebody scales the Deployment by hand; the operator puts it back"
run kubectl scale deployment/myapp-sample --replicas=5
run kubectl wait --for=jsonpath='{.spec.replicas}'=2 --timeout=60s deployment/myapp-sample

say "7. Deleted: the operator's finalizer lets it go"
run kubectl delete myapp/myapp-sample --timeout=60s

say "Done. Go on in $directory:"
cat <<TEXT
  \$EDITOR api/src/apps/v1/my_app.rs          the API; then \`opgen manifests\`
  \$EDITOR src/controller/apps/my_app.rs      what the operator does
  make test                                  its tests, on a real kube-apiserver
  make install run                           in the cluster of your current context
opgen is $opgen
TEXT
