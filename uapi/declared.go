// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"bytes"
	"iter"
)

// Bounds of what a program declares of itself at its exec.
const (
	DeclaredOne  = 256  // bytes of a variable, with its name
	DeclaredMax  = 2048 // bytes of them all
	DeclaredScan = 1024 // variables that are looked at
)

// DeclaredNames are the environment variables by which programs say for whom they act.
var DeclaredNames = []string{"AI_AGENT", "CLAUDECODE", "CLAUDE_CODE_SESSION_ID", "CODEX_THREAD_ID", "TRACEPARENT"}

// Declared returns what a program says of itself, in the record of its exec or the
// first one of it: NAME=VALUE with NULs between. It is a claim; who acted for whom is said by AttrAgentID and AttrSession.
func (r Record) Declared() []byte { return r.bytes(AttrDeclared) }

// ScanEnviron returns what is declared in an environment, NAME=VALUE each ended by
// a NUL, as AttrDeclared has it; nil if nothing is.
func ScanEnviron(env []byte) []byte {
	var out []byte
	looked := 0
	for one := range splitEnviron(env) {
		if looked++; looked > DeclaredScan {
			break
		}
		name, _, assigned := bytes.Cut(one, []byte{'='})
		if !assigned || !declares(name) {
			continue
		}
		one = one[:min(len(one), DeclaredOne)]
		if len(out)+1+len(one) > DeclaredMax {
			break
		}
		if out != nil {
			out = append(out, 0)
		}
		out = append(out, one...)
	}
	return out
}

func splitEnviron(env []byte) iter.Seq[[]byte] {
	return bytes.SplitSeq(bytes.TrimSuffix(env, []byte{0}), []byte{0})
}

func declares(name []byte) bool {
	for _, n := range DeclaredNames {
		if string(name) == n {
			return true
		}
	}
	return false
}
