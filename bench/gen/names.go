// SPDX-License-Identifier: Apache-2.0

package gen

import "strings"

// What the records are about: of the length and the likeness of real names,
// since a compressor sees them. The program puts four varying hexadecimal
// digits in the place of the zeroes.
var (
	folders = [16]string{
		"/etc/", "/var/tmp/", "/srv/www/", "/home/ada/notes/", "/home/ada/src/vexj/",
		"/home/grace/build/obj/", "/var/lib/postgres/base/", "/usr/lib/python3/site-packages/",
		"/home/ada/.cache/go-build/", "/var/log/journal/", "/srv/data/", "/opt/agent/runs/",
		"/home/grace/repo/.git/objects/", "/tmp/", "/var/spool/mail/", "/home/ada/models/",
	}
	files = [16]string{
		"main_0000.go", "0000.o", "part-0000.snappy.parquet", "log.0000", "index_0000.html",
		"chunk-0000", "0000.tmp", "report 0000 (final).txt", "__init__.cpython-0000.pyc",
		"test_0000.c", "vectors-0000.f32", "img_0000.jpeg", "0000", "cache0000.db",
		"attributes0000.json", "session-0000.ndjson",
	}
	commands = [8]string{"postgres", "go", "cc1", "python3", "nginx", "agent-runner", "git", "tar"}
)

func pathTemplates() (out [len(folders) * len(files)]genPathTemplate) {
	for i := range out {
		file := files[i/len(folders)]
		folder := folders[i%len(folders)]
		out[i].Len = uint32(copy(out[i].Text[:], folder+file))
		out[i].Digits = uint32(len(folder) + strings.Index(file, "0000"))
	}
	return out
}

func actors() (out [len(commands)]genActor) {
	for i, command := range commands {
		out[i] = genActor{Pid: uint32(1000 + 137*i), Ppid: uint32(1 + 900*(i%2)), Uid: uint32(1000 * (i % 3)), Gid: 100}
		copy(out[i].Comm[:], command)
	}
	return out
}
