# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Debian's kernels, unpacked and not installed. Sourced by vm.sh and what else is
# about a kernel, with the folder of scripts in $here.

# shellcheck source=scripts/vm/toolchain.sh
. "$here/vm/toolchain.sh"
# shellcheck source=scripts/vm/debug.sh
. "$here/vm/debug.sh"

suite_of() {
	case $1 in
	5.10) echo bullseye ;;
	6.1) echo bookworm ;;
	6.12) echo trixie ;;
	7.x) echo sid ;;
	debug) echo debug ;;
	*) die "no kernel \"$1\": say 5.10, 6.1, 6.12, 7.x or debug" 2 ;;
	esac
}

# mirror prints where this machine's apt has Debian's main archive from.
mirror() {
	# shellcheck disable=SC2016 # apt's variables
	apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
		sed -n 's/^Debian|Debian|//p' | head -n 1
}

# suite_apt runs an apt tool on the lists of suite $1 alone.
suite_apt() {
	local dir=$cache/$1 tool=$2
	shift 2
	"$tool" -qq \
		-o Dir::State::Lists="$dir/lists" -o Dir::Cache="$dir/cache" \
		-o Dir::State::Status=/dev/null \
		-o Dir::Etc::SourceList="$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
		-o APT::Architecture=amd64 -o APT::Architectures=amd64 \
		-o APT::Sandbox::User=root -o Acquire::Languages=none "$@"
}

# fetch_kernel prints a folder with vmlinuz, modules/ and, where Debian ships
# it, config. It is made once: to have a newer kernel, remove the cache.
fetch_kernel() {
	local suite=$1 dir=$cache/$1
	(
		mkdir -p "$dir"
		flock 9
		[ -e "$dir/kernel/complete" ] || {
			case $suite in
			debug) build_debug_kernel "$dir" >&2 ;;
			*) unpack_kernel "$suite" "$dir" >&2 ;;
			esac
		}
	) 9>"$cache/$suite.lock" || die "cannot fetch the kernel of $suite"
	echo "$dir/kernel"
}

unpack_kernel() {
	local suite=$1 dir=$2 uri package
	uri=$(mirror)
	[ -n "$uri" ] || die "apt on this machine has no Debian archive to take kernels from"
	printf 'vm: fetching the kernel of %s\n' "$suite"
	mkdir -p "$dir"/lists/partial "$dir"/cache/archives/partial "$dir"/debs
	printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$uri" "$suite" >"$dir/sources.list"
	suite_apt "$suite" apt-get update

	rm -rf "$dir/root" "$dir/kernel"
	mkdir -p "$dir/root" "$dir/kernel"
	# The metapackage leads to the image, and from 7.x on that to the parts.
	local queue=(linux-image-amd64) seen=' '
	while [ ${#queue[@]} -gt 0 ]; do
		package=${queue[0]}
		queue=("${queue[@]:1}")
		case $seen in *" $package "*) continue ;; esac
		seen+="$package "
		(cd "$dir/debs" && suite_apt "$suite" apt-get download "$package")
		dpkg -x "$(newest "$dir/debs/$package"_*.deb)" "$dir/root"
		while read -r package; do
			queue+=("$package")
		done < <(suite_apt "$suite" apt-cache depends --no-recommends --no-suggests --no-conflicts \
			--no-breaks --no-replaces --no-enhances "$package" |
			sed -nE 's/^ *\|?Depends: (linux-(image|modules|binary|base)-[0-9][^ ]*amd64)$/\1/p')
	done
	collect_kernel "$dir/root" "$dir/kernel"
	rm -rf "$dir/root" "$dir/debs" "$dir/cache"
	touch "$dir/kernel/complete"
}

newest() {
	# shellcheck disable=SC2012 # Debian's file names
	ls -t "$@" | head -n 1
}

# collect_kernel takes the parts that matter out of unpacked packages, wherever
# the suite has put them.
collect_kernel() {
	local from=$1 to=$2 image config folder folders
	image=$(find "$from" -type f -name 'vmlinuz*' | head -n 1)
	config=$(find "$from" -type f \( -name 'config-[0-9]*' -o -path '*/lib/modules/*/config' \) | head -n 1)
	mapfile -t folders < <(find "$from" -type d -path '*/lib/modules/*' -name '[0-9]*' -prune)
	if [ -z "$image" ] || [ ${#folders[@]} -eq 0 ]; then
		die "the packages of the kernel hold no image or no modules"
	fi
	mv "$image" "$to/vmlinuz"
	[ -z "$config" ] || mv "$config" "$to/config"
	basename "${folders[0]}" >"$to/release"
	mkdir "$to/modules"
	for folder in "${folders[@]}"; do # /lib and /usr/lib
		cp -a "$folder/." "$to/modules/"
	done
}

# facts tells what the kernel in folder $1 was built with.
facts() {
	local out release
	release=$(cat "$1/release")
	if [ ! -e "$1/config" ]; then
		printf 'vm: %s (it ships no configuration)\n' "$release" >&2
		return
	fi
	out=$(
		fact BTF "$1" DEBUG_INFO_BTF
		fact fentry "$1" BPF_JIT DYNAMIC_FTRACE_WITH_DIRECT_CALLS
		fact kprobes "$1" KPROBES KPROBE_EVENTS
		fact 'BPF LSM' "$1" BPF_LSM
		fact io_uring "$1" IO_URING
	)
	printf 'vm: %s: %s\n' "$release" "$(sed ':a;N;$!ba;s/\n/, /g' <<<"$out")" >&2
}

# fact prints whether all options after $1, a name, and $2, a kernel, are set.
fact() {
	local name=$1 config=$2/config option
	shift 2
	for option; do
		grep -q "^CONFIG_$option=[ym]" "$config" || { echo "$name no" && return; }
	done
	echo "$name yes"
}
