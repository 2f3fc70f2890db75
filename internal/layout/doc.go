// SPDX-License-Identifier: Apache-2.0

// Package layout has the words in which a format on disk describes itself to
// whoever inspects a file: parts of the file, and the fields in them. The
// packages that write and read the formats have the tables; each is held against
// its encoder by a test.
package layout
