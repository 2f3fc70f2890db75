// SPDX-License-Identifier: Apache-2.0

package render

const (
	bold    = "\x1b[1m"
	dim     = "\x1b[2m"
	red     = "\x1b[31m"
	green   = "\x1b[32m"
	yellow  = "\x1b[33m"
	cyan    = "\x1b[36m"
	alarm   = "\x1b[1;37;41m"
	noColor = "\x1b[0m"
)
