// SPDX-License-Identifier: Apache-2.0

// Package attribution is what holds of contexts whichever producer attributes by them:
// one suite of tests for all producers in the kernel.
package attribution
