# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The machine. Sourced by vm.sh.

# The process ids of the machine's timeout, which takes the machine along, and
# of what passes its output on.
running=()

stop_machine() {
	[ ${#running[@]} -eq 0 ] || kill "${running[@]}" 2>/dev/null || true
	running=()
}

add_disk() {
	case $1 in
	ext4) ;;
	xfs | btrfs) disks+=("$1") ;;
	*) die "no disk \"$1\": say ext4, xfs or btrfs" 2 ;;
	esac
}

# make_disks makes an empty file system for each disk.
make_disks() {
	local disk image
	for disk in "${disks[@]}"; do
		image=$run/$disk.img
		truncate -s 1G "$image"
		case $disk in
		root) PATH=$PATH:/usr/sbin:/sbin mkfs.ext4 -q -F -d "$machine" "$image" ;;
		ext4) PATH=$PATH:/usr/sbin:/sbin mkfs.ext4 -q -F "$image" ;;
		*) PATH=$PATH:/usr/sbin:/sbin "mkfs.$disk" -q -f "$image" >/dev/null ;;
		esac || die "cannot make a $disk"
	done
}

# clock prints how fast the machine's time stamp counter runs, which is the host's. The
# kernel would measure it against timers that a busy host does not serve in time, and
# then minutes pass in seconds.
clock() {
	if [ -n "$counting" ]; then
		echo tsc_early_khz=1000000 # of QEMU's own clock
		return
	fi
	# Where frequencies change, /proc/cpuinfo has those of the moment.
	if [ -d /sys/devices/system/cpu/cpu0/cpufreq ] || ! grep -qw constant_tsc /proc/cpuinfo; then
		return
	fi
	sed -nE 's/^cpu MHz.*: ([0-9]+)\.([0-9]{3})$/tsc_early_khz=\1\2/p' /proc/cpuinfo | head -n 1
}

# One thread for both processors: with one each QEMU now and then keeps running what
# it made of an instruction that another processor has since changed, which is what
# arming a probe does. It was seen to spin for ever on a breakpoint that was gone.
accel=tcg,thread=single

# boot runs the machine to its end and exits as the command did.
boot() {
	local kernel=$1 disk status arguments=()
	for disk in "${disks[@]}"; do
		arguments+=(-drive "file=$run/$disk.img,if=none,id=$disk,format=raw,cache=unsafe"
			-device "virtio-blk-pci,drive=$disk,serial=$disk")
	done
	[ -z "$counting" ] || arguments+=(-icount shift=4,sleep=off)
	local port
	for port in out err status; do
		arguments+=(-chardev "file,id=$port,path=$run/$port" -device "virtserialport,chardev=$port,name=vexj.$port")
	done
	mkfifo "$run/out" "$run/err"
	cat "$run/out" &
	running+=($!)
	cat "$run/err" >&2 &
	running+=($!)

	timeout -k 10 "$seconds" qemu-system-x86_64 \
		-accel "$accel" -cpu max -smp "$cpus" -m 2G -nodefaults -nographic -no-reboot \
		-kernel "$kernel/vmlinuz" -initrd "$run/initrd" \
		-append 'console=ttyS0 loglevel=5 panic=-1 oops=panic mitigations=off random.trust_cpu=on tsc=reliable no_timer_check '"$(clock) ${parameters[*]}" \
		-chardev "file,id=console,path=$run/console" -serial chardev:console \
		-device virtio-serial-pci "${arguments[@]}" \
		</dev/null >"$run/qemu" 2>&1 &
	running+=($!)
	status=0
	wait "${running[2]}" || status=$?
	# QEMU may have died before it opened them.
	: <>"$run/out" <>"$run/err"
	wait "${running[0]}" "${running[1]}" || true
	running=()
	[ -z "$console" ] || cp "$run/console" "$console"
	verdict "$status"
}

# verdict exits with the command's status, or with what became of the machine.
verdict() {
	local status
	case $1 in
	124 | 137) explain "it took more than $seconds seconds" 124 ;;
	0) ;;
	*) explain "QEMU failed: $(tail -n 3 "$run/qemu")" 125 ;;
	esac
	if grep -aq 'Kernel panic' "$run/console"; then
		explain 'the kernel panicked' 125
	fi
	status=$(cat "$run/status" 2>/dev/null || true)
	case $status in
	'' | *[!0-9]*) explain 'the machine ended without the status of the command' 125 ;;
	esac
	if grep -aqE 'WARNING: CPU|BUG:|possible recursive locking' "$run/console"; then
		printf 'vm: the kernel complained:\n' >&2
		grep -aE -A 20 'WARNING: CPU|BUG:|possible recursive locking' "$run/console" | head -n 60 >&2
		[ "$status" != 0 ] || status=125
	fi
	exit "$status"
}

explain() {
	printf 'vm: %s; the last messages of the kernel:\n' "$1" >&2
	tail -n 40 "$run/console" 2>/dev/null | LC_ALL=C tr -cd '\t\n -~' >&2 || true
	exit "$2"
}
