// SPDX-License-Identifier: Apache-2.0

package server

import (
	"os"
	"slices"
)

// Unlimited, as a limit, is none.
const Unlimited = -1

// Limits of a peer.
type Limits struct {
	Requests int `json:"requests"` // a minute
	Events   int `json:"events"`   // emitted, a minute
	Streams  int `json:"streams"`  // open at once
}

// DefaultLimits hold where a policy gives no others.
var DefaultLimits = Limits{Requests: 1_000, Events: 10_000, Streams: 10}

// A Grant is what somebody may do.
type Grant struct {
	Scopes Scope  `json:"scopes"`
	Mask   uint64 `json:"mask"` // a record is visible if its mask has one of these bits
	Limits Limits `json:"limits"`
}

// Has reports whether all of the scopes are granted.
func (g *Grant) Has(s Scope) bool { return g.Scopes&s == s }

// Sees reports whether a record with the mask is visible.
func (g *Grant) Sees(mask uint64) bool { return g.Mask&mask != 0 }

// narrowed is what both allow, within the other's limits.
func (g Grant) narrowed(by Grant) Grant {
	return Grant{g.Scopes & by.Scopes, g.Mask & by.Mask, by.Limits}
}

// A Socket says who can connect at all.
type Socket struct {
	Mode os.FileMode
	GID  int // -1: the group of whoever serves
}

// A GroupGrant is a line of a policy.
type GroupGrant struct {
	GID   uint32
	Grant Grant
}

// A Policy says who may do what. That of nobody's making is [DefaultPolicy].
type Policy struct {
	Socket Socket
	Users  map[uint32]Grant
	Groups []GroupGrant // the first that the peer is in counts
	Other  *Grant       // nil: nobody else may
	// Agents narrow what their users may: an agent has what both allow.
	Agents map[string]Grant
	// Owner is who serves: all is granted to it and to root, unless Users says
	// otherwise.
	Owner uint32
}

// DefaultPolicy is for root and whoever serves, and for nobody else.
func DefaultPolicy() *Policy {
	return &Policy{Socket: Socket{0o600, -1}, Owner: uint32(os.Geteuid())}
}

// Grant is what a user may do that is in the groups and acts as the agent, if
// that is not "". ok is false for who may do nothing.
func (p *Policy) Grant(uid uint32, groups []uint32, agent string) (g Grant, ok bool) {
	if g, ok = p.user(uid, groups); !ok {
		return g, false
	}
	if by, is := p.Agents[agent]; is && agent != "" {
		g = g.narrowed(by)
	}
	return g, g.Scopes != ScopeNone
}

func (p *Policy) user(uid uint32, groups []uint32) (Grant, bool) {
	if g, ok := p.Users[uid]; ok {
		return g, true
	}
	if uid == 0 || uid == p.Owner {
		return Grant{ScopeAll, ^uint64(0), DefaultLimits}, true
	}
	for _, g := range p.Groups {
		if slices.Contains(groups, g.GID) {
			return g.Grant, true
		}
	}
	if p.Other != nil {
		return *p.Other, true
	}
	return Grant{}, false
}
