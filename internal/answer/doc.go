// SPDX-License-Identifier: Apache-2.0

// Package answer puts what package query finds into the objects that vexjctl prints
// as JSON, that agents get over the socket, and that the tools of MCP return: one
// schema for all of them, which vexjctl(8) has and which only ever grows.
//
// A Teller answers one reader, whose view it is made with.
package answer
