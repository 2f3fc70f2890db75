// SPDX-License-Identifier: Apache-2.0

package replay

// Dry is the target of a dry run: a tree in memory.
type Dry struct{ *Tree }

// Plan is of [Target]: nothing has to be done.
func (d Dry) Plan(it *Item) Step {
	d.apply(it)
	return nil
}

// Settle is of [Target].
func (d Dry) Settle(bool) error { return nil }

// Tidy is of [Target].
func (d Dry) Tidy() error { return nil }

// Digest is of [Target].
func (d Dry) Digest() (Digest, error) { return DigestOf(d.Entries(), AspectTree), nil }
