#!/bin/sh
# Puts kube-apiserver, etcd and kubectl into bin/kubernetes, unless KUBEBUILDER_ASSETS, given as $1, names a directory
# that has them.
set -eu
cd "$(dirname "$0")"
default=$(cd ../.. && pwd)/bin/kubernetes
directory=$1
version=$(sed -n 's/^\tk8s.io\/kubernetes \(v[0-9.]*\).*/\1/p' go.mod)

missing() {
	for binary in kube-apiserver etcd kubectl; do
		[ -x "$directory/$binary" ] || printf ' %s' "$binary"
	done
}

fail() {
	echo "error: no$(missing) in $directory, $1" >&2
	echo "help: install Go 1.26 and unset KUBEBUILDER_ASSETS, or set it to a directory that has them (\`opgen envtest\` prints one)" >&2
	echo "help: \`cargo test\` runs the tests that need no API server" >&2
	exit 1
}

if [ "$directory" != "$default" ]; then
	[ -z "$(missing)" ] || fail "which KUBEBUILDER_ASSETS names"
	exit 0
fi
# What was built from another go.mod is built again.
if [ -z "$(missing)" ] && cmp -s go.mod "$directory/go.mod"; then
	exit 0
fi
command -v go >/dev/null || fail "and no Go to build Kubernetes $version with"
echo "building kube-apiserver $version, etcd and kubectl from Go modules: about five minutes the first time" >&2
rm -rf "$directory"
mkdir -p "$directory"
numbers=${version#v}
minor=${numbers#*.}
package=k8s.io/component-base/version
flags="-s -w -X $package.gitVersion=$version -X $package.gitMajor=${numbers%%.*} -X $package.gitMinor=${minor%%.*}"
GOFLAGS=-mod=readonly CGO_ENABLED=0 go build -v -trimpath -buildvcs=false -ldflags "$flags" -o "$directory/" \
	go.etcd.io/etcd/server/v3 k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes/cmd/kubectl 2>&1 |
	awk '/^[a-z0-9.-]+(\/[A-Za-z0-9._-]+)*$/ {if (++n % 200 == 0) print "  " n " packages"; next} {print}' >&2
if [ -x "$directory/server" ]; then mv "$directory/server" "$directory/etcd"; fi
[ -z "$(missing)" ] || fail "and \`go build\` did not make them"
# Last, so that a build that was cut short starts again.
cp go.mod "$directory/go.mod"
