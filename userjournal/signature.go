// SPDX-License-Identifier: Apache-2.0

package userjournal

import "crypto/ed25519"

// A signature is what a footer has of the checkpoint at the end of its segment,
// all zero if there is none.
type signature struct {
	time int64 // seconds since 1970
	key  [ed25519.PublicKeySize]byte
	sign [ed25519.SignatureSize]byte
}
