// SPDX-License-Identifier: Apache-2.0

// Package browser looks at the page of vexjd with Chromium: a vexjd that records for real,
// behind a day of a million records.
//
//	go -C cmd/internal/web/browser test ./... -shots /tmp/shots
//
// leaves a picture of each view, dark and light. What drives the browser is no dependency of
// vexj: hence a module of its own.
package browser
