# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the host must have. Sourced by vm.sh.

# need installs what is missing of the list "TOOL PACKAGE" in its input, as root
# on Debian.
need() {
	local packages=()
	local tool package
	while read -r tool package; do
		[ -n "$tool" ] || continue
		case $tool in
		'') ;; # what is there already
		/*) [ -e "$tool" ] || packages+=("$package") ;;
		*) [ -n "$(PATH=$PATH:/usr/sbin:/sbin command -v "$tool" || true)" ] || packages+=("$package") ;;
		esac
	done
	[ ${#packages[@]} -gt 0 ] || return 0
	[ "$(id -u)" = 0 ] || die "please install: ${packages[*]}"
	printf 'vm: installing %s\n' "${packages[*]}" >&2
	apt_install "${packages[@]}" 2>/dev/null || { apt-get update -qq >&2 && apt_install "${packages[@]}"; } ||
		die "cannot install ${packages[*]}"
}

apt_install() { DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null; }

# need_tools is for booting a machine.
need_tools() {
	need <<-END
		qemu-system-x86_64 qemu-system-x86
		cpio cpio
		xz xz-utils
		flock util-linux
		$(for disk in "${disks[@]}"; do mkfs_package "$disk"; done)
		$(static_busybox >/dev/null || echo /nowhere busybox-static)
	END
}

# need_build_tools is for building a kernel's modules.
need_build_tools() {
	need <<-END
		mmdebstrap mmdebstrap
		/usr/share/keyrings/debian-archive-keyring.gpg debian-archive-keyring
		unshare util-linux
		xz xz-utils
	END
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
