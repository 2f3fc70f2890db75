// SPDX-License-Identifier: Apache-2.0

// Package glossary says what the words of a record mean: its fields, as they are
// named in JSON, the types of records, flags, producers and causes of loss.
//
// It is the one place where that is written. `vexjctl explain` shows an entry, the man
// page's list of members is made of them, and the names in `--where` are described by
// them. Tests hold it against what is rendered, compiled and recorded.
package glossary
