#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the packages of build/packages in a fresh Debian 12, uses them and removes
# them: in a folder, or with a kernel, DKMS and systemd in a virtual machine.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(dirname "$here")

usage() {
	cat <<'END'
usage: scripts/packages-test.sh folder | vm

folder  installs vexj, records, reads, completes, removes (as root, a minute)
vm      has DKMS build the module, boots Debian's kernel 6.1 and its systemd in QEMU,
        and starts, uses and stops the units (as root, some minutes)
END
}

die() {
	printf 'packages-test: %s\n' "$1" >&2
	exit "${2:-1}"
}

case ${1-} in
folder | vm) ;;
*) usage >&2 && exit 2 ;;
esac
[ "$(id -u)" = 0 ] || die 'only root can make the folder and change to it' 2
debs=("$top"/build/packages/*.deb)
[ ${#debs[@]} = 2 ] || die 'there are no packages: make packages' 2

work=$(mktemp -d "${TMPDIR:-/tmp}/vexj-packages.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root

# make_root makes a Debian with these packages. They come from the archive that apt
# has them from here.
make_root() {
	local include
	include=$(IFS=, && echo "$*")
	mmdebstrap --quiet --variant=minbase --include="$include" \
		--aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
		bookworm "$root" >"$work/log" 2>&1 || { cat "$work/log" >&2 && die 'there is no fresh Debian to be had'; }
	mkdir "$root/vexj"
	cp "$top"/build/packages/*.deb "$here"/packages/* "$root/vexj/"
}

# inside runs a script of scripts/packages with the folder as the root of its mounts,
# so that paths are what a recorder takes them for. The mounts go with it.
inside() {
	# shellcheck disable=SC2016 # the inner shell's
	unshare --mount --propagation private sh -euc '
		mount --bind "$1" "$1"
		cd "$1"
		mount -t proc proc proc
		mount --rbind /sys sys
		mount --bind /dev dev
		mkdir -p old
		pivot_root . old
		umount -l old
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=/root DEBIAN_FRONTEND=noninteractive sh -eu "$2"' \
		sh "$root" "/vexj/$1" >"$work/log" 2>&1 || { cat "$work/log" >&2 && die "$1 fails in a fresh Debian"; }
	grep '^== ' "$work/log" || true
}

# same_files: both kinds of package bring the same.
same_files() {
	local package deb rpm
	for package in vexj vexj-dkms; do
		deb=$(dpkg -c "$top/build/packages/${package}"_*.deb | awk '$1 !~ /^d/ { print substr($6, 2) }')
		rpm=$(rpm -qpl "$top/build/packages/${package}"-[0-9]*.rpm)
		diff <(sort <<<"${deb/vendor-completions\/_/site-functions\/_}") \
			<(while read -r file; do grep -q "^$file/" <<<"$rpm" || echo "$file"; done <<<"$rpm" | sort) ||
			die "$package.deb (<) and .rpm (>) bring other files"
		if rpm -qp --scripts "$top/build/packages/${package}"-[0-9]*.rpm | grep -E 'modprobe|insmod|systemctl (enable|start)'; then
			die "the scripts of $package.rpm do what only the user may"
		fi
	done
	echo '== the .rpm brings what the .deb does'
}

# rpm_works: its scripts run, it brings what works, and takes it away.
rpm_works() {
	local rpms=("$top"/build/packages/vexj-[0-9]*.rpm)
	if ! { rpm --root "$root" --nodeps -i "${rpms[0]}" && chroot "$root" /usr/bin/vexjctl --version &&
		rpm --root "$root" -e vexj; } >"$work/log" 2>&1; then
		cat "$work/log" >&2
		die 'the .rpm cannot be installed and removed'
	fi
	if ! grep -q 'is kept' "$work/log" || [ -e "$root/usr/bin/vexjctl" ]; then
		die 'the .rpm takes the journal away, or leaves its programs'
	fi
	echo '== the .rpm is installed and removed'
}

case $1 in
folder)
	make_root systemd man-db bash-completion zsh fish
	inside install
	same_files
	rpm_works
	;;
vm)
	# shellcheck source=scripts/vm/tools.sh
	. "$here/vm/tools.sh"
	# shellcheck source=scripts/vm/kernel.sh
	. "$here/vm/kernel.sh"
	cache=${XDG_CACHE_HOME:-$HOME/.cache}/vexj-vm
	release=$(cat "$(fetch_kernel bookworm)/release")
	make_root systemd systemd-sysv kmod dkms gcc make "linux-headers-$release"
	inside dkms
	rm -rf "$root"/usr/src/linux-headers-* "$root"/usr/lib/gcc "$root"/vexj/*.deb
	"$here/vm.sh" -t 1800 -r "$root" 6.1 /bin/sh /vexj/units
	;;
esac
