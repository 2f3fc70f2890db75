// SPDX-License-Identifier: Apache-2.0

// Command export measures what it takes to export a journal, in each format, against
// printing it as JSON, in one run: time, processor time, and the memory of the process.
//
//	go run ./bench/export [-dir /var/tmp/journal] [-rounds 3]
//
// Endpoints are stand-ins in this process that read bodies and throw them away, so that
// the processor time is that of the exporter alone. Rounds alternate between formats;
// medians are printed.
package main
