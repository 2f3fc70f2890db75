// SPDX-License-Identifier: Apache-2.0

// Package web serves the page of a recorder: a stream of records with a filter, a timeline,
// sessions with what was declared against what was changed, who changed a file, and the
// tree of processes.
//
// The page asks what agents ask, by the same routes (/v1), as the recorder's own user: the
// policy says what is seen, and the limits hold. It can only ask. Whoever wants to see it
// shows a token once, and from then on has a cookie that is made of it.
//
// It is HTML, CSS and JavaScript as they stand in assets, with nothing from elsewhere. What
// a record says is put into the page as text: the content security policy forbids to
// make HTML of any string.
package web
