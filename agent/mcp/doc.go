// SPDX-License-Identifier: Apache-2.0

// Package mcp gives agents the journal by the Model Context Protocol
// (https://modelcontextprotocol.io): tools to ask with, and records and sessions as
// resources.
//
//	log     records, page by page
//	blame   who changed a file, for which agent and why
//	why     how an event came about
//	impact  what came of it
//	report  counts
//	wait    the next record that a filter takes
//	search  what is like a text, where there is an index for that
//
//	vexj://record/{id}        one record
//	vexj://sessions           the sessions
//	vexj://session/{session}  one in detail
//
// # Paging
//
// A model's context is small. Records are brief unless full ones are asked for, and
// an answer ends at a budget of bytes, 16 KiB if nothing is said: it then says that
// there is more, and has the cursor to go on with.
//
// # Conformance
//
// The tests have the SDK's own client. By hand, @modelcontextprotocol/conformance
// 0.1.16 was run against `vexjctl mcp` behind supergateway, which makes HTTP of its
// stdio: what it asks of any server, which is initialize, ping, the lists of tools,
// resources and prompts, log levels, and several streams at once, passes. Its other
// scenarios call tools, resources and prompts of a server that is made for it, or
// completion and subscriptions, which are not offered here, and get the errors that
// the protocol has for those; one is of the gateway's HTTP headers.
//
// # What is shown
//
// All of it is what is in one view, which is set when the server is made. A record
// outside of it does not exist: see query.View.
package mcp
