// SPDX-License-Identifier: Apache-2.0

// Package door serves HTTP over TCP: on a loopback address, unless somebody has said under
// which names else, and to requests only that name this machine. A page of another site
// whose name suddenly means 127.0.0.1 is turned away.
package door
