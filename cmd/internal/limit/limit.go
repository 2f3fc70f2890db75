// SPDX-License-Identifier: Apache-2.0

package limit

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Size reads a number of bytes, with K, M, G or T for powers of 1,024. Empty is
// 0, no limit.
func Size(flag, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	digits, shift := text, 0
	if i := strings.IndexByte("KMGT", text[len(text)-1]&^0x20); i >= 0 {
		digits, shift = text[:len(text)-1], 10*(i+1)
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || n == 0 || n > math.MaxInt64>>shift {
		return 0, fmt.Errorf("%s %q: write a number of bytes, such as 500M or 10G", flag, text)
	}
	return int64(n) << shift, nil
}

// Age reads a time span as time.ParseDuration does, and days: 30d. Empty is 0,
// no limit.
func Age(flag, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	const day = 24 * time.Hour
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil && n > 0 {
			return time.Duration(n) * day, nil
		}
	}
	age, err := time.ParseDuration(text)
	if err != nil || age <= 0 {
		return 0, fmt.Errorf("%s %q: write a span of time, such as 36h or 30d", flag, text)
	}
	return age, nil
}
