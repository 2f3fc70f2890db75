// SPDX-License-Identifier: Apache-2.0

// Fuse compares the mount of vexj, journaling, with the folder itself, go-fuse's
// loopback example, bindfs and libfuse's passthrough_hp, if they are installed, in
// one run on one filesystem: names (by 1 and 4 processes), data (fio), and programs.
//
//	go run ./bench/fuse -dir /on/ext4 [-only names|data|programs] [-peers vexj,bindfs]
//
// Figures are medians of the rounds, with the processor time of the server beside
// them. Rounds of all peers take turns, so that a slow minute is everybody's.
package main
