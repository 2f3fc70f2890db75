// SPDX-License-Identifier: Apache-2.0

package manual

import (
	"fmt"
	"regexp"
	"strings"
)

// A page collects mdoc.
type page struct{ strings.Builder }

func (p *page) macro(format string, args ...any) { fmt.Fprintf(p, "."+format+"\n", args...) }

// text adds a paragraph's words, in lines of less than 80 bytes.
func (p *page) text(s string) {
	line := ""
	flush := func() {
		if line != "" {
			fmt.Fprintln(p, guard(line))
		}
		line = ""
	}
	for word := range strings.FieldsSeq(s) {
		word = escape(word)
		if line != "" && len(line)+1+len(word) > 78 {
			flush()
		}
		line = strings.TrimPrefix(line+" "+word, " ")
		// A sentence ends its line, so that its space is right.
		if strings.HasSuffix(word, ".") && len(word) > 2 {
			flush()
		}
	}
	flush()
}

// literal adds lines as they are.
func (p *page) literal(s string) {
	p.macro("Bd -literal -offset indent")
	for line := range strings.Lines(s) {
		fmt.Fprintln(p, guard(escape(strings.TrimRight(expand(line), " \n"))))
	}
	p.macro("Ed")
}

// expand replaces tabs, which mean something else in a page.
func expand(line string) string {
	var sb strings.Builder
	n := 0
	for _, r := range line {
		if r != '\t' {
			sb.WriteRune(r)
			n++
			continue
		}
		for sb.WriteByte(' '); (n+1)%8 != 0; n++ {
			sb.WriteByte(' ')
		}
		n++
	}
	return sb.String()
}

// dashes are those that are to be copied as they are.
var dashes = regexp.MustCompile(`(^|[ (|\[])(--?)([a-zA-Z])`)

func escape(s string) string {
	s = strings.ReplaceAll(s, `\`, `\e`)
	s = dashes.ReplaceAllStringFunc(s, func(m string) string { return strings.ReplaceAll(m, "-", `\-`) })
	return strings.NewReplacer("^", `\(ha`, "~", `\(ti`, "`", `\(ga`).Replace(s)
}

// guard keeps a line of text from being a macro.
func guard(line string) string {
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		return `\&` + line
	}
	return line
}

// word escapes what stands on the line of a macro, where names of macros and
// punctuation mean something.
func word(s string) string {
	s = escape(s)
	if len(s) <= 2 || strings.ContainsAny(s, `|"`) || strings.ContainsAny(s[:1], `([).,:;!?-`) {
		s = strings.ReplaceAll(s, `"`, `\(dq`)
		return `\&` + s
	}
	return s
}
