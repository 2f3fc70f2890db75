// SPDX-License-Identifier: Apache-2.0

package boundary

// A Side is who recorded.
type Side int

const (
	Kernel Side = iota
	User
)

func (s Side) String() string { return [...]string{"kernel", "user"}[s] }

// A State is what a drift means.
type State int

const (
	Synchronised State = iota
	Minor
	Major
	Lost
	Recovering
)

var stateNames = [...]string{"synchronised", "minor", "major", "lost", "recovering"}

func (s State) String() string { return stateNames[s] }

// MarshalText makes JSON bear the word.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

const (
	// majorDrift is where a drift is not minor any more.
	majorDrift = 100
	// recovered is after how many matches in a row.
	recovered = 16
)

// A Tracker keeps the sequences of both sides side by side.
type Tracker struct {
	Sequence [2]uint64 // of each Side
	Worst    uint64    // drift that there was
	Losses   uint64    // times that a side lost records

	base  int64 // difference that counts as none
	state State
	run   int // matches in a row, while it recovers
}

// State is where the tracker is.
func (t *Tracker) State() State { return t.state }

// Drift is how far the sequences are apart.
func (t *Tracker) Drift() uint64 {
	d := int64(t.Sequence[Kernel]-t.Sequence[User]) - t.base
	return uint64(max(d, -d))
}

// Matched notes an act that both sides tell of.
func (t *Tracker) Matched() {
	t.Sequence[Kernel]++
	t.Sequence[User]++
	switch t.state {
	case Lost:
		t.again()
	case Recovering:
		if t.run++; t.run >= recovered {
			t.state = Synchronised
		}
	}
}

// again counts the difference from here.
func (t *Tracker) again() {
	t.base = int64(t.Sequence[Kernel] - t.Sequence[User])
	t.state, t.run = Recovering, 1
}

// Alone notes an act that one side tells of.
func (t *Tracker) Alone(s Side) {
	t.Sequence[s]++
	switch t.state {
	case Lost:
	case Recovering:
		t.again()
		t.run = 0
	default:
		t.settle()
	}
}

// Lose notes that records of a side are lost.
func (t *Tracker) Lose(Side) {
	t.Losses++
	t.state = Lost
}

func (t *Tracker) settle() {
	d := t.Drift()
	t.Worst = max(t.Worst, d)
	switch {
	case d == 0:
		t.state = Synchronised
	case d < majorDrift:
		t.state = Minor
	default:
		t.state = Major
	}
}
