#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The module's tests on a kernel that looks for faults: the device's, loading and
# removing it under load, and a fuzzer; then what the kernel says of it.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(dirname "$here")

usage() {
	cat <<'END'
usage: scripts/torture.sh [-r ROUNDS] [-f DURATION] [KERNEL [ARGUMENT]...]

KERNEL is as for scripts/vm.sh (default: debug, which is built at first use).
Arguments are for the test program, such as -test.run Fuzz. Without any all of it is
run, the rounds in a machine of their own: on two processors it takes two hours.

  -r ROUNDS      load and remove the module so often (default: 200)
  -f DURATION    fuzz for so long (default: 10m)

Exit status: 0 if all tests pass, and the kernel has nothing to report: no
message, and no leak where it looks for leaks.
END
}

rounds=200 fuzz=10m
while getopts :r:f:h option; do
	case $option in
	r) rounds=$OPTARG ;;
	f) fuzz=$OPTARG ;;
	h) usage && exit 0 ;;
	*) usage >&2 && exit 2 ;;
	esac
done
shift $((OPTIND - 1))
kernel=${1:-debug}
[ $# -eq 0 ] || shift

cd "$top"
scripts/kmod-build.sh "$kernel"
CGO_ENABLED=0 "${GO:-go}" test -c -o build/kmod.test ./kmod/kmodtest

machine=(scripts/vm.sh -t 14400
	-f "build/kmod/$kernel/vexj.ko" -f "build/kmod/$kernel/vexj_selftest.ko" -f build/kmod.test
	-e VEXJ_MODULE=/vexj/vexj.ko -e VEXJ_SELFTEST=/vexj/vexj_selftest.ko
	-e VEXJ_ROUNDS="$rounds" -e VEXJ_FUZZ="$fuzz")
messages=build/kmod/$kernel/console
program=("$kernel" scripts/vm/torture)
[ $# -eq 0 ] || exec "${machine[@]}" -c "$messages" "${program[@]}" "$@"
status=0
"${machine[@]}" -c "$messages" "${program[@]}" -test.skip '^TestReloadUnderLoad$' || status=$?
# One processor, as each probe that is armed waits for all others, and QEMU has one
# thread for all; and a third of the time would be that of a fine clock.
"${machine[@]}" -c "$messages.rounds" -p 1 -a highres=off -a nohz=off "${program[@]}" -test.run '^TestReloadUnderLoad$' || status=$?
exit "$status"
