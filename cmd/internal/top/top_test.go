// SPDX-License-Identifier: Apache-2.0

package top

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	tea "github.com/charmbracelet/bubbletea"

	"vexj/uapi"
)

// filled is a board after ten seconds of a machine's life.
func filled(t *testing.T) (*Board, *time.Time) {
	t.Helper()
	now := time.Unix(1000, 0)
	b := newBoard(func() time.Time { return now })
	add := func(n int, h uapi.Header, attrs func(*uapi.Builder)) {
		for range n {
			r := uapi.NewBuilder(nil)
			h.EventID = 1
			r.Begin(h)
			attrs(r)
			rec, err := r.Finish()
			if err != nil {
				t.Fatal(err)
			}
			b.Add(rec)
		}
	}
	task := uapi.Task{TID: 7}
	copy(task.Comm[:], "git")
	add(100, uapi.Header{Type: uapi.FSWrite, PID: 7}, func(r *uapi.Builder) {
		r.AddTask(task)
		r.AddIO(uapi.IO{Length: 1024, Result: 1024})
		r.AddString(uapi.AttrPath, "/srv/big")
		r.AddString(uapi.AttrAgentID, "claude")
		r.AddU64(uapi.AttrSession, 42)
	})
	add(300, uapi.Header{Type: uapi.FSRead, PID: 8, Flags: uapi.FlagFailed}, func(r *uapi.Builder) {
		r.AddString(uapi.AttrPath, "/srv/hot\x1b[2J")
	})
	add(20, uapi.Header{Type: uapi.VectorSearch}, func(*uapi.Builder) {})
	add(1, uapi.Header{Type: uapi.SysLost}, func(r *uapi.Builder) { r.AddLost(uapi.Lost{Count: 5, Cause: uapi.LostFull}) })
	b.Missed(3)
	now = now.Add(5 * time.Second)
	return b, &now
}

func TestPicture(t *testing.T) {
	b, now := filled(t)
	p := b.Picture(10, false)
	got := p.Text(Style{})
	want := `84.2 records/s  20.0 KiB/s written  60.0 failed/s  lost 5, not seen 3

   ops/s      bytes/s  SESSIONS
    20.0     20.0 KiB  claude 42

   ops/s      bytes/s  PATHS
    60.0            -  /srv/hot\x1b[2J
    20.0     20.0 KiB  /srv/big

   ops/s      bytes/s  WRITERS
    20.0     20.0 KiB  git[7]

   ops/s      bytes/s  VECTORS AND GRAPH
     4.0            -  ` + uapi.VectorSearch.String() + "\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if p = b.Picture(1, true); p.Paths[0].Name != "/srv/big" || len(p.Paths) != 1 {
		t.Errorf("by bytes: %+v", p.Paths)
	}
	// What is old is forgotten; losses are not.
	*now = now.Add(3 * window)
	if p = b.Picture(10, false); len(p.Paths) != 0 || p.Records != 0 || p.Lost != 5 {
		t.Errorf("%+v", p)
	}
}

func TestModel(t *testing.T) {
	b, _ := filled(t)
	m := NewModel(b, "of a test", time.Second, false)
	if m.Init() == nil {
		t.Error("it does not look again")
	}
	press := func(key string) (quit bool) {
		msg := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(key)}
		if key == "ctrl+c" {
			msg = tea.KeyMsg{Type: tea.KeyCtrlC}
		}
		_, cmd := m.Update(msg)
		if cmd == nil {
			return false
		}
		_, quit = cmd().(tea.QuitMsg)
		return quit
	}
	for _, size := range [][2]int{{80, 24}, {20, 8}, {200, 60}, {1, 1}, {0, 0}} {
		m.Update(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		view := m.View()
		if strings.Contains(view, "\x1b") {
			t.Errorf("colours without being asked: %q", view)
		}
		lines := strings.Split(view, "\n")
		if len(lines) > max(size[1], 3) {
			t.Errorf("%d lines on a terminal of %v", len(lines), size)
		}
		for _, line := range lines[1:] {
			if n := utf8.RuneCountInString(line); size[0] >= 40 && n > size[0] {
				t.Errorf("%d columns on a terminal of %v: %q", n, size, line)
			}
		}
	}
	m.Update(tea.WindowSizeMsg{Width: 80, Height: 24})
	if view := m.View(); !strings.Contains(view, "vexj of a test  last 5 s, by operations") || !strings.Contains(view, "claude 42") {
		t.Error(view)
	}
	if press("2"); strings.Contains(m.View(), "claude") || !strings.Contains(m.View(), "/srv/big") {
		t.Error(m.View())
	}
	if press("o"); !strings.Contains(m.View(), "by bytes") {
		t.Error(m.View())
	}
	if press(" "); !strings.Contains(m.View(), "PAUSED") {
		t.Error(m.View())
	}
	b.Reset()
	if m.Update(tick{}); !strings.Contains(m.View(), "/srv/big") {
		t.Error("it goes on though it is paused")
	}
	if press("p"); strings.Contains(m.View(), "/srv/big") {
		t.Error("it does not go on")
	}
	if press("x") || !press("q") || !press("ctrl+c") {
		t.Error("q does not quit, or x does")
	}
	failed := errors.New("gone")
	if m.Update(Ended{failed}); !errors.Is(m.Err(), failed) {
		t.Error(m.Err())
	}
}

func TestColorsOnlyWhenAsked(t *testing.T) {
	b, _ := filled(t)
	p := b.Picture(10, false)
	if text := p.Text(Style{Color: true}); !strings.Contains(text, alarm+"lost 5") || !strings.Contains(text, bold) {
		t.Errorf("%q", text)
	}
}
