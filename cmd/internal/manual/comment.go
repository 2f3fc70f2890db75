// SPDX-License-Identifier: Apache-2.0

package manual

import (
	"fmt"
	"go/doc/comment"
	"slices"
	"strings"
)

// Comment makes sections of those of a package's documentation, in their order,
// without those that are left out and what comes before the first heading. The macro
// is Sh or Ss.
func Comment(text, macro string, without ...string) (string, error) {
	var p page
	on := false
	seen := map[string]bool{}
	// A reader of the page has no links: names stand there without brackets.
	parser := comment.Parser{LookupSym: func(string, string) bool { return true }}
	for _, block := range parser.Parse(text).Content {
		if h, ok := block.(*comment.Heading); ok {
			title := plain(h.Text)
			on = !slices.Contains(without, title)
			seen[title] = true
			if on {
				if macro == "Sh" {
					title = strings.ToUpper(title)
				}
				p.macro("%s %s", macro, title)
			}
			continue
		}
		if on {
			p.block(block)
		}
	}
	for _, title := range without {
		if !seen[title] {
			return "", fmt.Errorf("the documentation has no section %q", title)
		}
	}
	return p.String(), nil
}

func (p *page) block(block comment.Block) {
	// None behind a section's title.
	if lines := strings.Split(strings.TrimSuffix(p.String(), "\n"), "\n"); !strings.HasPrefix(lines[len(lines)-1], ".S") {
		p.macro("Pp")
	}
	switch b := block.(type) {
	case *comment.Paragraph:
		p.text(plain(b.Text))
	case *comment.Code:
		s := strings.TrimSuffix(p.String(), ".Pp\n")
		p.Reset()
		p.WriteString(s)
		p.literal(b.Text)
	case *comment.List:
		s := strings.TrimSuffix(p.String(), ".Pp\n")
		p.Reset()
		p.WriteString(s)
		p.macro("Bl -bullet")
		for _, item := range b.Items {
			p.macro("It")
			for _, c := range item.Content {
				p.text(plain(c.(*comment.Paragraph).Text))
			}
		}
		p.macro("El")
	}
}

func plain(texts []comment.Text) string {
	var sb strings.Builder
	for _, t := range texts {
		switch t := t.(type) {
		case comment.Plain:
			sb.WriteString(string(t))
		case comment.Italic:
			sb.WriteString(string(t))
		case *comment.Link:
			sb.WriteString(plain(t.Text))
		case *comment.DocLink:
			sb.WriteString(plain(t.Text))
		}
	}
	return sb.String()
}
