// SPDX-License-Identifier: Apache-2.0

// Package exit gives an error the exit code that scripts may rely on.
package exit
