// SPDX-License-Identifier: Apache-2.0

// Command mirror measures the way of a record from a ring to the journal on
// disk: as many records as fit are made in the kernel, on all CPUs, while the
// mirror of the same process drains, orders, compresses and writes them. It
// prints one table, a line for each run and the median.
//
// The generator makes a record only when there is room for it, so nothing may
// be lost, and the rate is what the whole machine sustains. Peak RSS counts the
// rings too, which the reader has mapped twice. User and system are what the
// process spent for a record on all its threads: mirror and journal are in the
// first, the generator is in the second. Where other work shares the machine, the
// rate falls and these stay: CPUs / (user + system) is what it would be without.
package main
