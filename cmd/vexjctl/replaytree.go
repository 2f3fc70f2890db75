// SPDX-License-Identifier: Apache-2.0

package main

import "vexj/query/replay"

// A remadeTree is a folder that is made, or nothing but the tree of it.
type remadeTree struct {
	f    *replayFlags
	tree *replay.Tree
	d    *replay.Directory // nil: a dry run
}

func (f *replayFlags) openTree(o replay.TreeOptions) (remade, error) {
	if f.dryRun {
		return &remadeTree{f, replay.NewTree(o), nil}, nil
	}
	d, err := replay.OpenDirectory(f.into, o, f.o.Resume)
	if err != nil {
		return nil, err
	}
	return &remadeTree{f, d.Tree(), d}, nil
}

func (t *remadeTree) target() replay.Target {
	if t.d == nil {
		return replay.Dry{Tree: t.tree}
	}
	return t.d
}

func (t *remadeTree) close() error {
	if t.d == nil {
		return nil
	}
	return t.d.Close()
}

func (t *remadeTree) say(v *replayed) error {
	entries, counts := t.tree.Entries(), t.tree.Counts()
	v.Tree, v.Names = &counts, len(entries)
	aspects := replay.AspectTree
	if t.d != nil {
		v.NotSet, aspects = t.d.Unable(), t.d.Aspects()
	}
	if !v.Complete {
		return nil
	}
	var err error
	v.Differences, err = t.differences(entries, aspects)
	return err
}

// differences holds the outcome to what was asked for: the folder to the journal, and
// both to another folder.
func (t *remadeTree) differences(entries []replay.Entry, aspects replay.Aspects) ([]replay.Difference, error) {
	have := entries
	if t.d != nil && (t.f.validate || t.f.compare != "") {
		var err error
		if have, err = replay.ReadDirectory(t.f.into); err != nil {
			return nil, err
		}
	}
	var out []replay.Difference
	if t.f.validate {
		out = replay.Compare(entries, have, aspects)
	}
	if t.f.compare != "" {
		want, err := replay.ReadDirectory(t.f.compare)
		if err != nil {
			return nil, err
		}
		out = append(out, replay.Compare(want, have, aspects)...)
	}
	return out, nil
}
