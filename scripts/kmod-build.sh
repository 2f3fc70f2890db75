#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the kernel module for Debian's kernels, with the headers and the
# compiler of each.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(dirname "$here")

usage() {
	cat <<'END'
usage: scripts/kmod-build.sh [-k] KERNEL...

KERNEL is 5.10, 6.1, 6.12, 7.x or debug, as for scripts/vm.sh. Leaves the modules,
what the compiler tells of their stacks (*.ci) and the build's log in
build/kmod/KERNEL/. Needs root, for a chroot.

  -k    keep the tree that was built in, as build/kmod/KERNEL/tree

Warnings of the compiler (W=1), of modpost, and of sparse about our own files
are errors. Exit status: 1 if a module does not build, 125 if there is nothing
to build it with, 2 for wrong usage.
END
}

die() {
	printf 'kmod-build: %s\n' "$1" >&2
	exit "${2:-125}"
}

# shellcheck source=scripts/vm/tools.sh
. "$here/vm/tools.sh"
# shellcheck source=scripts/vm/kernel.sh
. "$here/vm/kernel.sh"

# build builds for kernel $1, of suite $2.
build() {
	local out=$top/build/kmod/$1 root release tree status=0
	root=$(fetch_toolchain "$2")
	release=$(cat "$root/complete")
	rm -rf "$out"
	mkdir -p "$out/tree"
	tree=$out/tree
	cp -r "$top/Kbuild" "$top/kmod" "$top/uapi" "$tree/"

	in_toolchain "$root" "$tree" make -k -j"$(nproc)" -C "/usr/src/linux-headers-$release" \
		M=/vexj W=1 C=1 CHECK=sparse KCFLAGS=-fcallgraph-info=su modules >"$out/log" 2>&1 || status=1
	if [ "$status" != 0 ] || complaints "$out/log" >/dev/null; then
		printf 'kmod-build: the module does not build for %s (%s); all of it is in %s:\n' "$1" "$release" "$out/log" >&2
		{ complaints "$out/log" || tail -n 20 "$out/log"; } | sed "s,/vexj/,," | head -n 60 >&2
		return 1
	fi
	collect "$tree" "$out"
	[ -n "$keep" ] || rm -rf "$tree"
	printf '%s (%s): %s\n' "$1" "$release" "$(cd "$out" && echo *.ko)"
}

# complaints prints the errors and warnings in a build's log. The compiler's name
# their option; what sparse has to say about the kernel's own headers is not our
# concern.
complaints() {
	grep -nE 'error:|Error [0-9]|ERROR:|\[-W[a-z0-9=+-]+\]$|^WARNING:|^(/vexj/)?(kmod|uapi)/.*warning:' "$1"
}

collect() {
	local module
	while read -r module; do
		cp "$module" "$2/"
	done < <(find "$1" -name '*.ko')
	# A folder for each name would be lost in one: foo/bar.ci is foo-bar.ci.
	(cd "$1" && find . -name '*.ci' ! -name '*.mod.ci') | while read -r module; do
		cp "$1/$module" "$2/$(echo "${module#./}" | tr / -)"
	done
	compgen -G "$2/*.ko" >/dev/null || die "the build made no module" 1
}

keep=''
while getopts :kh option; do
	case $option in
	k) keep=1 ;;
	h) usage && exit 0 ;;
	*) usage >&2 && exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || { usage >&2 && exit 2; }

cache=${XDG_CACHE_HOME:-$HOME/.cache}/vexj-vm
disks=()
mkdir -p "$cache"
need_build_tools
for kernel; do
	suite=$(suite_of "$kernel")
	suites+=("$suite")
done
status=0
for kernel; do
	build "$kernel" "${suites[0]}" || status=1
	suites=("${suites[@]:1}")
done
exit "$status"
