// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"vexj/agent/session"
	"vexj/query"
	"vexj/userjournal"
)

// blamed JOURNAL LOG checks for each file that an agent says it left that nobody else
// is blamed for it, and with which intent, by its path and in the list of its folder.
func cmdBlamed(ts *testscript.TestScript, _ bool, args []string) {
	set, err := userjournal.OpenSet(ts.MkAbs(args[0]))
	ts.Check(err)
	defer set.Close()
	log, err := os.Open(ts.MkAbs(args[1]))
	ts.Check(err)
	defer log.Close()
	q := query.Inquire(set, query.All)
	files, wrong := 0, 0
	for lines := bufio.NewScanner(log); lines.Scan(); {
		agent, path, is := strings.Cut(lines.Text(), " file ")
		if !is {
			continue
		}
		files++
		b, err := q.Blame(path, query.BlameOptions{Writers: 10000})
		if err != nil || b.Gone || len(b.Writers) == 0 {
			ts.Logf("%s: %v, %+v", path, err, b)
			wrong++
			continue
		}
		for _, w := range b.Writers {
			if w.Agent != agent || w.Intent == nil || w.Intent.Text != "the work of "+agent || w.Intent.Name != "s"+agent[1:] {
				ts.Logf("%s: %s[%d] agent %q, intent %+v", path, w.Command, w.PID, w.Agent, w.Intent)
				wrong++
			}
		}
		if !b.Writers[len(b.Writers)-1].Created && !strings.Contains(path, "/repo/") {
			ts.Logf("%s: its creation is not found", path)
			wrong++
		}
	}
	if files < 30 || wrong > 0 {
		ts.Fatalf("%d of %d files are blamed wrongly", wrong, files)
	}
	ts.Logf("%d files are blamed rightly", files)
	for _, s := range []string{"s1", "s2", "s3"} {
		d, err := q.Diff(session.ID(s))
		ts.Check(err)
		touched := 0
		for _, one := range d.Declared {
			touched += one.Paths
		}
		if touched < 10 {
			ts.Fatalf("session %s declared and touched %d paths", s, touched)
		}
	}
}
