// SPDX-License-Identifier: Apache-2.0

// Package device talks to the kernel module through /dev/vexj.
//
// uapi/vexj.h specifies the device: its ioctls, who may use them, and how they
// fail. A [Device] looks and sets; a [Producer] is the one consumer, whose rings
// package ring maps and package mirror drains:
//
//	p, err := device.Consume(device.Options{Filter: uapi.Filter{ModifyOnly: true}})
//	for _, r := range p.Rings() { ring.Open(r.FD, r.Size) ... }
//	err = p.Close() // ends the capture
//
// The structs of abi.go are those of the header, field by field; a test compares
// them with the compiled header.
package device
