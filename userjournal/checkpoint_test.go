// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vexj/internal/blake3"
)

func someCheckpoint() Checkpoint {
	c := Checkpoint{Journal: [16]byte{1, 2, 3}, Ordinal: 4711, Chain: blake3.Sum256([]byte("records")),
		Time: time.Date(2026, 11, 23, 6, 30, 0, 0, time.UTC)}
	return c
}

func TestCheckpointText(t *testing.T) {
	key := NewSigningKey()
	plain := someCheckpoint()
	for _, c := range []Checkpoint{plain, key.Sign(plain)} {
		line := c.String()
		got, err := ParseCheckpoint(line)
		if err != nil || got != c {
			t.Fatalf("%q: %+v, %v", line, got, err)
		}
		if err := got.Verify(key.Public()); (err == nil) != c.Signed() {
			t.Errorf("signed %v: %v", c.Signed(), err)
		}
		if err := got.Verify(NewSigningKey().Public()); !errors.Is(err, ErrSignature) {
			t.Errorf("other key: %v", err)
		}
		for i := range line {
			b := []byte(line)
			b[i] ^= 1
			bad, err := ParseCheckpoint(string(b))
			if err == nil && c.Signed() {
				err = bad.Verify(key.Public())
			}
			if err == nil && bad == c {
				t.Errorf("byte %d of %q is not noticed", i, line)
			}
		}
	}
	for _, line := range []string{"", "vexj-checkpoint-1", plain.String() + " ", " " + plain.String(), plain.String() + "\n",
		plain.String() + " key=AAAA sig=AAAA", strings.Replace(plain.String(), "ordinal=4711", "ordinal=04711", 1),
		strings.Replace(plain.String(), "Z", "+01:00", 1), strings.ToUpper(plain.String())} {
		if _, err := ParseCheckpoint(line); !errors.Is(err, ErrCheckpoint) {
			t.Errorf("%q: %v", line, err)
		}
	}
}

func TestKeys(t *testing.T) {
	key := NewSigningKey()
	again, err := ParseSigningKey(key.MarshalPEM())
	if err != nil || !bytes.Equal(again.private, key.private) {
		t.Fatal(err)
	}
	public, err := ParsePublicKey(key.Public().MarshalPEM())
	if err != nil || public != key.Public() {
		t.Fatal(err)
	}
	for _, text := range [][]byte{nil, []byte("key"), key.Public().MarshalPEM(), key.MarshalPEM()[:60]} {
		if _, err := ParseSigningKey(text); !errors.Is(err, ErrKey) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range [][]byte{nil, []byte("key"), key.MarshalPEM()} {
		if _, err := ParsePublicKey(text); !errors.Is(err, ErrKey) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// The keys are those of OpenSSL, and what it says of a signature is what we do.
func TestOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatalf("%v; install openssl, to compare with", err)
	}
	dir := t.TempDir()
	run := func(args ...string) []byte {
		t.Helper()
		out, err := exec.Command(openssl, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("openssl %v: %v: %s", args, err, out)
		}
		return out
	}
	write := func(name string, b []byte) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key, err := ParseSigningKey(run("genpkey", "-algorithm", "ed25519"))
	if err != nil {
		t.Fatal(err)
	}
	c := key.Sign(someCheckpoint())
	run("pkeyutl", "-verify", "-pubin", "-inkey", write("pub", key.Public().MarshalPEM()), "-rawin",
		"-in", write("statement", c.statement()), "-sigfile", write("sig", c.Signature[:]))
}

// A checkpoint is taken of a journal that is written to, that was killed, and of
// one whose last segment is new.
func TestReaderCheckpoint(t *testing.T) {
	dir := t.TempDir()
	recs := newWorkload(3).records(30)
	var points []Checkpoint
	take := func(want uint64) {
		t.Helper()
		c := checkpoint(t, dir)
		if c.Ordinal != want {
			t.Errorf("at %d, want %d", c.Ordinal, want)
		}
		points = append(points, c)
	}
	w, err := Create(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, dir).Checkpoint(); !errors.Is(err, ErrEmpty) {
		t.Errorf("of nothing: %v", err)
	}
	for i := 0; i < len(recs); i += 10 {
		if _, err := w.AppendBatch(recs[i : i+10]); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		take(uint64(i + 10))
	}
	w.lock.Close() // as if it was killed
	take(30)
	if w, err = Create(dir, Options{}); err != nil {
		t.Fatal(err)
	}
	take(30)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	take(30)
	found := findings(t, dir, Evidence{Checkpoints: points})
	if len(found) > 0 {
		t.Errorf("found %q", found)
	}
	foreign := points[2]
	foreign.Journal[3] ^= 1
	if found := findings(t, dir, Evidence{Checkpoints: []Checkpoint{foreign}}); !mentions(found, "it is of the journal") {
		t.Errorf("found %q", found)
	}
}

func FuzzCheckpoint(f *testing.F) {
	f.Add(someCheckpoint().String())
	f.Add(NewSigningKey().Sign(someCheckpoint()).String())
	f.Fuzz(func(t *testing.T, line string) {
		if c, err := ParseCheckpoint(line); err == nil && c.String() != line {
			t.Fatalf("%q is read as %q", line, c.String())
		}
	})
}
