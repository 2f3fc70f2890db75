// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"
)

// A SigningKey signs checkpoints, with ed25519. It is to be kept where those who
// may change the journal cannot read it: who has it can forge both.
type SigningKey struct {
	private ed25519.PrivateKey
	now     func() time.Time
}

const (
	pemPrivate = "PRIVATE KEY"
	pemPublic  = "PUBLIC KEY"
)

// NewSigningKey makes a random one.
func NewSigningKey() *SigningKey {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	return &SigningKey{private, time.Now}
}

// ParseSigningKey reads a key in PKCS #8, PEM: what MarshalPEM writes, and
// `openssl genpkey -algorithm ed25519`.
func ParseSigningKey(text []byte) (*SigningKey, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != pemPrivate {
		return nil, fmt.Errorf("%w: no PEM block %q; make a key with `vexjctl journal keygen`", ErrKey, pemPrivate)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%w: it is a %T, not one of ed25519", ErrKey, key)
	}
	return &SigningKey{private, time.Now}, nil
}

// MarshalPEM is the inverse of ParseSigningKey.
func (k *SigningKey) MarshalPEM() []byte {
	der, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		panic(err) // not of an ed25519 key
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemPrivate, Bytes: der})
}

// Public is what signatures are verified with.
func (k *SigningKey) Public() PublicKey {
	return PublicKey(k.private.Public().(ed25519.PublicKey))
}

// A PublicKey verifies signatures. The zero value is no key.
type PublicKey [ed25519.PublicKeySize]byte

// ParsePublicKey reads a key in PKIX, PEM, as MarshalPEM writes it and `openssl
// pkey -pubout`.
func ParsePublicKey(text []byte) (PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != pemPublic {
		return PublicKey{}, fmt.Errorf("%w: no PEM block %q; give the file that ends in .pub", ErrKey, pemPublic)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return PublicKey{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	public, ok := key.(ed25519.PublicKey)
	if !ok {
		return PublicKey{}, fmt.Errorf("%w: it is a %T, not one of ed25519", ErrKey, key)
	}
	return PublicKey(public), nil
}

// MarshalPEM is the inverse of ParsePublicKey.
func (k PublicKey) MarshalPEM() []byte {
	der, err := x509.MarshalPKIXPublicKey(ed25519.PublicKey(k[:]))
	if err != nil {
		panic(err) // not of an ed25519 key
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemPublic, Bytes: der})
}

// Sign returns the checkpoint with the time and a signature.
func (k *SigningKey) Sign(c Checkpoint) Checkpoint {
	c.Time = k.now().Truncate(time.Second).UTC()
	c.Key = k.Public()
	copy(c.Signature[:], ed25519.Sign(k.private, c.statement()))
	return c
}
