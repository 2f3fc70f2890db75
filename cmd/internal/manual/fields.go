// SPDX-License-Identifier: Apache-2.0

package manual

import (
	"cmp"
	"strings"

	"vexj/internal/glossary"
)

// Fields lists the members of a record's object.
func Fields() string {
	var p page
	p.macro("Bl -tag -width Ds")
	for _, e := range glossary.Entries() {
		if e.Kind != glossary.Field {
			continue
		}
		item := "Va " + word(e.Name) + " No " + e.Type
		if e.Unit != "" {
			item += " , " + strings.ReplaceAll(e.Unit, ",", " ,")
		}
		p.macro("It %s", item)
		var by []string
		for _, one := range e.By {
			by = append(by, cmp.Or(glossary.Makers[one], one))
		}
		p.text(strings.ToUpper(e.Doc[:1]) + e.Doc[1:] + ".")
		if e.Group() == "" && e.By[0] != "all" {
			p.text("From " + strings.Join(by, ", ") + ".")
		}
	}
	p.macro("El")
	return p.String()
}

// Words lists the other words of a kind.
func Words(kind glossary.Kind) string {
	var p page
	p.macro("Bl -tag -width Ds -compact")
	for _, e := range glossary.Entries() {
		if e.Kind == kind {
			p.macro("It Cm %s", word(e.Name))
			p.text(strings.ToUpper(e.Doc[:1]) + e.Doc[1:] + ".")
		}
	}
	p.macro("El")
	return p.String()
}
