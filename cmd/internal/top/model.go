// SPDX-License-Identifier: Apache-2.0

package top

import (
	"fmt"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// most is how many rows a table has at most.
const most = 200

// A Model shows a board on a terminal; it is bubbletea's.
type Model struct {
	board  *Board
	source string
	every  time.Duration
	style  Style

	picture Picture
	byBytes bool
	paused  bool
	err     error
}

var _ tea.Model = (*Model)(nil)

// NewModel shows the board, whose records come from the source, and looks again
// that often.
func NewModel(b *Board, source string, every time.Duration, color bool) *Model {
	return &Model{board: b, source: source, every: every, style: Style{Width: 80, Height: 24, Color: color}}
}

// Ended, as a message, says that no more records come, and why.
type Ended struct{ Err error }

type tick struct{}

func (m *Model) tick() tea.Cmd {
	return tea.Tick(m.every, func(time.Time) tea.Msg { return tick{} })
}

// Init begins to look.
func (m *Model) Init() tea.Cmd {
	m.look()
	return m.tick()
}

func (m *Model) look() { m.picture = m.board.Picture(most, m.byBytes) }

// Update takes keys, the terminal's size, and the time.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.style.Width, m.style.Height = msg.Width, msg.Height
	case tick:
		if !m.paused {
			m.look()
		}
		return m, m.tick()
	case Ended:
		m.err = msg.Err
		return m, tea.Quit
	case tea.KeyMsg:
		return m, m.key(msg.String())
	}
	return m, nil
}

func (m *Model) key(name string) tea.Cmd {
	switch name {
	case "q", "ctrl+c", "esc":
		return tea.Quit
	case " ", "p":
		m.paused = !m.paused
	case "o":
		m.byBytes = !m.byBytes
	case "r":
		m.board.Reset()
	case "0", "1", "2", "3", "4":
		m.style.Only = int(name[0] - '0')
	default:
		return nil
	}
	if !m.paused {
		m.look()
	}
	return nil
}

// Err is why no more records came.
func (m *Model) Err() error { return m.err }

// View is what the terminal shows.
func (m *Model) View() string {
	state := "by operations"
	if m.byBytes {
		state = "by bytes"
	}
	if m.paused {
		state += ", PAUSED"
	}
	title := cut(fmt.Sprintf("vexj %s  last %.0f s, %s", m.source, m.picture.Seconds, state), m.style.Width)
	help := cut("q quit  space pause  o order  0-4 tables  r reset", m.style.Width)
	style := m.style
	style.Height = max(style.Height-2, 1)
	lines := m.picture.Lines(style)
	for len(lines) < style.Height {
		lines = append(lines, "")
	}
	return strings.Join(append(append([]string{title}, lines...), help), "\n")
}
