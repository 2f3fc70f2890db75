#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs a command on another kernel: boots Debian's in QEMU, with a busybox and
# the given files, and returns what the command prints and its exit status.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
	cat <<'END'
usage: scripts/vm.sh [OPTION]... KERNEL COMMAND [ARGUMENT]...

KERNEL is 5.10, 6.1, 6.12, 7.x or debug, which is a 6.12 that looks for faults
of its own code and of modules, and is built at first use. COMMAND runs as root.
If it is the path of a file here, the file is taken along; it must be a script or
a static program. It finds /proc, /sys, tracefs, bpffs, cgroup2, a
tmpfs at /tmp, and an empty ext4 at /mnt/ext4.

  -f FILE[:PATH]    take FILE along, as PATH (default: /vexj/ and its name)
  -d FILESYSTEM     an empty xfs or btrfs too, at /mnt/xfs or /mnt/btrfs
  -r FOLDER         boot a copy of this root file system, with the systemd that is in
                    it, and run COMMAND there when it has started
  -m MODULE         have this kernel module at hand for modprobe
  -e NAME=VALUE     set a variable
  -p CPUS           have so many processors (default: 2)
  -a PARAMETER      give the kernel this parameter too
  -n                let each instruction take 16 ns, whatever the host does: then
                    what takes time is measured the same each time (with -p 1)
  -t SECONDS        give up after so long (default: 900)
  -c FILE           keep the kernel's messages
  -i                print what the kernel can do, and boot nothing

Exit status: the command's; 124 if it took too long; 125 if the machine did not
start, panicked, or ended without the command's status, or if the command was
content and the kernel was not; 2 for wrong usage.
The kernels are kept in ${XDG_CACHE_HOME:-~/.cache}/vexj-vm.
END
}

die() {
	printf 'vm: %s\n' "$1" >&2
	exit "${2:-125}"
}

# shellcheck source=scripts/vm/tools.sh
. "$here/vm/tools.sh"
# shellcheck source=scripts/vm/kernel.sh
. "$here/vm/kernel.sh"
# shellcheck source=scripts/vm/initramfs.sh
. "$here/vm/initramfs.sh"
# shellcheck source=scripts/vm/boot.sh
. "$here/vm/boot.sh"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/vexj-vm
disks=(ext4) modules=() files=() variables=() parameters=()
cpus=2 counting='' seconds=900 console='' info='' machine=

while getopts :f:d:r:m:e:p:a:nt:c:ih option; do
	case $option in
	f) files+=("$OPTARG") ;;
	d) add_disk "$OPTARG" ;;
	r) machine=$OPTARG ;;
	m) modules+=("$OPTARG") ;;
	e) variables+=("$OPTARG") ;;
	p) cpus=$OPTARG ;;
	a) parameters+=("$OPTARG") ;;
	n) counting=1 ;;
	t) seconds=$OPTARG ;;
	c) console=$OPTARG ;;
	i) info=1 ;;
	h) usage && exit 0 ;;
	*) usage >&2 && exit 2 ;;
	esac
done
shift $((OPTIND - 1))
if [ $# -lt 1 ] || { [ $# -lt 2 ] && [ -z "$info" ]; }; then
	usage >&2
	exit 2
fi
if [ -n "$machine" ]; then
	[ -x "$machine/lib/systemd/systemd" ] || die "there is no systemd in $machine" 2
	disks+=(root)
fi
suite=$(suite_of "$1")
shift

mkdir -p "$cache"
need_tools
kernel=$(fetch_kernel "$suite")
facts "$kernel"
[ -z "$info" ] || exit 0

run=$(mktemp -d "${TMPDIR:-/tmp}/vexj-vm.XXXXXX")
trap 'stop_machine; rm -rf "$run"' EXIT
trap 'exit 130' INT TERM

make_initramfs "$kernel" "$@"
make_disks
boot "$kernel"
