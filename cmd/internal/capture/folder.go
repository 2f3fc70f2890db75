// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"vexj/fuse"
)

// A Folder is shown by the FUSE filesystem, and what is done there is recorded.
type Folder struct {
	Source, Target string
	Mount          fuse.MountOptions
}

// folderRung mounts folders: over themselves, if nothing else was said.
var folderRung = rung{"fuse", func(_ context.Context, o *Options) (Producer, error) {
	folders, err := o.folders()
	if err != nil {
		return nil, err
	}
	if os.Getenv("GOGC") == "" {
		paceGC()
	}
	p, err := fuse.New(fuse.Options{RingBytes: o.RingBytes, Full: o.Full, Filter: o.Filter})
	if err != nil {
		return nil, err
	}
	if o.Vectors != "" {
		if o.vectors, err = openVectors(o.Vectors); err != nil {
			return nil, errors.Join(err, p.Close())
		}
	}
	for _, f := range folders {
		f.Mount.Say = o.Notice
		if o.vectors != nil {
			f.Mount.Vectors = o.vectors
		}
		if o.Control != ControlNone {
			if o.control == nil {
				o.control = newControl()
			}
			f.Mount.Control, f.Mount.ShowControl = o.control, o.Control == ControlShown
		}
		if _, err := p.Mount(f.Source, f.Target, f.Mount); err != nil {
			return nil, errors.Join(err, p.Close())
		}
		if f.Source == f.Target {
			o.Notice(fmt.Sprintf("%s is recorded by a FUSE filesystem over it: who is in it already is not seen", f.Target))
		}
	}
	return p, nil
}}

// folders are those to be mounted. None of them may hold the journal as it is seen
// from here: each block that is written would make a record, and wait for it.
func (o *Options) folders() ([]Folder, error) {
	folders := slices.Clone(o.Folders)
	if len(folders) == 0 {
		for _, p := range o.Filter.PathPrefixes {
			folders = append(folders, Folder{Source: p, Target: p})
		}
	}
	if len(folders) == 0 {
		return nil, ErrNoFolder
	}
	for _, f := range folders {
		if inside(o.Journal, f.Target) {
			return nil, fmt.Errorf("%w: %s is in %s", ErrJournalInside, o.Journal, f.Target)
		}
		if o.Vectors != "" && inside(o.Vectors, f.Target) {
			return nil, fmt.Errorf("%w: %s is in %s", ErrVectorsInside, o.Vectors, f.Target)
		}
	}
	return folders, nil
}

// inside says whether a path lies in a folder.
func inside(path, folder string) bool {
	path, folder = resolved(path), resolved(folder)
	return path == folder || strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/")
}

// resolved is a path without symbolic links, as far as it exists.
func resolved(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	rest := ""
	for dir := abs; ; dir = filepath.Dir(dir) {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			return filepath.Join(real, rest)
		}
		if dir == filepath.Dir(dir) {
			return abs
		}
		rest = filepath.Join(filepath.Base(dir), rest)
	}
}

// runMounted is run, until the folders of p are gone: as long as they are there,
// records are made.
func (c *Capture) runMounted(ctx context.Context, p *fuse.Producer) error {
	ctx, unmount := context.WithCancel(ctx)
	mounted, gone := context.WithCancel(context.WithoutCancel(ctx))
	unmounted := make(chan error, 1)
	go func() {
		defer gone()
		unmounted <- untilGone(ctx, p.Mounts())
	}()
	err := c.run(mounted)
	unmount() // if it was the journal that ended it
	return errors.Join(err, <-unmounted)
}

// untilGone waits for the end of mounts, and when ctx ends it brings it about.
func untilGone(ctx context.Context, mounts []*fuse.Mount) error {
	var errs []error
	for _, m := range mounts {
		select {
		case <-m.Done():
		case <-ctx.Done():
			errs = append(errs, m.Unmount())
		}
	}
	return errors.Join(errs...)
}
