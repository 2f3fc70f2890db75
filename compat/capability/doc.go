// SPDX-License-Identifier: Apache-2.0

// Package capability finds out what this machine can do for whoever wants to
// record: by trying it, never by a version number.
//
//	p := capability.New(capability.Kernel()...)
//	for _, f := range p.All(ctx) {
//		fmt.Println(f.Feature, f.Status, f.Why, f.Do)
//	}
//
// # Three answers
//
// A question has three answers: yes, no, and unknown. What could not be asked,
// for want of privilege or because the machine was out of memory, is not said to
// be missing: "no" means that the kernel was asked and refused, and that asking
// again would not help.
//
// # What is remembered
//
// A [Prober] asks each question once if the answer is conclusive: a yes or a no
// that cannot change before the next boot. It asks again what is unknown, and
// what is [Finding].Fleeting, as whether a module is loaded.
//
// # Who knows what
//
// This package has the questions that the kernel itself answers: modules, BPF,
// its type information, FUSE, io_uring. A producer that can only find out by
// loading itself, as the eBPF programs do, is asked through a [Probe] that its
// caller makes with [Judge]; the package knows no producer.
package capability
