// SPDX-License-Identifier: Apache-2.0

package params

import (
	"errors"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"vexj/agent/session"
	"vexj/query"
	"vexj/uapi"
)

func TestConditions(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]query.Conditions{
		"":                                   {},
		"type=write,create&type=-create":     {Types: []uapi.Type{uapi.FSWrite}},
		"category=vector,graph":              {Categories: []uapi.Category{uapi.CategoryVector, uapi.CategoryGraph}},
		"path=/a&path=/b,c":                  {Paths: []string{"/a", "/b,c"}},
		"pid=1,2&uid=0x10&inode=5":           {PIDs: []uint32{1, 2}, UIDs: []uint32{16}, Inodes: []uint64{5}},
		"comm=git&agent=a&tag=x":             {Commands: []string{"git"}, Agents: []string{"a"}, Tags: []string{"x"}},
		"session=7&session=deep+work":        {Sessions: []uint64{7, session.ID("deep work")}},
		"transaction=1&chain=2":              {Transactions: []uint64{1}, Chains: []uint64{2}},
		"flag=failed&flag=causal,indexed":    {Flags: uapi.FlagFailed | uapi.FlagCausal | uapi.FlagIndexed},
		"min-priority=high":                  {MinPriority: uapi.PriorityHigh},
		"min-priority=4&min-relevance=50":    {MinPriority: uapi.PriorityLow, MinRelevance: 50},
		"since=10m&until=2026-03-01+11:59":   {Since: now.Add(-10 * time.Minute), Until: now.Add(-time.Minute)},
		"failed&succeeded=false":             {Failed: true},
		"succeeded=yes&where=pid+>+1+%26+2.": {Succeeded: true, Where: "pid > 1 & 2."},
		"after=x&limit=3":                    {},
	} {
		v, err := url.ParseQuery(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Conditions(v, now, "after", "limit")
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func TestBadConditions(t *testing.T) {
	for text, want := range map[string]string{
		"limit=3":                    `there is no "limit"; there are agent, category`,
		"Type=write":                 `there is no "Type"`,
		"type=fly":                   "bad parameter type",
		"category=":                  "bad parameter category",
		"pid=-1":                     `"-1" is no number of 32 bits`,
		"pid=4294967296":             "no number of 32 bits",
		"inode=18446744073709551616": "no number of 64 bits",
		"flag=nonsense":              `there is no flag "nonsense"`,
		"min-priority=6":             "they are 1 (critical) to 5 (background)",
		"min-relevance=1,2":          "no number",
		"since=never":                "bad parameter since",
		"until=1&until=2":            "it is given 2 times",
		"failed=perhaps":             "neither true nor false",
		"pid=1" + strings.Repeat("&pid=1", maxValues): "more than 1000 values",
	} {
		v, err := url.ParseQuery(text)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Conditions(v, time.Now())
		if !errors.Is(err, ErrParam) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v; want %s", text, err, want)
		}
	}
}

func FuzzConditions(f *testing.F) {
	f.Add("type=write&path=/a/**&since=10m&session=x&flag=failed&min-priority=high&where=pid>1")
	f.Add("pid=0x7&uid=1,2&category=vector&failed&tag=a&comm=g*")
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		c, err := Conditions(v, now)
		if err != nil {
			if !errors.Is(err, ErrParam) {
				t.Fatalf("%v is no ErrParam", err)
			}
			return
		}
		if filter, err := c.Compile(query.All); err == nil {
			_ = filter.Timed()
		}
	})
}
