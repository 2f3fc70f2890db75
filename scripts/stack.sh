#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Holds the kernel module to its promise about the stack: no chain of calls of
# its own functions takes more than 6144 bytes.

set -eu

usage() {
	cat <<'END'
usage: scripts/stack.sh [-l BYTES] FOLDER...

A folder is one of scripts/kmod-build.sh's, with what the compiler tells of each
object's functions and calls (*.ci, of -fcallgraph-info=su). Prints the longest
chain for each, and the functions in it. A call by pointer counts as one of
whichever function takes most of those that nobody calls by name. What the kernel's
functions take that ours call is not ours to know.

Exit status: 1 if a chain is longer than BYTES (default: 6144), or has no end:
recursion, or a frame whose size is found out when it runs. 2 for wrong usage.
END
}

limit=6144
while getopts l:h option; do
	case $option in
	l) limit=$OPTARG ;;
	h) usage && exit 0 ;;
	*) usage >&2 && exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || { usage >&2 && exit 2; }

status=0
for folder; do
	# shellcheck disable=SC2012 # our own names
	if ! ls "$folder"/*.ci >/dev/null 2>&1; then
		echo "stack: $folder has no .ci: build with scripts/kmod-build.sh" >&2
		exit 2
	fi
	awk -v limit="$limit" -v folder="$folder" '
	function field(name) {
		if (!match($0, name ": \"[^\"]*\""))
			return ""
		return substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4)
	}
	/^node:/ {
		title = field("title")
		n = split(field("label"), label, /\\n/)
		for (i = 3; i <= n; i++) {
			if (label[i] ~ / bytes \(/) {
				frame[title] = label[i] + 0
				if (label[i] ~ /\(dynamic\)/)
					endless = endless "\n  " title ": its frame has no bound"
			}
		}
	}
	/^edge:/ {
		from = field("sourcename")
		to = field("targetname")
		if (!((from, to) in edge)) {
			edge[from, to] = 1
			calls[from] = calls[from] SUBSEP to
			called[to] = 1
		}
	}
	# depth is the longest chain from f on. State: 1 under way, 2 known.
	function depth(f,    list, n, i, d, best) {
		if (state[f] == 2)
			return most[f]
		if (state[f] == 1) {
			endless = endless "\n  " f ": it calls itself"
			return 0
		}
		state[f] = 1
		n = split(substr(calls[f], 2), list, SUBSEP)
		best = 0
		for (i = 1; i <= n; i++) {
			d = list[i] == "__indirect_call" ? pointed : depth(list[i])
			if (d > best) {
				best = d
				then[f] = list[i]
			}
		}
		state[f] = 2
		return most[f] = best + frame[f]
	}
	function by_pointer(f,    list, n, i) {
		if (seen[f]++)
			return reaches[f]
		n = split(substr(calls[f], 2), list, SUBSEP)
		for (i = 1; i <= n; i++)
			if (list[i] == "__indirect_call" || by_pointer(list[i]))
				reaches[f] = 1
		return reaches[f]
	}
	END {
		pointed = 0
		for (f in frame)
			if (!(f in called) && !by_pointer(f) && depth(f) > best) {
				best = depth(f)
				handler = f
			}
		pointed = best
		split("", state)
		longest = 0
		for (f in frame)
			if (depth(f) > longest) {
				longest = depth(f)
				top = f
			}
		printf "%s: at most %d bytes of %d, in", folder, longest, limit
		for (f = top; f != ""; f = f == "__indirect_call" ? handler : then[f]) {
			name = f
			sub(/.*:/, "", name)
			if (f in frame)
				printf " %s (%d)", name, frame[f]
		}
		printf "\n"
		if (endless != "")
			printf "stack: %s: no bound on:%s\n", folder, endless > "/dev/stderr"
		exit longest > limit || endless != ""
	}' "$folder"/*.ci || status=1
done
exit "$status"
