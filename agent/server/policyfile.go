// SPDX-License-Identifier: Apache-2.0

package server

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"
)

// ErrPolicy: the file of a policy says something that it cannot say. The error
// names the line.
var ErrPolicy = errors.New("bad policy")

// maxPolicy bounds the file of a policy.
const maxPolicy = 1 << 20

// ReadPolicy reads the file of a policy, which has to be its owner's, or root's,
// alone to change.
func ReadPolicy(name string) (*Policy, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	st, _ := info.Sys().(*syscall.Stat_t)
	if info.Mode().Perm()&0o022 != 0 || st != nil && st.Uid != 0 && int(st.Uid) != os.Geteuid() {
		return nil, fmt.Errorf("%s: %w: others can change it; `chown root` it and `chmod 644`", name, ErrPolicy)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxPolicy+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxPolicy {
		return nil, fmt.Errorf("%s: %w: it has more than %d bytes", name, ErrPolicy, maxPolicy)
	}
	p, err := ParsePolicy(string(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// ParsePolicy reads the text of a policy: a line for each of whom it speaks,
//
//	socket mode=0660 group=NAME
//	user NAME  scopes=read,emit mask=0x3 requests=1000 events=10000 streams=10
//	group NAME scopes=read mask=all
//	agent ID   scopes=all mask=0x1
//	other      scopes=read mask=0x1
//
// where a # begins a comment. Names of users and groups may be numbers, and a name
// with blanks stands in double quotes. Scopes and mask must be there;
// limits are a number or "unlimited".
func ParsePolicy(text string) (*Policy, error) {
	r := policyReader{p: DefaultPolicy(), seen: map[string]int{}}
	for i, line := range strings.Split(text, "\n") {
		words, err := splitWords(line)
		if err == nil && len(words) > 0 {
			err = r.line(i+1, words)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrPolicy, i+1, err)
		}
	}
	return r.p, nil
}

type policyReader struct {
	p    *Policy
	seen map[string]int // who, by line
}

func (r *policyReader) line(n int, words []string) error {
	kind, rest := words[0], words[1:]
	name := ""
	switch kind {
	case "user", "group", "agent":
		if len(rest) == 0 || rest[0] == "" || strings.Contains(rest[0], "=") {
			return fmt.Errorf("%s what? Write its name behind it", kind)
		}
		name, rest = rest[0], rest[1:]
	case "other", "socket":
	default:
		return fmt.Errorf("%q: a line begins with user, group, agent, other or socket", kind)
	}
	pairs, err := splitPairs(rest)
	if err != nil {
		return err
	}
	key := kind + " " + name
	if kind == "socket" {
		err = r.socket(pairs)
	} else {
		var g Grant
		if g, err = parseGrant(pairs); err == nil {
			key, err = r.grant(kind, name, g)
		}
	}
	if err != nil {
		return err
	}
	if before, ok := r.seen[key]; ok {
		return fmt.Errorf("line %d spoke of %s already; put both into one", before, strings.TrimSpace(key))
	}
	r.seen[key] = n
	return nil
}

// grant returns what the line is about, by number: two names may mean one.
func (r *policyReader) grant(kind, name string, g Grant) (key string, err error) {
	var id uint32
	switch kind {
	case "user":
		if id, err = lookup(name, func(name string) (string, error) {
			u, err := user.Lookup(name)
			if err != nil {
				return "", err
			}
			return u.Uid, nil
		}); err != nil {
			return "", err
		}
		if r.p.Users == nil {
			r.p.Users = map[uint32]Grant{}
		}
		r.p.Users[id] = g
		return fmt.Sprintf("user %d", id), nil
	case "group":
		if id, err = lookupGroup(name); err != nil {
			return "", err
		}
		r.p.Groups = append(r.p.Groups, GroupGrant{id, g})
		return fmt.Sprintf("group %d", id), nil
	case "agent":
		if r.p.Agents == nil {
			r.p.Agents = map[string]Grant{}
		}
		r.p.Agents[name] = g
	default:
		r.p.Other = &g
	}
	return kind + " " + name, nil
}

func (r *policyReader) socket(pairs [][2]string) error {
	for _, pair := range pairs {
		switch pair[0] {
		case "mode":
			mode, err := strconv.ParseUint(pair[1], 8, 9)
			if err != nil || mode&0o600 != 0o600 {
				return fmt.Errorf("mode=%s: it is octal and gives its owner both rights, such as 0660", pair[1])
			}
			r.p.Socket.Mode = os.FileMode(mode)
		case "group":
			gid, err := lookupGroup(pair[1])
			if err != nil {
				return err
			}
			r.p.Socket.GID = int(gid)
		default:
			return fmt.Errorf("%q: a socket has mode and group", pair[0])
		}
	}
	return nil
}

func parseGrant(pairs [][2]string) (g Grant, err error) {
	g.Limits = DefaultLimits
	var scopes, mask bool
	for _, pair := range pairs {
		switch pair[0] {
		case "scopes":
			scopes = true
			g.Scopes, err = ParseScope(pair[1])
		case "mask":
			mask = true
			g.Mask, err = parseMask(pair[1])
		case "requests":
			g.Limits.Requests, err = parseLimit(pair)
		case "events":
			g.Limits.Events, err = parseLimit(pair)
		case "streams":
			g.Limits.Streams, err = parseLimit(pair)
		default:
			err = fmt.Errorf("%q: what can be given is scopes, mask, requests, events, streams", pair[0])
		}
		if err != nil {
			return g, err
		}
	}
	switch {
	case !scopes:
		return g, errors.New("scopes are missing: scopes=read, say, or scopes=none")
	case !mask:
		return g, errors.New("the mask is missing: mask=all, say, or mask=0x1")
	}
	return g, nil
}

func parseMask(text string) (uint64, error) {
	switch text {
	case "all":
		return ^uint64(0), nil
	case "none":
		return 0, nil
	}
	mask, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		return 0, fmt.Errorf("mask=%s: it is all, none, or a number of 64 bits, such as 0x3", text)
	}
	return mask, nil
}

func parseLimit(pair [2]string) (int, error) {
	if pair[1] == "unlimited" {
		return Unlimited, nil
	}
	n, err := strconv.ParseUint(pair[1], 10, 31)
	if err != nil {
		return 0, fmt.Errorf("%s=%s: it is a number up to %d, or unlimited", pair[0], pair[1], 1<<31-1)
	}
	return int(n), nil
}

func lookupGroup(name string) (uint32, error) {
	return lookup(name, func(name string) (string, error) {
		g, err := user.LookupGroup(name)
		if err != nil {
			return "", err
		}
		return g.Gid, nil
	})
}

// lookup takes a number as it is.
func lookup(name string, find func(string) (string, error)) (uint32, error) {
	if n, err := strconv.ParseUint(name, 10, 32); err == nil {
		return uint32(n), nil
	}
	id, err := find(name)
	if err != nil {
		return 0, fmt.Errorf("%q: this machine does not know the name; make it first, or write its number", name)
	}
	n, err := strconv.ParseUint(id, 10, 32)
	return uint32(n), err
}

// splitPairs splits words of the form KEY=VALUE, each key once.
func splitPairs(words []string) (pairs [][2]string, err error) {
	seen := map[string]bool{}
	for _, word := range words {
		key, value, ok := strings.Cut(word, "=")
		if !ok || key == "" || value == "" {
			return nil, fmt.Errorf("%q: write KEY=VALUE, without blanks", word)
		}
		if seen[key] {
			return nil, fmt.Errorf("%q is there twice", key)
		}
		seen[key] = true
		pairs = append(pairs, [2]string{key, value})
	}
	return pairs, nil
}

// splitWords splits a line at blanks; a word may be a Go string in double quotes.
func splitWords(line string) (words []string, err error) {
	for {
		line = strings.TrimLeft(line, " \t\r")
		switch {
		case line == "" || line[0] == '#':
			return words, nil
		case line[0] == '"':
			quoted, err := strconv.QuotedPrefix(line)
			if err != nil {
				return nil, fmt.Errorf("%s: the quotes do not end", line)
			}
			word, err := strconv.Unquote(quoted)
			if err != nil {
				return nil, err
			}
			words, line = append(words, word), line[len(quoted):]
			if line != "" && !strings.ContainsAny(line[:1], " \t\r#") {
				return nil, fmt.Errorf("%q: a blank is missing behind the quotes", line)
			}
		default:
			end := strings.IndexAny(line, " \t\r#")
			if end < 0 {
				end = len(line)
			}
			words, line = append(words, line[:end]), line[end:]
		}
	}
}
