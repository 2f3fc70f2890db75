// SPDX-License-Identifier: Apache-2.0

// Package server is the door of the agents: HTTP/1.1 over a unix socket, so that
// `curl --unix-socket` and any HTTP library are clients.
//
//	s, err := server.New(server.Options{Policy: policy})
//	s.Handle("GET /v1/log", server.ScopeRead, func(w http.ResponseWriter, r *http.Request, p *server.Peer) error { ... })
//	l, err := server.Listen("/run/vexj/agents.sock", policy.Socket)
//	go s.Serve(l)
//	...
//	err = s.Close(ctx)
//
// # Who is asking
//
// The kernel says who has connected: process, user, groups (SO_PEERCRED,
// SO_PEERGROUPS), as they were at connect(2). Where the kernel has pidfds for peers
// (SO_PEERPIDFD), [Peer.Alive] tells that the process id still means the process
// that connected, so that what /proc says of it may be believed if Alive holds
// afterwards. A descriptor that is passed on takes its rights along, as everywhere.
//
// # What they may do
//
// A [Policy] gives a [Grant] to users, groups and agents: scopes, a visibility mask,
// limits. Root and the user whose the server is may do everything unless a line of
// the policy says otherwise, and nobody else may do anything unless one does.
// Each route needs a scope; the mask is for the handlers, each of which shows
// records: none of those that have no bit in common with it.
//
// The socket's mode and group keep others from connecting at all.
//
// # Limits
//
// Requests and emitted events are limited by token buckets, one each for each user,
// or each agent of a user: a whole minute's worth may be spent at once and comes back
// at a steady rate. Streams are limited in number. What is refused gets status 429
// and Retry-After. Headers, bodies and the number of connections are bounded
// for everyone.
//
// # Errors
//
// Every error is JSON and says what to do:
//
//	{"error": "no such route: /v2/log", "do": "GET /v1 lists the routes"}
//
// A handler that panics ends its own request.
package server
