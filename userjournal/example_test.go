// SPDX-License-Identifier: Apache-2.0

package userjournal_test

import (
	"fmt"
	"os"

	"vexj/uapi"
	"vexj/userjournal"
)

func Example() {
	dir, err := os.MkdirTemp("", "journal")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)

	w, err := userjournal.Create(dir, userjournal.Options{})
	if err != nil {
		panic(err)
	}
	b := uapi.NewBuilder(nil)
	for i, path := range []string{"/etc/hosts", "/etc/passwd", "/home/me/notes"} {
		b.Begin(uapi.Header{EventID: uint64(100 + i), Type: uapi.FSOpen, PID: 42})
		b.AddString(uapi.AttrPath, path)
		rec, err := b.Finish()
		if err != nil {
			panic(err)
		}
		if _, err := w.Append(rec); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil { // all are safe
		panic(err)
	}

	r, err := userjournal.Open(dir)
	if err != nil {
		panic(err)
	}
	defer r.Close()
	err = r.Scan(userjournal.ScanOptions{
		Filter: func(z *userjournal.ZoneMap) bool { return z.MayHavePath([]byte("/etc")) },
	}, func(ordinal uint64, rec uapi.Record) error {
		fmt.Println(ordinal, rec.Type(), string(rec.Path()))
		return nil
	})
	if err != nil {
		panic(err)
	}
	ordinal, rec, err := r.Find(102)
	fmt.Println(ordinal, string(rec.Path()), err)
	// Output:
	// 1 open /etc/hosts
	// 2 open /etc/passwd
	// 3 open /home/me/notes
	// 3 /home/me/notes <nil>
}
