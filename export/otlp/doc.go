// SPDX-License-Identifier: Apache-2.0

// Package otlp sends records as log records of OpenTelemetry, by OTLP over HTTP in its
// binary form.
//
// A log record has the time of the record, the line that vexjctl log prints without its
// time as body, and attributes. These have the names of OpenTelemetry's semantic
// conventions where there is one that means the same ([names]), and else begin with
// vexj; what has no attribute of its own is in vexj.rest, a JSON object. The event name
// is vexj.CATEGORY.TYPE. The severity follows from the priority, normal being INFO; that
// of a loss is WARN at least.
//
// log.record.uid is JOURNAL/ORDINAL, which names one record for ever: a receiver that
// gets a record again can tell by it, as the conventions say.
package otlp
