// SPDX-License-Identifier: Apache-2.0

// Package when reads the points in time that --since and --until take:
//
//	2026-03-01T12:00:00Z       RFC 3339, fractions of a second allowed
//	2026-03-01 12:00:00.5      local time; seconds and fraction may be missing
//	2026-03-01                 the start of that day
//	12:00, 12:00:05            today
//	now, today, yesterday, tomorrow
//	10m, -1h, 1h30m, 2d, 1w    that long ago
//	+10m                       that long from now
//	@1767225600.25             seconds since 1970
package when
