// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"vexj/agent/intent"
	"vexj/agent/session"
	"vexj/uapi"
	"vexj/userjournal"
)

// agentScripts is found before the scripts change the directory.
var agentScripts, _ = filepath.Abs("testdata/agents")

// A witness is what agents say of themselves, by means of their own.
type witness struct {
	pids map[uint32]string // agent
	root string
}

func readWitness(log, root string) (*witness, error) {
	f, err := os.Open(log)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	w := &witness{map[uint32]string{}, root}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) != 2 {
			continue
		}
		pid, err := strconv.ParseUint(words[1], 10, 32)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", log, err)
		}
		w.pids[uint32(pid)] = words[0]
	}
	return w, nil
}

// owner is the agent in whose folder a path is, "" if it is in none's.
func (w *witness) owner(path string) string {
	rest, ok := strings.CutPrefix(path, w.root+"/")
	name, below, _ := strings.Cut(rest, "/")
	if !ok || below == "" && !strings.HasPrefix(name, "a") || len(name) != 2 {
		return ""
	}
	return name
}

// attributed JOURNAL LOG ROOT LEAST checks that each record of the three agents is
// attributed to the right one: by the folder that it is about, by the process that made
// it, and by descent from such a process as the records of forks have it; and that none
// is attributed otherwise. Each has at least so many.
func cmdAttributed(ts *testscript.TestScript, _ bool, args []string) {
	w, err := readWitness(ts.MkAbs(args[1]), ts.MkAbs(args[2]))
	ts.Check(err)
	least, err := strconv.Atoi(args[3])
	ts.Check(err)
	s, err := userjournal.OpenSet(ts.MkAbs(args[0]))
	ts.Check(err)
	defer s.Close()
	intents, begun := map[string]uint64{}, map[uint64]string{}
	counts, wrong, byPath, byPID := map[string]int{}, 0, 0, 0
	bad := func(format string, a ...any) {
		if wrong++; wrong <= 20 {
			ts.Logf(format, a...)
		}
	}
	ts.Check(s.Scan(userjournal.ScanOptions{}, func(ordinal uint64, r uapi.Record) error {
		name, _ := r.Attr(uapi.AttrAgentID)
		agent := string(name)
		if r.Type() == uapi.SemIntent {
			d, err := intent.ParseDetails(r)
			if err != nil || len(d.Touch) != 1 || d.Session != "s"+strings.TrimPrefix(agent, "a") {
				bad("%d: an intent of %q says %+v, %v", ordinal, agent, d, err)
			}
			intents[agent], begun[r.EventID()] = r.EventID(), agent
			return nil
		}
		if r.Type() == uapi.SemContextSwitch {
			if begun[r.Parent()] != agent {
				bad("%d: the end of an intent of %q, of %q", ordinal, begun[r.Parent()], agent)
			}
			return nil
		}
		want := map[string]bool{}
		for _, path := range []string{string(r.Path()), string(r.Path2())} {
			if o := w.owner(path); o != "" {
				want[o] = true
				byPath++
			}
		}
		// Before its intent the process waits to become the agent's.
		if o := w.pids[r.PID()]; o != "" && intents[o] != 0 {
			want[o] = true
			byPID++
		}
		// A child of an agent's process is the agent's.
		if c, ok := r.Child(); ok && agent != "" && c.Thread == 0 {
			if o := w.pids[c.PID]; o != "" && o != agent {
				bad("%d: %s's process %d is a child of %s's", ordinal, o, c.PID, agent)
			}
			w.pids[c.PID] = agent
		}
		if agent == "" {
			for o := range want {
				bad("%d: %s %q by process %d is %s's, and nobody's", ordinal, r.Type(), r.Path(), r.PID(), o)
			}
			return nil
		}
		counts[agent]++
		number, _ := r.U64(uapi.AttrSession)
		id := session.ID("s" + strings.TrimPrefix(agent, "a"))
		switch {
		case number != id:
			bad("%d: %s of %s in session %d, not %d", ordinal, r.Type(), agent, number, id)
		case intents[agent] == 0 || r.RootCause() != intents[agent]:
			bad("%d: %s of %s goes back to %#x, not to %#x", ordinal, r.Type(), agent, r.RootCause(), intents[agent])
		case len(want) > 1 || len(want) == 1 && !want[agent]:
			bad("%d: %s %q by process %d is attributed to %s, not to %v", ordinal, r.Type(), r.Path(), r.PID(), agent, want)
		case len(want) == 0 && w.pids[r.PID()] == "":
			bad("%d: %s %q by process %d, which nobody knows, is attributed to %s", ordinal, r.Type(), r.Path(), r.PID(), agent)
		}
		return nil
	}))
	for _, agent := range []string{"a1", "a2", "a3"} {
		if counts[agent] < least {
			bad("%s has %d records, not %d", agent, counts[agent], least)
		}
	}
	if wrong > 0 {
		ts.Fatalf("%d records are wrong", wrong)
	}
	ts.Logf("%v records of agents, none wrong; %d seen by a folder, %d by a process", counts, byPath, byPID)
}
