#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# three.sh SCRIPT ROOT LOG [ARGUMENT]...: runs SCRIPT as three agents at once, a1 to a3
# in sessions s1 to s3, by `vexjctl run`, and waits for what outlives them.
set -eu
script=$1 root=$2 log=$3
shift 3
here=$(dirname "$0")
mkdir -p "$root"
: >"$log"
for n in 1 2 3; do
	vexjctl run --agent a$n --session s$n --intent "the work of a$n" --touch "$root/a$n/**" -- \
		sh "$here/$script" a$n "$root" "$log" "$@" &
done
wait
: >"$root/go"
if [ "$script" = agent.sh ]; then
	for n in 1 2 3; do
		until test -e "$root/a$n.done"; do sleep 0.2; done
	done
fi
