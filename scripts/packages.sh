#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes the packages, vexj and vexj-dkms as .deb and .rpm, in build/packages. The same
# bytes come of the same source: SOURCE_DATE_EPOCH is that of the last commit if it is
# not given.

set -eu
cd "$(dirname "$0")/.."
: "${GO:=go}"

VERSION=$(sed -n 's/^MODULE_VERSION("\(.*\)");/\1/p' kmod/main.c)
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2>/dev/null || date -d 2026-01-01 +%s)}"
STAGE=build/stage
export SOURCE_DATE_EPOCH
out=build/packages
rm -rf "$STAGE" "$out"
mkdir -p "$STAGE/bin" "$STAGE/man" "$STAGE/completion" "$out"

# They need nothing of the machine but the kernel, so that one package is for all.
CGO_ENABLED=0 "$GO" build -trimpath -buildvcs=false -ldflags=-s -o "$STAGE/bin/" ./cmd/vexjctl ./cmd/vexjd
for page in man/*; do
	gzip -9n <"$page" >"$STAGE/man/${page#man/}.gz"
done
for shell in bash zsh fish; do
	"$STAGE/bin/vexjctl" completion "$shell" >"$STAGE/completion/$shell"
done
{
	sed -n '/^## Licences/,$p' README.md | sed '1,2d; s/\[\([^]]*\)\]([^)]*)/\1/g'
	printf '\nModules of others that the programs are built of, with their licences:\n'
	# shellcheck disable=SC2016 # of go list
	CGO_ENABLED=0 "$GO" list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./cmd/vexjctl ./cmd/vexjd |
		sort -u | while read -r module version dir; do
		printf '\n%s %s\n\n' "$module" "$version"
		# What a module that has no such file is under stands in its sources.
		cat "$dir"/LICENSE* "$dir"/COPYING* "$dir"/NOTICE* 2>/dev/null || true
	done
} >"$STAGE/copyright"
make -s dkms-install DESTDIR="$STAGE/dkms"
for script in postinst prerm; do
	sed "s/@VERSION@/$VERSION/" "packaging/vexj-dkms.$script" >"$STAGE/vexj-dkms.$script"
done
# The date of what is a tree is that of its files.
find "$STAGE" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

"$GO" -C packaging build -o ../build/nfpm github.com/goreleaser/nfpm/v2/cmd/nfpm
for package in vexj vexj-dkms; do
	sed "s,\${STAGE},$STAGE,; s,\${VERSION},$VERSION,g" "packaging/$package.yaml" >"$STAGE/$package.yaml"
	for kind in deb rpm; do
		build/nfpm package --config "$STAGE/$package.yaml" --packager "$kind" --target "$out/" >"$STAGE/log" ||
			{ cat "$STAGE/log" >&2 && exit 1; }
	done
done
ls "$out"
