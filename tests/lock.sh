#!/bin/sh
# Writes templates/init/base/Cargo.lock.tera: the newest versions that a fresh project can lock, with the project's
# name as a placeholder.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
opgen=${CARGO_TARGET_DIR:-$root/target}/debug/opgen
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
"$opgen" -q -C "$directory" init --domain example.com --project-name placeholder
rm "$directory/Cargo.lock"
cargo generate-lockfile --manifest-path "$directory/Cargo.toml"
sed -e 's/"placeholder"/"{{ project.name }}"/' -e 's/"placeholder-api"/"{{ project.api_package }}"/' \
	-e 's/"placeholder-kube"/"{{ project.kube_package }}"/' \
	"$directory/Cargo.lock" > "$root/templates/init/base/Cargo.lock.tera"
