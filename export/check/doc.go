// SPDX-License-Identifier: Apache-2.0

// Package check has the exports read by what others made to read such: Parquet by DuckDB,
// OTLP by the collector's receiver, CloudEvents by the SDK of its authors.
package check
