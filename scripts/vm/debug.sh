# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The kernel that looks for faults: KASAN, lockdep, kmemleak and what goes with
# them, built once from Debian's source of 6.12. Sourced by vm.sh and
# kmod-build.sh, to which it is one more suite.

debug_of=trixie
debug_source=linux-source-6.12

# build_debug_kernel makes the folder $1/kernel, and the toolchain of modules for
# it. It takes ten minutes of two processors at best.
build_debug_kernel() {
	local dir=$1 root=$1/toolchain log=$1/build.log release
	need_build_tools
	fetch_kernel "$debug_of" >/dev/null
	extract_packages "$debug_of" "$root" "$debug_source" gcc make sparse bc bison flex gzip kmod libelf-dev libssl-dev xz-utils ||
		die 'cannot fetch what the debug kernel is built with'

	printf 'vm: building the debug kernel; its log is %s\n' "$log"
	rm -rf "$dir/build" "$dir/kernel"
	mkdir -p "$dir/build" "$dir/kernel"
	tar -xJf "$root/usr/src/$debug_source.tar.xz" -C "$root/usr/src"
	cp "$here/vm/debug.config" "$dir/build/"
	# shellcheck disable=SC2016 # the inner shell's
	in_toolchain "$root" "$dir/build" sh -euc '
		cd "/usr/src/$1"
		export KBUILD_BUILD_HOST=vexj KBUILD_BUILD_USER=vexj
		make -s x86_64_defconfig
		scripts/kconfig/merge_config.sh -m .config /vexj/debug.config >/dev/null
		make -s olddefconfig
		make -s -j"$2" bzImage modules
		make -s modules_install INSTALL_MOD_PATH=/vexj
		cp arch/x86/boot/bzImage /vexj/vmlinuz
		make -s kernelrelease >/vexj/release
	' sh "$debug_source" "$(nproc)" >"$log" 2>&1 || { tail -n 5 "$log" && die 'the debug kernel does not build'; }

	release=$(cat "$dir/build/release")
	untaken "$here/vm/debug.config" "$root/usr/src/$debug_source/.config"
	mv "$dir/build/vmlinuz" "$dir/build/release" "$dir/kernel/"
	cp "$root/usr/src/$debug_source/.config" "$dir/kernel/config"
	mv "$dir/build/lib/modules/$release" "$dir/kernel/modules"
	rm -rf "$dir/build" "$root/usr/src/$debug_source.tar.xz"
	ln -s "$debug_source" "$root/usr/src/linux-headers-$release"
	echo "$release" >"$root/complete"
	touch "$dir/kernel/complete"
}

# untaken dies if an option of file $1 is not so in configuration $2: the build
# drops without a word what depends on something else.
untaken() {
	local line name missing=()
	while read -r line; do
		case $line in
		'# CONFIG_'*' is not set')
			name=${line#'# '}
			name=${name%% *}
			! grep -q "^$name=" "$2" || missing+=("$line")
			;;
		CONFIG_*) grep -qxF "$line" "$2" || missing+=("$line") ;;
		esac
	done <"$1"
	[ ${#missing[@]} -eq 0 ] || die "the debug kernel was not configured as it should be: ${missing[*]}"
}
