// SPDX-License-Identifier: Apache-2.0

package place

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Journal is the journal's folder: $VEXJ_JOURNAL, or /var/lib/vexj/journal for
// root, or vexj/journal in the state folder of the user.
func Journal() string { return journal(os.Geteuid()) }

func journal(uid int) string {
	if dir := os.Getenv("VEXJ_JOURNAL"); dir != "" {
		return dir
	}
	if uid == 0 {
		return "/var/lib/vexj/journal"
	}
	state := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) {
		state = filepath.Join(os.Getenv("HOME"), ".local", "state")
	}
	return filepath.Join(state, "vexj", "journal")
}

// Run is the folder of sockets and locks: $VEXJ_RUN_DIR, or /run/vexj for root,
// or vexj in the run-time folder of the user.
func Run() string { return run(os.Geteuid()) }

func run(uid int) string {
	if dir := os.Getenv("VEXJ_RUN_DIR"); dir != "" {
		return dir
	}
	if uid == 0 {
		return "/run/vexj"
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "vexj")
	}
	return filepath.Join(os.TempDir(), "vexj-"+strconv.Itoa(uid))
}

// AgentSocketPrefix begins the name of the socket for agents of a recorder that is
// not vexjd; its process id follows.
const AgentSocketPrefix = "agents-"

// AgentSocket is where the recorder of this process serves agents.
func AgentSocket(daemon bool) string {
	if daemon {
		return filepath.Join(Run(), "agents.sock")
	}
	return filepath.Join(Run(), AgentSocketPrefix+strconv.Itoa(os.Getpid())+".sock")
}

// AgentSockets are those of recorders that are not vexjd, dead ones among them.
func AgentSockets() (found []string) {
	names, _ := os.ReadDir(Run()) // in their order; none: there is no recorder
	for _, n := range names {
		if strings.HasPrefix(n.Name(), AgentSocketPrefix) && strings.HasSuffix(n.Name(), ".sock") {
			found = append(found, filepath.Join(Run(), n.Name()))
		}
	}
	return found
}

// Policy is the file that says which agents may do what: $VEXJ_POLICY, or
// /etc/vexj/agents.conf.
func Policy() string {
	if name := os.Getenv("VEXJ_POLICY"); name != "" {
		return name
	}
	return "/etc/vexj/agents.conf"
}
