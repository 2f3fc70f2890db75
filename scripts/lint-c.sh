#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Compares C sources with what clang-format makes of them: indentation, braces,
# spaces. Two things are their author's, because clang-format knows no tables
# lined up with tabs and none with several columns: the amount of white space
# within a line, and where a statement is broken into lines.

set -eu

cd "$(dirname "$0")/.."
: "${CLANG_FORMAT:=clang-format-19}"

# normalise makes one line of a statement or macro, and one space of white space.
normalise() {
	awk '
	function flush() {
		if (line != "") {
			gsub(/\( /, "(", line)
			print line
		}
		line = ""
	}
	{
		indent = text = $0
		sub(/[^\t ].*/, "", indent)
		sub(/^[\t ]+/, "", text)
		gsub(/[\t ]+/, " ", text)
		sub(/ $/, "", text)
		macro = sub(/ ?\\$/, "", text)
		if (text == "{" && !macro)
			flush()
		line = line == "" ? indent text : line " " text
		code = text
		gsub(/ ?\/\*.*\*\//, "", code)
		ends = code ~ /[;{}]$|^(case .*|default|[a-z_]+):$|^#|^$/ || text ~ /^(\/\*|\*)/
		if (ends && !macro || macro < last)
			flush()
		last = macro
	}
	END { flush() }'
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

[ $# -gt 0 ] || set -- bpf/*.[ch] kmod/*.[ch] kmod/*/*.[ch] kmod/*/*/*.c bench/gen/*.c compat/testdata/*.c ring/testdata/*.c uapi/*.h

status=0
for file; do
	"$CLANG_FORMAT" "$file" | normalise >"$work/formatted"
	normalise <"$file" >"$work/written"
	diff -u --label "$file" --label "$file, formatted" "$work/written" "$work/formatted" || status=1
done
exit "$status"
