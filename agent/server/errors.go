// SPDX-License-Identifier: Apache-2.0

package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// An Error is what a request is answered with when it cannot be served.
type Error struct {
	Status int    // of HTTP
	Text   string // what is wrong
	Do     string // what the caller can do
	Retry  time.Duration
	Err    error // wrapped; not sent
}

func (e *Error) Error() string {
	if e.Do == "" {
		return e.Text
	}
	return e.Text + "; " + e.Do
}

func (e *Error) Unwrap() error { return e.Err }

// BadRequest is an error of the caller's, of what it asked for.
func BadRequest(err error, do string) *Error {
	return &Error{Status: http.StatusBadRequest, Text: err.Error(), Do: do, Err: err}
}

// errorOf says how any error is answered. What only the log should have is not
// told to the peer: the paths of the machine are none of its business.
func errorOf(err error) *Error {
	var e *Error
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &e):
		return e
	case errors.As(err, &tooLarge):
		return &Error{Status: http.StatusRequestEntityTooLarge, Err: err,
			Text: fmt.Sprintf("the request has more than %d bytes", tooLarge.Limit), Do: "send it in smaller parts"}
	}
	return &Error{Status: http.StatusInternalServerError, Text: "the recorder could not do it", Err: err,
		Do: "its log says why; try again"}
}

func (e *Error) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	if e.Retry > 0 {
		h.Set("Retry-After", strconv.Itoa(int((e.Retry+time.Second-1)/time.Second)))
	}
	w.WriteHeader(e.Status)
	_ = WriteJSON(w, struct {
		Error string `json:"error"`
		Do    string `json:"do,omitempty"`
	}{e.Text, e.Do})
}

// WriteJSON writes v as one line.
func WriteJSON(w http.ResponseWriter, v any) error {
	if h := w.Header(); h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json")
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
