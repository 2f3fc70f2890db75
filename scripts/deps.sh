#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Installs what a target needs and the machine lacks, from Debian's packages.

set -eu

usage() {
	cat <<'END'
usage: scripts/deps.sh TARGET...

TARGET is build, demo, generate, lint, test, packages, bench or vm-test. Needs root only if
something is missing. Go is looked for and not installed.
END
}

say() { printf 'deps: %s\n' "$1" >&2; }

# packages prints, for a target, package:what-shows-that-it-is-there, where the
# latter is a program or a file.
packages() {
	case $1 in
	build) echo ca-certificates:/etc/ssl/certs/ca-certificates.crt ;;
	demo) packages build && echo git:git ;;
	generate) packages build && echo clang-19:clang-19 llvm-19:llvm-strip-19 \
		libbpf-dev:/usr/include/bpf/bpf_helpers.h linux-libc-dev:/usr/include/linux/bpf.h ;;
	lint) packages build && echo clang-format-19:clang-format-19 shellcheck:shellcheck mandoc:mandoc ;;
	packages) packages build && echo make:make mmdebstrap:mmdebstrap util-linux:unshare rpm:rpm \
		debian-archive-keyring:/usr/share/keyrings/debian-archive-keyring.gpg ;;
	test) packages generate && packages lint && packages packages && echo make:make git:git qemu-user:qemu-aarch64 gcc:gcc g++:g++ libc6-dev:/usr/include/stdlib.h openssl:openssl acl:setfacl python3:python3 chromium:chromium ;;
	bench) packages build && echo bpftrace:bpftrace inotify-tools:inotifywait linux-perf:perf gcc:gcc libc6-dev:/usr/include/stdlib.h \
		g++:g++ libhnswlib-dev:/usr/include/hnswlib/hnswlib.h libopenblas-dev:/usr/include/x86_64-linux-gnu/cblas.h npm:npm ;;
	vm-test) packages build && echo qemu-system-x86:qemu-system-x86_64 busybox-static:busybox cpio:cpio \
		xz-utils:xz zstd:zstd e2fsprogs:mkfs.ext4 \
		xfsprogs:mkfs.xfs btrfs-progs:mkfs.btrfs mmdebstrap:mmdebstrap debian-archive-keyring:/usr/share/keyrings/debian-archive-keyring.gpg util-linux:unshare ;;
	*) usage >&2 && exit 2 ;;
	esac
}

there() {
	case $1 in
	/*) [ -e "$1" ] ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

# check_go wants the version that go.mod names, or a go command that gets it.
check_go() {
	want=$(sed -n 's/^go //p' go.mod)
	go=$(command -v "${GO:-go}" || echo /usr/local/go/bin/go)
	if [ ! -x "$go" ]; then
		say "there is no go command: install Go ${want%.*} or newer from https://go.dev/dl/ (Debian's golang-go is too old) and put it in PATH"
		exit 1
	fi
	# It takes the version from go.mod here, and says so if it cannot have it.
	if ! said=$("$go" version 2>&1); then
		say "$go cannot be used: $said"
		say "install Go ${want%.*} or newer from https://go.dev/dl/"
		exit 1
	fi
	have=$(printf '%s\n' "$said" | sed -n 's/^go version go\([0-9.]*\).*/\1/p')
	oldest=$(printf '%s\n' "$want" "$have" | sort -V | head -n 1)
	if [ "$oldest" != "$want" ]; then
		say "$go is Go $have, too old: install Go ${want%.*} or newer from https://go.dev/dl/"
		exit 1
	fi
}

install() {
	if [ "$(id -u)" != 0 ]; then
		say "missing: $*"
		say "run this as root to have them installed, or: apt-get install $*"
		exit 1
	fi
	if ! command -v apt-get >/dev/null; then
		say "missing: $* (Debian's names; there is no apt-get here, so install them by other means)"
		exit 1
	fi
	say "installing $*"
	export DEBIAN_FRONTEND=noninteractive
	# A fresh machine has no lists, an old one has lists of what is gone.
	apt-get install -qq -y --no-install-recommends "$@" >/dev/null 2>&1 && return
	apt-get update -qq >&2
	apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

[ $# -gt 0 ] || { usage >&2 && exit 2; }
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin

missing=
for target; do
	wanted=$(packages "$target") || exit
	for entry in $wanted; do
		there "${entry#*:}" || missing="$missing ${entry%%:*}"
	done
done
check_go
if [ -n "$missing" ]; then
	# shellcheck disable=SC2046,SC2086 # names of packages, one word each
	install $(printf '%s\n' $missing | sort -u)
fi
