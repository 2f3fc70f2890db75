// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"io"

	"vexj/uapi"
)

// Options of a conversion from a legacy file.
type Options struct {
	// WallOffset is what to add to the time stamps of a SEMJ file, which count
	// from a boot that the file does not name, for the time since 1970; in ns.
	WallOffset int64
	// Salvage keeps what is damaged as it is and goes on, instead of failing
	// with the first *FormatError.
	Salvage bool
	// Progress is told now and then how many bytes of how many are done.
	Progress func(done, size int64)
}

func (o *Options) progress(s *source) {
	if o.Progress != nil {
		o.Progress(s.off, s.size)
	}
}

// keep notes damage that is to be kept, or fails with it.
func (o *Options) keep(r *Report, bad *FormatError) error {
	if !o.Salvage {
		return bad
	}
	r.damage(bad)
	return nil
}

// Import makes records of a legacy file of size bytes. From the records [Export]
// makes the same file again, whatever was in it. A file that Export made of
// other records and that nobody changed comes back as those.
//
// Memory does not grow with the file. The error is a *FormatError if the file
// is not what its format says.
func Import(file io.ReaderAt, size int64, sink Sink, o Options) (*Report, error) {
	format, err := Detect(file)
	if err != nil {
		return nil, err
	}
	report := &Report{Format: format, Bytes: size}
	if ours, err := restore(format, file, size, sink, report); ours || err != nil {
		return report, err
	}
	src := newSource(file, size)
	origin := Origin{WallOffset: o.WallOffset}
	if format == uapi.LegacyUsjl1 {
		origin.WallOffset = 0 // its clock is that of the day
	}
	if err := sink.Origin(origin); err != nil {
		return report, err
	}
	made := &parts{format: format, sink: sink, b: uapi.NewBuilder(nil)}
	if format == uapi.LegacyUsjl1 {
		find := finder{file: file, most: maxLook, sound: soundEntry}
		err = (&usjlReader{parts: made, src: src, o: &o, report: report, find: find}).run()
	} else {
		find := finder{file: file, most: maxEvent, sound: soundItem}
		err = (&semjReader{parts: made, src: src, o: &o, report: report, find: find}).run()
	}
	if err != nil {
		return report, err
	}
	err = made.add(uapi.Legacy{Part: uapi.PartEnd, Offset: uint64(size), Size: uint64(size)}, src.sum.Sum(nil))
	report.Parts = made.count
	return report, err
}
