# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The machine's files: one archive for a kernel and set of modules, which is
# kept, and one for the run. Sourced by vm.sh.

# What every machine has. Modules that these need come along, but for the
# checksums, which the file systems ask for by what they do.
always=(virtio_pci virtio_blk virtio_console ext4 overlay fuse loop
	crc32c_generic crc32c_intel xxhash_generic sha256_generic blake2b_generic)

make_initramfs() {
	local kernel=$1
	shift
	base_archive "$kernel"
	run_archive "$@"
	cat "$base" "$run/run.cpio" >"$run/initrd"
}

pack() { (cd "$1" && find . -mindepth 1 | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0); }

# base_archive sets base to an archive of busybox, init and modules.
base_archive() {
	local kernel=$1 wanted tree
	wanted=$(printf '%s\n' "${always[@]}" "${disks[@]}" "${modules[@]}" | LC_ALL=C sort -u)
	base=$kernel/base-$(cat "$here"/vm/init "$here"/vm/initramfs.sh <(echo "$wanted") | sha256sum | cut -c 1-16).cpio
	(
		flock 9
		[ ! -e "$base" ] || exit 0
		tree=$run/base
		mkdir -p "$tree"/{bin,dev,etc,lib,mnt,proc,run,sbin,sys,tmp,vexj}
		cp "$(static_busybox)" "$tree/bin/busybox"
		cp "$here/vm/init" "$tree/init"
		chmod 755 "$tree/init"
		echo 'root:x:0:0:root:/:/bin/sh' >"$tree/etc/passwd"
		echo 'root:x:0:' >"$tree/etc/group"
		copy_modules "$kernel" "$tree" "$wanted"
		pack "$tree" >"$base.new"
		mv "$base.new" "$base"
		rm -rf "$tree"
	) 9>"$cache/base.lock" || die 'cannot make the initial file system'
}

# copy_modules puts the modules of list $3, and all that they need, in tree $2.
# They are unpacked here: the machine is slow, and its modprobe simple.
copy_modules() {
	local kernel=$1 to=$2/lib/modules/ index=$run/modules name path
	to+=$(cat "$kernel/release")
	mkdir -p "$to"
	cp "$kernel"/modules/modules.builtin "$kernel"/modules/modules.order "$to/"
	(cd "$kernel/modules" && find . -name '*.ko*' -type f) |
		sed -E 's,^(.*/([^/]+)\.ko(\.[a-z]+)?)$,\2 \1,' | tr - _ | LC_ALL=C sort >"$index.names"
	(cd "$kernel/modules" && find . -name '*.ko*' -type f) >"$index.paths"

	local queue=() seen=' ' dependency
	mapfile -t queue <<<"$3"
	while [ ${#queue[@]} -gt 0 ]; do
		name=${queue[0]//-/_}
		queue=("${queue[@]:1}")
		case $seen in *" $name "*) continue ;; esac
		seen+="$name "
		path=$(module_path "$name" <"$index.paths")
		[ -n "$path" ] || continue # built in, or called otherwise here
		mkdir -p "$to/$(dirname "$path")"
		unpack "$kernel/modules/$path" >"$to/${path%.ko*}.ko"
		while read -r dependency; do
			queue+=("$dependency")
		done < <(dependencies "$to/${path%.ko*}.ko")
	done
	"$(static_busybox)" depmod -b "$2" "$(cat "$kernel/release")"
}

# module_path prints the path that ends in module $1, whose dashes and
# underscores mean the same.
module_path() {
	local pattern=${1//_/[-_]}
	grep -E "/$pattern\.ko(\.[a-z]+)?\$" | head -n 1
}

unpack() {
	case $1 in
	*.xz) xz -dc "$1" ;;
	*.zst) zstd -qdc "$1" ;;
	*) cat "$1" ;;
	esac
}

# dependencies prints what a module names in its .modinfo: hard and soft ones.
dependencies() {
	tr '\0' '\n' <"$1" | LC_ALL=C sed -nE 's/^depends=(.+)$/\1/p; s/^softdep=(pre|post): *(.+)$/\2/p' |
		tr -s ', ' '\n' | grep -v '^$' || true
}

# quote prints its arguments for a POSIX shell.
quote() {
	local word
	for word; do
		printf "'%s' " "${word//\'/\'\\\'\'}"
	done
}

# run_archive makes the archive of the command and its files.
run_archive() {
	local tree=$run/tree entry from to
	mkdir -p "$tree/vexj"
	local command=$1
	shift
	if [ -f "$command" ] && [[ $command == */* ]]; then
		files+=("$command")
		command=/vexj/$(basename "$command")
	fi
	for entry in "${files[@]}"; do
		from=${entry%%:*}
		to=/vexj/$(basename "$from")
		[ "$from" = "$entry" ] || to=${entry#*:}
		[ -e "$from" ] || die "there is no file $from" 2
		mkdir -p "$tree$(dirname "$to")"
		cp -rL --preserve=mode "$from" "$tree$to"
	done
	{
		for entry in "${variables[@]}"; do
			printf 'export %s\n' "$(quote "$entry")"
		done
		printf 'exec %s\n' "$(quote "$command" "$@")"
	} >"$tree/vexj/command"
	pack "$tree" >"$run/run.cpio"
}
