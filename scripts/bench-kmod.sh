#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What it costs to be recorded by the kernel module, beside LTTng and auditd, in
# one machine: builds all of them for a kernel of Debian's and runs bench/capture
# there.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(dirname "$here")

usage() {
	cat <<'END'
usage: scripts/bench-kmod.sh [-k KERNEL] [-t SECONDS] [-- FLAG OF bench/capture...]

KERNEL is as for scripts/vm.sh (default: 6.1, the one that Debian's package
lttng-modules-dkms of the same release is for). Needs root, for a chroot. The
flags default to -tools none,kmod,vexj,lttng,auditd -rounds 3 -n 4000 -v. Each
instruction takes 16 ns there.
END
}

die() {
	printf 'bench-kmod: %s\n' "$1" >&2
	exit "${2:-125}"
}

# shellcheck source=scripts/vm/tools.sh
. "$here/vm/tools.sh"
# shellcheck source=scripts/vm/kernel.sh
. "$here/vm/kernel.sh"

# fetch_peers prints the folder with the other tools for suite $1, made once for
# a kernel: bin/, lib/, modules/ and share/.
fetch_peers() {
	local suite=$1 release
	release=$(cat "$cache/$suite/kernel/release")
	(
		flock 9
		[ "$(cat "$cache/$suite/peers/complete" 2>/dev/null)" = "$release" ] || make_peers "$suite" "$release" >&2
	) 9>"$cache/$suite.peers.lock" || die "cannot make LTTng and auditd for $suite"
	echo "$cache/$suite/peers"
}

make_peers() {
	local suite=$1 release=$2 peers=$cache/$1/peers root=$cache/$1/peers.root
	rm -rf "$peers"
	mkdir -p "$peers"/{bin,lib,share,modules}
	extract_packages "$suite" "$root" lttng-tools lttng-modules-dkms auditd kmod libc-bin
	(cd "$root" && cp -L usr/bin/lttng usr/bin/lttng-sessiond usr/sbin/auditd usr/sbin/auditctl \
		usr/lib/*/lttng/libexec/lttng-consumerd "$peers/bin/" && cp -r usr/share/xml/lttng "$peers/share/")
	in_toolchain "$root" "$peers" sh -c 'ldd /vexj/bin/* | sed -nE "s,.*(=> |^\s)(/[^ ]+) \(.*,\2,p" | sort -u | xargs cp -Lt /vexj/lib'
	lttng_modules "$suite" "$release" "$root" "$peers/modules/$release"
	rm -rf "$root"
	echo "$release" >"$peers/complete"
}

# lttng_modules builds LTTng's modules as dkms would, and indexes them.
lttng_modules() {
	local suite=$1 release=$2 root=$3 to=$4 tree=$cache/$1/peers.tree
	rm -rf "$tree"
	cp -r "$root"/usr/src/lttng-modules-* "$tree"
	# The tracepoints of timers are not as this probe has them since 6.1.170, and
	# nobody here needs it.
	sed -i '/lttng-probe-timer\.o/d' "$tree/src/probes/Kbuild"
	in_toolchain "$cache/$suite/toolchain" "$tree" make -s -j"$(nproc)" -C "/usr/src/linux-headers-$release" \
		M=/vexj CONFIG_LTTNG=m modules >"$cache/$suite/peers.log" 2>&1 ||
		die "LTTng's modules do not build: $(grep -m 3 error: "$cache/$suite/peers.log")"
	mkdir -p "$to/extra" "$root/lib/modules"
	find "$tree" -name '*.ko' -exec cp {} "$to/extra/" \;
	cp "$cache/$suite"/kernel/modules/modules.builtin* "$cache/$suite/kernel/modules/modules.order" "$to/"
	rm -rf "$root/lib/modules/$release"
	cp -r "$to" "$root/lib/modules/"
	in_toolchain "$root" "$tree" depmod "$release"
	cp "$root/lib/modules/$release"/modules.* "$to/"
	rm -rf "$tree"
}

kernel=6.1 seconds=3600
while getopts :k:t:h option; do
	case $option in
	k) kernel=$OPTARG ;;
	t) seconds=$OPTARG ;;
	h) usage && exit 0 ;;
	*) usage >&2 && exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || set -- -tools none,kmod,vexj,lttng,auditd -rounds 3 -n 4000 -v

cache=${XDG_CACHE_HOME:-$HOME/.cache}/vexj-vm
disks=()
mkdir -p "$cache"
need_build_tools
suite=$(suite_of "$kernel")
fetch_toolchain "$suite" >/dev/null
peers=$(fetch_peers "$suite")
"$here/kmod-build.sh" "$kernel" >&2
(cd "$top" && CGO_ENABLED=0 "${GO:-go}" build -trimpath -buildvcs=false -o bin/bench-capture ./bench/capture)

# One processor: QEMU has one thread for all of them, and then what a tool does on
# another one would be part of the time of the thread that is measured. Instructions,
# as an emulated processor's time is the host's.
exec "$here/vm.sh" -p 1 -n -t "$seconds" \
	-f "$top/bin/bench-capture" -f "$top/build/kmod/$kernel/vexj.ko" \
	-f "$peers/bin:/vexj/bin" -f "$peers/lib:/lib/x86_64-linux-gnu" \
	-f "$peers/modules:/vexj/modules" -f "$peers/share/lttng:/usr/share/xml/lttng" \
	"$kernel" "$here/vm/peers" "$@"
