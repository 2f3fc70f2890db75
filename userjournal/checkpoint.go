// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Checkpoint is the value of a journal's chain behind one record. Kept where
// who can change the journal cannot change it, it shows later whether any record
// up to there was changed, dropped, moved or inserted.
type Checkpoint struct {
	Journal [16]byte
	Ordinal uint64 // of the record, the last of its block
	Chain   Digest
	Time    time.Time // when it was made, to the second

	// Key and Signature are zero if it is not signed.
	Key       PublicKey
	Signature [ed25519.SignatureSize]byte
}

// checkpointTag begins the line, so that no other text can be taken for one.
const checkpointTag = "vexj-checkpoint-1"

// statement is what is signed: the line up to the signature.
func (c *Checkpoint) statement() []byte {
	b := fmt.Appendf(nil, "%s journal=%x ordinal=%d chain=%v time=%s", checkpointTag,
		c.Journal, c.Ordinal, c.Chain, c.Time.UTC().Format(time.RFC3339))
	if c.Key != (PublicKey{}) {
		b = fmt.Appendf(b, " key=%s", base64.StdEncoding.EncodeToString(c.Key[:]))
	}
	return b
}

// String is one line of text, without a newline:
//
//	vexj-checkpoint-1 journal=HEX ordinal=N chain=HEX time=RFC3339 [key=BASE64 sig=BASE64]
//
// The signature is that of the line before " sig=".
func (c Checkpoint) String() string {
	line := string(c.statement())
	if c.Key != (PublicKey{}) {
		line += " sig=" + base64.StdEncoding.EncodeToString(c.Signature[:])
	}
	return line
}

// ParseCheckpoint is the inverse of String. It accepts no other spelling of the
// same, and does not verify the signature.
func ParseCheckpoint(line string) (c Checkpoint, err error) {
	bad := func(what string) (Checkpoint, error) {
		return Checkpoint{}, fmt.Errorf("%w: %s; it is the line that `vexjctl journal checkpoint` printed", ErrCheckpoint, what)
	}
	fields := strings.Split(line, " ")
	keys := []string{"journal", "ordinal", "chain", "time", "key", "sig"}
	if fields[0] != checkpointTag || len(fields) != 5 && len(fields) != 7 {
		return bad("no line of one")
	}
	for i, field := range fields[1:] {
		value, ok := strings.CutPrefix(field, keys[i]+"=")
		if ok {
			ok = c.set(keys[i], value) == nil
		}
		if !ok {
			return bad(fmt.Sprintf("%q where %s must be", field, keys[i]))
		}
	}
	if c.String() != line {
		return bad("a line that was not written so")
	}
	return c, nil
}

func (c *Checkpoint) set(key, value string) (err error) {
	switch key {
	case "journal":
		err = fillBytes(c.Journal[:], value, hex.DecodeString)
	case "ordinal":
		c.Ordinal, err = strconv.ParseUint(value, 10, 64)
	case "chain":
		err = fillBytes(c.Chain[:], value, hex.DecodeString)
	case "time":
		c.Time, err = time.Parse(time.RFC3339, value)
	case "key":
		err = fillBytes(c.Key[:], value, base64.StdEncoding.DecodeString)
	case "sig":
		err = fillBytes(c.Signature[:], value, base64.StdEncoding.DecodeString)
	}
	return err
}

// fillBytes decodes a value that has exactly the bytes of dst.
func fillBytes(dst []byte, value string, decode func(string) ([]byte, error)) error {
	b, err := decode(value)
	if err == nil && len(b) != len(dst) {
		err = fmt.Errorf("%d bytes, not %d", len(b), len(dst))
	}
	copy(dst, b)
	return err
}

// Signed: by whoever has the private half of Key.
func (c *Checkpoint) Signed() bool { return c.Key != (PublicKey{}) }

// Verify holds the signature against the key.
func (c *Checkpoint) Verify(key PublicKey) error {
	switch {
	case !c.Signed():
		return fmt.Errorf("%w: it is not signed", ErrSignature)
	case c.Key != key:
		return fmt.Errorf("%w: it is signed with another key, %s", ErrSignature, base64.StdEncoding.EncodeToString(c.Key[:]))
	case !ed25519.Verify(key[:], c.statement(), c.Signature[:]):
		return fmt.Errorf("%w: it is not that of the checkpoint", ErrSignature)
	}
	return nil
}

// A signature is what a footer has of the checkpoint at the end of its segment,
// all zero if there is none.
type signature struct {
	time int64 // seconds since 1970
	key  PublicKey
	sign [ed25519.SignatureSize]byte
}

func (s *signature) present() bool { return s.key != PublicKey{} }

// checkpoint is the one at the end of the segment with the header h.
func (f *footer) checkpoint(h *segmentHeader) Checkpoint {
	return Checkpoint{Journal: h.Journal, Ordinal: f.next - 1, Chain: f.chain,
		Time: time.Unix(f.sign.time, 0).UTC(), Key: f.sign.key, Signature: f.sign.sign}
}

// signFooter signs what a segment ends with. One without records ends nowhere.
func (k *SigningKey) signFooter(f *footer, h *segmentHeader) {
	if f.records == 0 {
		return
	}
	c := k.Sign(f.checkpoint(h))
	f.sign = signature{c.Time.Unix(), c.Key, c.Signature}
}

// Checkpoint returns the one behind the last record that is visible now, which
// it makes durable: a checkpoint must not outlive what it is of.
func (r *Reader) Checkpoint() (Checkpoint, error) {
	if err := r.refresh(); err != nil {
		return Checkpoint{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return Checkpoint{}, ErrClosed
	}
	n := len(r.segments)
	c, err := r.checkpoint(r.segments[n-1])
	// What is in the one before may be on its way to the disk as well.
	for _, x := range r.segments[max(n-2, 0):] {
		if err == nil {
			err = r.settle(x)
		}
	}
	if err == nil {
		err = r.fs.SyncDir(r.dir)
	}
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint: %w", err)
	}
	c.Time = time.Now().Truncate(time.Second).UTC()
	return c, nil
}

func (r *Reader) checkpoint(x *index) (c Checkpoint, err error) {
	if err := r.load(x, true); err != nil {
		return c, err
	}
	c.Journal = x.header.Journal
	switch {
	case len(x.entries) == 0:
		c.Ordinal, c.Chain = x.first-1, x.header.Previous
		if c.Ordinal == 0 {
			err = ErrEmpty
		}
	case x.sealed():
		c.Ordinal, c.Chain = x.last(), x.footer.chain
	default:
		f, err := r.open(x)
		if err != nil {
			return c, err
		}
		defer f.Close()
		e := &x.entries[len(x.entries)-1]
		head := blockReader{r: f, salt: x.header.Salt}
		var blk block
		if err := head.readHeader(e.offset, e.end(), &blk); err != nil {
			return c, err
		}
		c.Ordinal, c.Chain = blk.zone.Last, blk.after()
	}
	return c, err
}

func (r *Reader) settle(x *index) error {
	f, err := r.open(x)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
