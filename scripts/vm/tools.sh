# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the host must have. Sourced by vm.sh.

# need_tools installs what is missing, as root on Debian.
need_tools() {
	local packages=()
	local tool package
	while read -r tool package; do
		[ -n "$(PATH=$PATH:/usr/sbin:/sbin command -v "$tool" || true)" ] || packages+=("$package")
	done <<-END
		qemu-system-x86_64 qemu-system-x86
		cpio cpio
		xz xz-utils
		flock util-linux
		$(for disk in "${disks[@]}"; do mkfs_package "$disk"; done)
	END
	[ -n "$(static_busybox || true)" ] || packages+=(busybox-static)
	[ ${#packages[@]} -gt 0 ] || return 0
	[ "$(id -u)" = 0 ] || die "please install: ${packages[*]}"
	printf 'vm: installing %s\n' "${packages[*]}" >&2
	DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${packages[@]}" >&2 ||
		die "cannot install ${packages[*]}; try apt-get update first"
}

mkfs_package() {
	case $1 in
	ext4) echo mkfs.ext4 e2fsprogs ;;
	xfs) echo mkfs.xfs xfsprogs ;;
	btrfs) echo mkfs.btrfs btrfs-progs ;;
	esac
}

# static_busybox prints the path of a busybox that needs no library.
static_busybox() {
	local path
	for path in /bin/busybox /usr/bin/busybox; do
		if [ -x "$path" ] && ! LC_ALL=C ldd "$path" 2>&1 | grep -q '=>'; then
			echo "$path"
			return
		fi
	done
	return 1
}
