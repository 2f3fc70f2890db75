// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"errors"
	"io"

	"vexj/uapi"
)

// A File is what a legacy file is written to. Its header is written last, and
// what was written is read again for the index.
type File interface {
	io.ReaderAt
	io.WriterAt
}

// An Exporter makes a legacy file of records. It is a [Sink].
//
// If the first record is the header of a file of that format, the records are
// those of [Import], and it makes that file again, byte for byte. Other records
// become events whose fields say as much as version 1 can; the record as it is
// is kept besides, where [Import] finds it: see "From records to a legacy file"
// in the package's documentation.
type Exporter struct {
	// Anew makes a new file in any case, also of records that came from one.
	Anew bool

	format uapi.LegacyFormat
	file   File
	report *Report

	origin *Origin // that came before the first record
	began  bool
	remake *remaker
	write  eventWriter
}

// An eventWriter makes events of records in one of the formats.
type eventWriter interface {
	Sink
	Close() (size int64, err error)
}

// Export begins a legacy file. If file is nil, nothing is written, and the
// report is that of what would be.
func Export(format uapi.LegacyFormat, file File) *Exporter {
	return &Exporter{format: format, file: file, report: &Report{Format: format}}
}

// Origin implements [Sink].
func (x *Exporter) Origin(o Origin) error {
	switch {
	case !x.began:
		x.origin = &o
		return nil
	case x.remake != nil:
		return nil // a legacy file has no place for it, and needs none
	}
	return x.write.Origin(o)
}

// Append implements [Sink].
func (x *Exporter) Append(rec uapi.Record) error {
	if err := x.begin(rec); err != nil {
		return err
	}
	if x.remake != nil {
		return x.remake.Append(rec)
	}
	return x.write.Append(rec)
}

func (x *Exporter) begin(first uapi.Record) error {
	if x.began {
		return nil
	}
	x.began = true
	if l, ok := first.Legacy(); ok && !x.Anew && l.Part == uapi.PartHeader && l.Format == x.format {
		x.remake = newRemaker(x.format, writerAt(x.file, 0), x.report)
		return nil
	}
	return x.native()
}

func (x *Exporter) native() error {
	x.began = true
	if x.format == uapi.LegacyUsjl1 {
		x.write = newUsjlWriter(x.file, x.report)
	} else {
		x.write = newSemjWriter(x.file, x.report)
	}
	if x.origin == nil {
		return nil
	}
	return x.write.Origin(*x.origin)
}

// Close completes the file and reports. The file is not synced.
func (x *Exporter) Close() (*Report, error) {
	if x.remake != nil {
		return x.report, x.remake.Close()
	}
	if !x.began {
		if err := x.native(); err != nil {
			return x.report, err
		}
	}
	size, err := x.write.Close()
	x.report.Bytes = size
	return x.report, err
}

func writerAt(file File, off int64) io.Writer {
	if file == nil {
		return io.Discard
	}
	return io.NewOffsetWriter(file, off)
}

// errDiffers: a file is not what its records would make.
var errDiffers = errors.New("the file is not what its records make")
