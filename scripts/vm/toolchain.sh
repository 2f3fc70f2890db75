# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What modules for a kernel are built with: its headers, and the compiler that
# Debian built it with, in a folder to chroot to. Sourced by kmod-build.sh.

# fetch_toolchain prints the folder for suite $1, made once for a kernel. The
# headers are in it as /usr/src/linux-headers-RELEASE.
fetch_toolchain() {
	local suite=$1 kernel
	kernel=$(fetch_kernel "$suite")
	if ! toolchain_for "$suite" "$kernel"; then
		# Debian has moved on since the kernel was fetched, and keeps no headers of
		# the old one.
		printf 'vm: the headers of %s are gone from the archive, fetching its present kernel\n' "$(cat "$kernel/release")" >&2
		rm -f "$kernel/complete"
		kernel=$(fetch_kernel "$suite")
		toolchain_for "$suite" "$kernel" || die "cannot fetch the toolchain of $suite"
	fi
	echo "$cache/$suite/toolchain"
}

toolchain_for() (
	suite=$1
	release=$(cat "$2/release")
	root=$cache/$suite/toolchain
	flock 9
	[ "$(cat "$root/complete" 2>/dev/null)" != "$release" ] || exit 0
	extract_packages "$suite" "$root" "linux-headers-$release" gcc make sparse || exit 1
	# Debian's headers of 7.x lack what asks whether sparse is too old for them.
	for scripts in "$root"/usr/lib/linux-kbuild-*/scripts; do
		[ -e "$scripts/checker-valid.sh" ] || install -m 755 /dev/stdin "$scripts/checker-valid.sh" <<<$'#!/bin/sh\necho 1'
	done
	echo "$release" >"$root/complete"
) 9>"$cache/$1.toolchain.lock"

# extract_packages makes folder $2 of suite $1's packages and all they need. They
# are unpacked and not installed: a tenth of the time, and all that a compiler
# needs.
extract_packages() {
	local suite=$1 root=$2 log=$cache/$1/toolchain.log
	shift 2
	[ "$(id -u)" = 0 ] || die 'only root can build modules: it takes a chroot to the compiler of the kernel'
	printf 'vm: fetching the toolchain of %s\n' "$suite" >&2
	rm -rf "$root"
	if ! mmdebstrap --quiet --variant=extract \
		--aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
		--aptopt='Acquire::Check-Valid-Until "false"' \
		--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
		--include="$(words_with_commas "$@" bash coreutils dash diffutils findutils grep mawk perl-base sed)" \
		"$suite" "$root" - <"$cache/$suite/sources.list" >"$log" 2>&1; then
		grep -E '^(E:|W:)' "$log" >&2 || tail -n 5 "$log" >&2
		rm -rf "$root"
		return 1
	fi
	# What the packages' scripts would have done.
	[ -e "$root/usr/bin/awk" ] || ln -s mawk "$root/usr/bin/awk"
	mkdir -p "$root/vexj"
}

words_with_commas() {
	local IFS=,
	echo "$*"
}

# in_toolchain runs a command in toolchain $1 with folder $2 as /vexj. The mounts
# are its own and go with it: builds may run side by side, and be killed.
in_toolchain() {
	local root=$1 folder=$2
	shift 2
	# objtool wants /proc.
	# shellcheck disable=SC2016 # the inner shell's
	unshare --mount --propagation private sh -euc '
		root=$1 folder=$2
		shift 2
		mount --bind "$folder" "$root/vexj"
		mount -t proc proc "$root/proc"
		cd /
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C TMPDIR=/vexj chroot "$root" "$@"' sh "$root" "$folder" "$@"
}
