// SPDX-License-Identifier: Apache-2.0

package browser

import "testing"

// What is to be seen at each address.
var views = []struct {
	name, hash, there string
}{
	{"records", "#/records", `document.querySelectorAll('.record').length > 10`},
	{"filter", "#/records?q=type%3Awrite%20agent%3Acodex%20path%3A%2Fsrv%2F**", `document.querySelectorAll('.record').length > 10`},
	{"losses", "#/records?q=type%3Alost", `document.querySelector('.rows').innerText.includes('600 records lost')`},
	{"sessions", "#/sessions?session=style-sweep", `document.querySelector('.against')?.innerText.includes('secrets.env')`},
	{"blame", "#/blame?path=%2Fsrv%2Fshop%2Fapi%2Fserver.go", `document.querySelector('.writers')?.innerText.includes('Make the login time out')`},
	{"folder", "#/blame?path=%2Fsrv%2Fshop", `document.querySelectorAll('.file').length > 5`},
	{"processes", "#/processes?q=agent%3Aclaude-code", `document.querySelectorAll('.proc').length > 10`},
	{"nothing", "#/records?q=agent%3Anobody", `document.querySelector('.empty')?.innerText.includes('No record meets the filter')`},
}

// TestViews: each shows what it is for, in both themes, and complains of nothing.
func TestViews(t *testing.T) {
	b := open(t)
	for _, v := range views {
		b.at(v.hash)
		b.until(v.there)
		for _, theme := range []string{"dark", "light"} {
			b.theme(theme)
			b.shot(v.name + " " + theme)
		}
	}
	b.at("#/records?q=type%3Arename%20path%3A%2Fsrv%2Fshop%2F**")
	b.until(`document.querySelector('.record:not(.gap)')?.innerText.includes('rename')`)
	b.run(`document.querySelector('.record:not(.gap)').click()`)
	b.until(`document.querySelector('#drawer .events')`)
	for _, theme := range []string{"dark", "light"} {
		b.theme(theme)
		b.shot("record " + theme)
	}
}
