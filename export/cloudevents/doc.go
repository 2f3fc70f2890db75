// SPDX-License-Identifier: Apache-2.0

// Package cloudevents makes records into events of CloudEvents 1.0, in its JSON format.
//
//	{"specversion":"1.0","id":"17","source":"urn:vexj:journal:6d...","type":"vexj.filesystem.write",
//	 "time":"2026-03-01T12:00:00.125000000Z","subject":"/a/x","sequence":"00000000000000000017",
//	 "datacontenttype":"application/json","data":{"ordinal":17,...}}
//
// The data is the object that vexjctl log prints. The id is the ordinal, which names one
// record of the journal, the source, for ever: who gets an event again knows it by both.
// The subject is the path, escaped where it has what an attribute may not have, and is
// missing if there is none. The sequence is that of the extension of the same name.
//
// Events are written one a line, or sent in batches.
package cloudevents
