// SPDX-License-Identifier: Apache-2.0

// Package intent keeps who acts for whom, and why: the contexts that a recorder's
// producer attributes records by, and the intents that these records go back to.
//
// # The record of an intent
//
// An intent is a record of type sem-intent. It bears
//
//	AGENT_ID, SESSION     who acts; the session's number, of package session
//	AGENT_INTENT          why, as it was said
//	AGENT_CONFIDENCE      0 to 100, if it was said
//	TASK                  of whoever began it
//	parent_event_id       the intent that it is part of; 0: of none
//	root_cause_event_id   the outermost of these; itself if there is none
//	metadata              the rest, as JSON: see Details
//
// Every record of the processes that the intent is bound to then has it as its
// parent, and the same root. It ends with a record of type sem-context-switch whose
// parent is the intent and whose metadata says why it ended.
//
// # What an intent is bound to
//
// A process tree: the process, those that it has forked, and those to come, daemons
// too. And a control group, if there is one: so that who enters it later, without
// being a descendant, is attributed as well. An intent on a tree that has one already
// is part of that one, and covers it until it ends.
//
// # Locks
//
// A Registry's mu is held while its Recorder is asked. A Recorder must not call the
// Registry.
package intent
