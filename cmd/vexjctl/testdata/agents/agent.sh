#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# agent.sh NAME ROOT LOG: what an agent does. It works below ROOT/NAME alone, but for a
# line in ROOT/common, and says in LOG who it is: "NAME PID" for each process of its
# own, "NAME file PATH" for each file that it leaves. A daemon of its outlives it until
# ROOT/go is there, and then leaves ROOT/NAME/daemon.
set -eu
name=$1 root=$2 log=$3
dir=$root/$name
me() { echo "$name $1" >>"$log"; }
leaves() { echo "$name file $1" >>"$log"; }

me $$
mkdir -p "$dir/src/deep"
cd "$dir"
for i in 1 2 3 4 5; do
	echo "$name $i" >src/file$i
	leaves "$dir/src/file$i"
done
echo "$name" >>"$root/common"

# A subshell, a pipeline, a background process and its own child.
(me "$(sh -c 'echo $PPID')"; echo sub >sub; mv sub moved)
leaves "$dir/moved"
sort src/file* | sed "s/$name/x/" >sorted
leaves "$dir/sorted"
sh -c 'echo "$0 $$" >>"$1"; echo background >background; sh -c "echo \"$0 \$\$\" >>$1; echo below >below"' "$name" "$log" &
wait
leaves "$dir/background"
leaves "$dir/below"

# Names: renames over others, hard and symbolic links, what is removed.
echo old >target
echo new >source
mv source target
leaves "$dir/target"
ln target hard
leaves "$dir/hard"
ln -s target symbolic
mkdir gone
: >gone/file
rm -r gone
mv src/deep deeper
echo inside >deeper/inside
leaves "$dir/deeper/inside"

if command -v git >/dev/null; then
	git init -q repo
	cd repo
	echo "$name" >tracked
	git add tracked
	git -c user.name="$name" -c user.email=agent@example.org commit -qm 'what it is for'
	git mv tracked renamed
	git -c user.name="$name" -c user.email=agent@example.org commit -qm 'another name'
	leaves "$dir/repo/renamed"
	cd ..
fi

if command -v python3 >/dev/null; then
	python3 - "$name" "$log" <<-'END'
	import os, subprocess, sys, threading
	name, log = sys.argv[1:]
	def me(pid):
	    with open(log, "a") as f:
	        f.write(f"{name} {pid}\n")
	me(os.getpid())
	def work(i):
	    with open(f"thread{i}", "w") as f:
	        f.write(str(i))
	    os.rename(f"thread{i}", f"threaded{i}")
	threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
	for t in threads: t.start()
	for t in threads: t.join()
	pid = os.fork()
	if pid == 0:
	    open("forked", "w").close()
	    os._exit(0)
	me(pid)
	os.waitpid(pid, 0)
	subprocess.run(["sh", "-c", "echo python >spawned"], check=True)
	END
	leaves "$dir/threaded3"
	leaves "$dir/forked"
	leaves "$dir/spawned"
fi

# A daemon: a session of its own, no parent that waits, and the script is gone.
setsid sh -c '
	echo "$0 $$" >>"$1"
	(
		until test -e "$2/go"; do sleep 0.2; done
		echo daemon >"$2/$0/daemon"
		mv "$2/$0/daemon" "$2/$0/was-daemon"
		: >"$2/$0.done"
	) &
	echo "$0 $!" >>"$1"
' "$name" "$log" "$root" >/dev/null 2>&1 </dev/null
leaves "$dir/was-daemon"
