#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Records what a real workload does to real files on this kernel, and reads the
# journal of it. All of it happens in a folder that is removed at the end.

set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
: "${GO:=$(command -v go || echo /usr/local/go/bin/go)}"
export GO

title() { printf '\n\033[1m%s\033[0m\n' "$1"; }
[ -t 1 ] || title() { printf '\n== %s\n' "$1"; }

# cannot says why there is no demo and what there is without, and ends.
cannot() {
	cat >&2 <<END

demo: $1
Nothing was recorded. What works all the same: make build; and with it, on a
journal from another machine, vexjctl log, show, stat and verify --journal DIR.
vexjctl doctor says what this machine lacks for recording.
END
	exit 1
}

scripts/deps.sh demo || cannot 'the packages named above are missing'
title 'Building'
"${MAKE:-make}" --no-print-directory build
vexjctl=$PWD/bin/vexjctl

if [ "$(id -u)" != 0 ]; then
	cannot 'capturing needs root (CAP_BPF and CAP_PERFMON): sudo make demo'
fi
title 'What can be captured here (vexjctl doctor)'
"$vexjctl" doctor --color never || cannot 'no way of capturing works on this kernel (see above)'

demo=$(mktemp -d "${TMPDIR:-/tmp}/vexj-demo.XXXXXX")
trap 'rm -rf "$demo"' EXIT
trap 'exit 130' INT TERM
journal=$demo/journal
mkdir "$demo/work"

# Git asks whose a checkout is, and who commits: here nobody else's business.
printf '[safe]\n\tdirectory = *\n[user]\n\tname = demo\n\temail = demo@localhost\n' >"$demo/gitconfig"
export GIT_CONFIG_GLOBAL=$demo/gitconfig GIT_CONFIG_NOSYSTEM=1

# A tree that came without its history gets one, of the one commit.
source=$PWD
if ! git rev-parse -q --verify HEAD >/dev/null 2>&1; then
	source=$demo/source
	mkdir "$source"
	tar -c --exclude=./bin --exclude=./.git . | tar -x -C "$source"
	git -C "$source" init -q
	git -C "$source" add -A
	git -C "$source" commit -qm 'The tree as it is'
fi

cat >"$demo/workload" <<END
set -e
cd '$demo/work'
git clone -q '$source' clone
cd clone
$GO build -trimpath -buildvcs=false -o ../vexjctl ./cmd/vexjctl
mv README.md ABOUT.md
echo 'a line more' >>ABOUT.md
chmod 600 ABOUT.md
cat no-such-file || true
cd ..
rm -rf clone
END

title 'The workload (vexjctl run -- sh workload)'
sed "s,'$demo/work',WORK,; s,'$source',CHECKOUT,; s,^$GO,go,; 1d" "$demo/workload"
echo
"$vexjctl" run --failed --journal "$journal" -- sh "$demo/workload"

log() { "$vexjctl" log --color never --no-pager --journal "$journal" "$@"; }

# some prints the first lines, and how many there are.
some() {
	awk -v n="$1" 'NR <= n { print } END { if (NR > n) printf "    ... and %d more\n", NR - n }'
}

# section prints a title with the command, and some of what the command prints.
section() {
	local what=$1 lines=$2
	shift 2
	local words=("${@//$demo\/work/WORK}")
	title "$what (vexjctl log ${words[*]})"
	log "$@" | some "$lines"
}

work=$demo/work
section 'git clone' 5 --type create --path "$work/clone/uapi/**"
section 'go build' 5 --type modify --path "$work/vexjctl"
section 'mv, echo, chmod' 5 --path "$work/clone/ABOUT.md"
section 'cat' 5 --failed --path "$work/clone/no-such-file"
section 'rm -rf, the last of it' 5 --reverse --type delete,rmdir --path "$work/clone/"
title 'In all (vexjctl stat)'
"$vexjctl" stat --color never --journal "$journal" | sed '/^  records  process/,$d'
title 'Is it whole? (vexjctl verify)'
"$vexjctl" verify --color never --journal "$journal"
