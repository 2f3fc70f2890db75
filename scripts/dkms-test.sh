#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Has Debian's dkms add, build and install the module, as it would on a machine
# with that kernel.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(dirname "$here")

die() {
	printf 'dkms-test: %s\n' "$1" >&2
	exit "${2:-125}"
}

if [ $# != 1 ]; then
	echo 'usage: scripts/dkms-test.sh KERNEL (as for scripts/vm.sh; needs root, for a chroot)' >&2
	exit 2
fi

# shellcheck source=scripts/vm/tools.sh
. "$here/vm/tools.sh"
# shellcheck source=scripts/vm/kernel.sh
. "$here/vm/kernel.sh"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/vexj-vm
# shellcheck disable=SC2034 # need_build_tools looks at it
disks=()
mkdir -p "$cache"
need_build_tools
suite=$(suite_of "$1")
root=$(fetch_toolchain "$suite")
release=$(cat "$root/complete")

work=$(mktemp -d "${TMPDIR:-/tmp}/vexj-dkms.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{debs,upper,layer,machine,tree}
(cd "$work/debs" && suite_apt "$suite" apt-get download dkms kmod libkmod2)

# A machine that has the toolchain and dkms; what it is made of stays as it is.
for package in "$work"/debs/*.deb; do
	dpkg -x "$package" "$work/upper"
done
# The toolchain has its /usr merged.
for folder in bin sbin lib; do
	if [ -d "$work/upper/$folder" ]; then
		mkdir -p "$work/upper/usr/$folder"
		cp -a "$work/upper/$folder/." "$work/upper/usr/$folder/"
		rm -r "${work:?}/upper/$folder"
	fi
done
mkdir -p "$work/upper/usr/lib/modules/$release" "$work/upper/var/lib/dkms" "$work/upper/vexj"
ln -s "/usr/src/linux-headers-$release" "$work/upper/usr/lib/modules/$release/build"
make -s -C "$top" dkms-install DESTDIR="$work/upper"
version=$(basename "$work"/upper/usr/src/vexj-*)

cat >"$work/tree/run" <<END
set -e
dkms add -m vexj -v ${version#vexj-}
dkms build -m vexj -v ${version#vexj-} -k $release || { cat /var/lib/dkms/vexj/*/build/make.log; exit 1; }
dkms install -m vexj -v ${version#vexj-} -k $release
dkms status
modinfo -F vermagic /lib/modules/$release/updates/dkms/vexj.ko*
dkms remove -m vexj -v ${version#vexj-} --all
END
export root release work
# shellcheck disable=SC2016 # the inner shell's
unshare --mount --propagation private sh -euc '
	mount -t tmpfs tmpfs "$work/layer"
	mkdir "$work/layer/upper" "$work/layer/work"
	cp -a "$work/upper/." "$work/layer/upper/"
	mount -t overlay overlay -o "lowerdir=$root,upperdir=$work/layer/upper,workdir=$work/layer/work" "$work/machine"
	mount -t proc proc "$work/machine/proc"
	mount --bind "$work/tree" "$work/machine/vexj"
	[ -e "$work/machine/dev/null" ] || mount --bind /dev "$work/machine/dev"
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C TMPDIR=/tmp chroot "$work/machine" bash /vexj/run' >"$work/log" 2>&1 ||
	{ cat "$work/log" >&2 && die "dkms does not take the module for $release" 1; }
grep -E '^vexj|SMP' "$work/log"
