// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bufio"
	"net"
	"net/http"
)

// An answerWriter knows whether an answer was begun.
type answerWriter struct {
	http.ResponseWriter
	wrote    bool
	hijacked bool
}

var _ http.Hijacker = (*answerWriter)(nil)

func (w *answerWriter) WriteHeader(status int) {
	w.wrote = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *answerWriter) Write(b []byte) (int, error) {
	w.wrote = true
	return w.ResponseWriter.Write(b)
}

// Hijack gives the connection to the handler.
func (w *answerWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil {
		w.wrote, w.hijacked = true, true
	}
	return c, rw, err
}

// Unwrap is for http.ResponseController.
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func written(w http.ResponseWriter) bool {
	a, ok := w.(*answerWriter)
	return ok && a.wrote
}
