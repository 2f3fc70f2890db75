#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Builds FAISS for AVX2 from Debian's source package, with the options of FAISS' own
# build for it, into a folder: headers and libfaiss.a. Takes some ten minutes.

set -eu

to=$1
mkdir -p "$to/lists/partial" "$to/sources" "$to/obj"
cd "$to"

# The machine's own sources, for source packages.
for f in /etc/apt/sources.list.d/*.sources; do
	[ ! -f "$f" ] || sed 's/^Types:.*/Types: deb-src/' "$f" >"sources/${f##*/}"
done
for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
	[ ! -f "$f" ] || sed -n 's/^deb /deb-src /p' "$f" >"sources/${f##*/}.list"
done
set -- -qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$to/sources" -o Dir::State::lists="$to/lists"
apt-get "$@" update
apt-get "$@" source --download-only faiss
tar -xzf faiss_*.orig.tar.gz --strip-components=1

find faiss -name '*.cpp' -not -path '*/gpu/*' -not -path '*/python/*' -not -name 'OnDisk*' -print0 |
	xargs -0 -P "$(nproc)" -I{} sh -c 'g++ -std=c++11 -O3 -mavx2 -mfma -mf16c -mpopcnt -fopenmp -DFINTEGER=int -I. -c "{}" -o "obj/$(echo "{}" | tr / _).o"'
ar rcs libfaiss.a.new obj/*.o
mv libfaiss.a.new libfaiss.a
