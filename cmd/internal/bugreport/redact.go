// SPDX-License-Identifier: Apache-2.0

package bugreport

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// Redacted stands where a secret was.
const Redacted = "[redacted]"

// A Redactor replaces secrets and, if asked to, paths.
type Redactor struct {
	paths bool
	key   []byte // of the hashes of paths: another one for each archive
}

// NewRedactor makes one. With paths, each part of a path becomes a hash: the same
// within one archive, and nothing that could be looked up.
func NewRedactor(paths bool) *Redactor {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return &Redactor{paths, key}
}

var (
	// A URL's password, and whatever else is before its host.
	userinfo = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)([^/\s:@"']*)(:[^/\s"']*)?@`)
	// name=value, name: value, "name": "value", --name value, "--name","value", for
	// names of secrets.
	named = regexp.MustCompile(`(?i)((?:--)?["']?[a-z0-9_.-]*(?:passw(?:or)?d|passphrase|pass|pwd|secret|token|credential|api[_-]?key|access[_-]?key|private[_-]?key|embed[_-]?key|sign[_-]?key|auth(?:orization)?|cookie|bearer)["']?(?:\s*[=:,]\s*|\s+))("(?:[^"\\]|\\.)*"|'[^']*'|(?:bearer |basic )?[^\s"',;&]+)`)
	// What is a secret by its looks.
	shaped = regexp.MustCompile(`\b(?:sk|pk|rk)[-_](?:[a-zA-Z]+[-_])*[A-Za-z0-9_-]{16,}|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}|\bglpat-[A-Za-z0-9_-]{16,}|\bxox[abeprs]-[A-Za-z0-9-]{10,}|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[0-9A-Za-z_-]{30,}|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*`)
	scheme = regexp.MustCompile(`(?i)\b(bearer|basic) +[A-Za-z0-9+/_=.~-]{8,}`)
	pem    = regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)`)
	// NAME=value, as in an environment.
	variable = regexp.MustCompile(`(^|[\s"'=])([A-Z][A-Z0-9_]{2,})=("(?:[^"\\]|\\.)*"|'[^']*'|[^\s"']+)`)
	absolute = regexp.MustCompile(`(^|[\s"'=:,(\[<|])(/[^\s"'<>|:,;()\[\]{}]+)`)
)

// known are variables whose values say how vexj is set up. They go through all other
// rules.
var known = []string{
	"VEXJ_JOURNAL", "VEXJ_RUN_DIR", "VEXJ_POLICY", "VEXJ_SOCKET", "VEXJD_FLAGS", "VEXJ_PARAMETERS",
	"PATH", "LANG", "TZ", "NO_COLOR", "STATUS", "READY", "STOPPING", "WATCHDOG", "BOOT_IMAGE",
}

// Text redacts what others have written: log lines, files, command lines. Values of
// variables go, whatever they are called, but for those that are known.
func (r *Redactor) Text(text []byte) (out []byte, redactions int) {
	count := 0
	out = eachLine(variable, []string{"="}, text, func(m []byte) []byte {
		g := variable.FindSubmatch(m)
		// Environment=NAME=value: the name is what matters.
		if slices.Contains(known, string(g[2])) || bytes.Equal(g[3], []byte(Redacted)) {
			return m
		}
		count++
		return slices.Concat(g[1], g[2], []byte("="+Redacted))
	})
	out, more := r.Own(out)
	return out, count + more
}

// Own redacts what vexj says itself, of things that others may have named.
func (r *Redactor) Own(text []byte) (out []byte, redactions int) {
	count := 0
	replace := func(re *regexp.Regexp, hints []string, with func(g [][]byte) []byte) {
		out = eachLine(re, hints, out, func(m []byte) []byte {
			n := with(re.FindSubmatch(m))
			if !bytes.Equal(n, m) {
				count++
			}
			return n
		})
	}
	// Of many lines.
	out = pem.ReplaceAllFunc(text, func([]byte) []byte {
		count++
		return []byte("private key " + Redacted)
	})
	replace(userinfo, []string{"://"}, func(g [][]byte) []byte {
		if len(g[2])+len(g[3]) == 0 {
			return g[0]
		}
		return slices.Concat(g[1], []byte(Redacted+"@"))
	})
	replace(scheme, []string{"bearer", "basic"}, func(g [][]byte) []byte { return slices.Concat(g[1], []byte(" "+Redacted)) })
	replace(shaped, shapes, func([][]byte) []byte { return []byte(Redacted) })
	replace(named, names, func(g [][]byte) []byte {
		value := strings.Trim(string(g[2]), `"'`)
		// Where a secret is kept is none, nor is that there is none.
		if value == "" || value == "null" || strings.HasPrefix(value, "/") || strings.Contains(value, Redacted) || strings.HasPrefix(value, "-") {
			return g[0]
		}
		if !bytes.ContainsAny(g[1], "=:") && !bytes.Contains(g[1], []byte("--")) {
			return g[0] // prose
		}
		if q := g[2][0]; q == '"' || q == '\'' {
			return slices.Concat(g[1], []byte{q}, []byte(Redacted), []byte{q})
		}
		return slices.Concat(g[1], []byte(Redacted))
	})
	if r.paths {
		replace(absolute, []string{"/"}, func(g [][]byte) []byte { return slices.Concat(g[1], []byte(r.path(string(g[2])))) })
	}
	return out, count
}

// names and shapes are in each line, in small letters, that their expressions match:
// expressions take some hundred times longer than a look for these.
var (
	names  = []string{"pass", "pwd", "secret", "token", "credential", "key", "auth", "cookie", "bearer"}
	shapes = []string{"sk-", "sk_", "pk-", "pk_", "rk-", "rk_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "akia", "asia", "aiza", "eyj"}
)

// eachLine replaces what an expression matches in the lines that have one of the
// hints.
func eachLine(re *regexp.Regexp, hints []string, text []byte, with func([]byte) []byte) []byte {
	out := make([]byte, 0, len(text))
	for line := range bytes.Lines(text) {
		small := bytes.ToLower(line)
		if slices.ContainsFunc(hints, func(h string) bool { return bytes.Contains(small, []byte(h)) }) {
			line = re.ReplaceAllFunc(line, with)
		}
		out = append(out, line...)
	}
	return out
}

// JSON redacts each text in a value, whole paths with blanks in them too.
func (r *Redactor) JSON(v any) (out []byte, redactions int, err error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, 0, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return nil, 0, err
	}
	count := 0
	tree = r.walk("", tree, &count)
	out, err = json.MarshalIndent(tree, "", "  ")
	return append(out, '\n'), count, err
}

func (r *Redactor) walk(name string, v any, count *int) any {
	switch v := v.(type) {
	case map[string]any:
		for k, one := range v {
			v[k] = r.walk(k, one, count)
		}
	case []any:
		for i, one := range v {
			v[i] = r.walk(name, one, count)
		}
	case string:
		if r.paths && strings.HasPrefix(v, "/") {
			if p := r.path(v); p != v {
				*count++
				return p
			}
			return v
		}
		// By the name of the member too.
		const colon = ": "
		out, n := r.Own([]byte(name + colon + v))
		*count += n
		text := string(out)
		if rest, ok := strings.CutPrefix(text, name+colon); ok {
			return rest
		}
		return Redacted
	}
	return v
}

// plain are folders of the system, whose names tell nothing.
var plain = map[string]bool{
	"bin": true, "boot": true, "dev": true, "etc": true, "lib": true, "lib64": true, "proc": true, "run": true, "sbin": true, "sys": true,
	"usr": true, "var": true, "vexj": true, "journal": true, "home": true, "root": true, "tmp": true, "srv": true, "opt": true, "mnt": true,
}

// system are those in which nothing is anybody's.
var system = []string{"/bin/", "/boot/", "/dev/", "/lib/", "/lib64/", "/proc/", "/sbin/", "/sys/", "/usr/", "/etc/vexj", "/etc/default/vexj",
	"/etc/systemd/", "/var/lib/vexj/", "/run/vexj/", "/run/systemd/"}

// path hashes each part of a path that is not the system's.
func (r *Redactor) path(path string) string {
	for _, prefix := range system {
		if strings.HasPrefix(path, prefix) {
			return path
		}
	}
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if part == "" || part == "." || part == ".." || plain[part] || strings.HasPrefix(part, "~") {
			continue
		}
		mac := hmac.New(sha256.New, r.key)
		mac.Write([]byte(part))
		parts[i] = "~" + hex.EncodeToString(mac.Sum(nil)[:4])
	}
	return strings.Join(parts, "/")
}
