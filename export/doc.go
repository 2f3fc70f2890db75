// SPDX-License-Identifier: Apache-2.0

// Package export gives the records of a journal to other systems, in order, and knows
// where it was when it is begun again.
//
//	x := export.Export{Set: set, Filter: filter, Sink: sink}
//	report, err := x.Run(ctx)
//
// What takes records is a [Sink]; each format has a package: parquet and cloudevents
// make files in a folder, otlp and cloudevents send what they make to an endpoint.
//
// Records are given in parts. A part is committed when the sink has brought all of it
// to safety, and only then does the position move behind it: so nothing is left out.
// Where target and position change in one step, as in a folder where the name of a
// file says what is in it, nothing comes twice either. Over a network a part whose
// answer was lost is sent again: its records are told by their ordinals, which never
// change.
//
// Before a part is committed its records are made durable in the journal. Otherwise a
// power cut could take a record back that others have already been told of, and give
// its ordinal to another one.
//
// A stretch of the journal that cannot be read, or was removed before it was exported,
// is exported as what it is, a loss: see [Gap]. Records of losses are exported whatever
// the filter asks for, if that was compiled with [query.Conditions.Losses].
package export
