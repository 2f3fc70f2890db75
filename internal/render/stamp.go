// SPDX-License-Identifier: Apache-2.0

package render

import "time"

// Stamp formats points in time. Records of one second share all but the
// fraction, so it formats a second only when that changes.
type Stamp struct {
	layout string
	loc    *time.Location
	digits int
	second int64
	text   []byte
}

// NewStamp formats in loc with the layout, up to the second, and then the given
// number of decimals.
func NewStamp(layout string, loc *time.Location, digits int) *Stamp {
	return &Stamp{layout: layout, loc: loc, digits: digits, second: -1 << 62}
}

// Append appends the time that is ns after 1970.
func (s *Stamp) Append(dst []byte, ns int64) []byte {
	second, frac := ns/1e9, ns%1e9
	if frac < 0 {
		second, frac = second-1, frac+1e9
	}
	if second != s.second {
		s.text = time.Unix(second, 0).In(s.loc).AppendFormat(s.text[:0], s.layout)
		s.second = second
	}
	dst = append(dst, s.text...)
	dst = append(dst, '.')
	for unit := int64(1e8); s.digits > 0 && unit >= pow10(9-s.digits); unit /= 10 {
		dst = append(dst, byte('0'+frac/unit%10))
	}
	return dst
}

func pow10(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}
