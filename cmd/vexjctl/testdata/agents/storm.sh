#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# storm.sh NAME ROOT LOG [N]: a fork storm. N short processes, 1,000 by default, below
# ROOT/NAME, a part of them forked by processes that do not wait for them, each of which
# leaves a file and adds to one of all; in LOG as agent.sh has it.
set -eu
name=$1 root=$2 log=$3 n=${4:-1000}
dir=$root/$name
mkdir -p "$dir"
cd "$dir"
echo "$name $$" >>"$log"
i=0
while [ "$i" -lt "$n" ]; do
	sh -c 'echo "$1 $$" >>"$2"; : >"s$0"; echo "$0" >>all' "$i" "$name" "$log" &
	(sh -c 'echo "$1 $$" >>"$2"; echo "$0" >>all; echo "$0" >"part$0"; mv "part$0" "o$0"' "$i" "$name" "$log" &)
	echo "$name file $dir/s$i" >>"$log"
	echo "$name file $dir/o$i" >>"$log"
	i=$((i + 2))
	[ $((i % 40)) -ne 0 ] || wait
done
wait
# Nobody waits for those but here.
until [ "$(find . -name 'o*' | wc -l)" -ge $((n / 2)) ]; do sleep 0.1; done
echo "$name file $dir/all" >>"$log"
