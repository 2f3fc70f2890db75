// SPDX-License-Identifier: Apache-2.0

// Package bugreport puts what is asked for in a bug report into one archive, and takes
// out of it what is nobody's business.
//
// Each item is collected by itself, within a time of its own: what fails or hangs is
// noted in the manifest, and costs nothing else. All text goes through a Redactor: what
// looks like a secret is replaced before it is written, also where nobody expected one.
package bugreport
