#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes everything that is generated again, in a copy, and compares it with what
# is here. The tree stays as it is.

set -eu

cd "$(dirname "$0")/.."
: "${GO:=go}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# All but outputs and caches (.gitignore); also outside of a git checkout.
mkdir "$work/tree"
tar -c --exclude=./.git --exclude=./bin --exclude=./build --exclude=./.cache . | tar -x -C "$work/tree"
cp -a "$work/tree" "$work/before"

(cd "$work/tree" && "$GO" generate ./...)
if ! diff -qr "$work/before" "$work/tree"; then
	echo 'check-generated: outputs differ from their sources: run make generate, and commit both' >&2
	exit 1
fi
