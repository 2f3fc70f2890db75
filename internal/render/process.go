// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"strconv"

	"golang.org/x/sys/unix"

	"vexj/internal/quote"
	"vexj/uapi"
)

func appendChild(dst []byte, r uapi.Record) []byte {
	c, ok := r.Child()
	if !ok {
		return dst
	}
	if c.Thread != 0 {
		return appendFact(dst, " thread=", uint64(c.TID))
	}
	return appendFact(dst, " child=", uint64(c.PID))
}

// appendList appends texts that have NULs between them.
func appendList(dst []byte, sep string, list []byte) []byte {
	if len(list) == 0 {
		return dst
	}
	for one := range bytes.SplitSeq(bytes.TrimSuffix(list, []byte{0}), []byte{0}) {
		dst = append(dst, sep...)
		dst = quote.Append(dst, one)
		sep = " "
	}
	return append(dst, ']')
}

// appendExit reads io.result as the wait status that it is.
func appendExit(dst []byte, r uapi.Record) []byte {
	io, ok := r.IO()
	if !ok {
		return dst
	}
	status := unix.WaitStatus(io.Result)
	if !status.Signaled() {
		return appendFact(dst, " code=", uint64(status.ExitStatus()))
	}
	dst = append(dst, " signal="...)
	dst = append(dst, signalName(status.Signal())...)
	if status.CoreDump() {
		dst = append(dst, " core"...)
	}
	return dst
}

func signalName(s unix.Signal) string {
	if name := unix.SignalName(s); name != "" {
		return name
	}
	return strconv.Itoa(int(s))
}
