// SPDX-License-Identifier: Apache-2.0

// Package limit reads sizes and ages as people write them: 10G, 30d.
package limit
