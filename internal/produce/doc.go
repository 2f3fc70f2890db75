// SPDX-License-Identifier: Apache-2.0

// Package produce numbers and stamps the records of a producer that is a library
// in this process: the vector store and the graph. It does for them what the
// module and the programs do in the kernel: takes the number first, so that what
// then does not reach the journal is a gap that can be told.
//
//	run := produce.NewRun(uapi.ProducerVector)
//	err := run.Start(sink, "")          // PRODUCER_START
//	id := run.Begin(b, uapi.Header{Type: uapi.VectorSearch})
//	b.AddU32(...)
//	err = run.Emit(sink, b, id)         // finishes it and counts it
//	err = run.Stop(sink)                // PRODUCER_STOP
package produce
