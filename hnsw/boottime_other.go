// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package hnsw

import "time"

var booted = time.Now()

func boottime() int64 { return int64(time.Since(booted)) }
