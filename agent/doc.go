// SPDX-License-Identifier: Apache-2.0

// Package agent is what a program uses to take part in a journal: it emits records of
// what it does and means, asks what happened, follows what happens, and replays it.
//
//	j, err := agent.Open("/run/vexj/agents.sock", agent.Options{Journal: "/var/lib/vexj/journal"})
//	in, err := j.Begin(ctx, "make the tests pass", "src/**")
//	id, err := j.Emit(ctx, agent.Event{Type: uapi.AgentDecision, Intent: "rewrite the parser", Confidence: 80})
//	err = in.End(ctx)
//
// # Two ways
//
// [Open] of a recorder's socket puts the records into the recorder's order, among those
// that the kernel makes: it stamps who wrote them, and attributes what the program and
// its descendants do to its files to the intent. Records of files, processes and the
// system are the kernel's there: they are refused. The socket of the recorder that
// started a program is in $VEXJ_SOCKET.
//
// [Open] of a directory is the library's rung, for where no recorder is: the program
// journals itself, as the only writer of a journal there, and nobody sees what it does
// not say. It may say what it does to files then. Its records are numbered, and
// PRODUCER_START and PRODUCER_STOP say where they begin and end, so that
// `vexjctl verify` accounts for them as for any others.
//
// # Causes
//
// An [Intent] is the cause of what is emitted while it lasts, unless an [Event] names
// another [Event.Cause]; more causes than one are [Event.Causes]. A [Transaction]
// groups records.
package agent
