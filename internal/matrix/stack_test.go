// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

func TestParseStack(t *testing.T) {
	const text = `        Depth    Size   Location    (4 entries)
        -----    ----   --------
  0)     2720      64   vexj_put_path+0x5/0x3a0 [vexj]
  1)     2656     112   on_return+0xce/0x120 [vexj]
  2)     2544      48   kretprobe_rethook_handler+0x3c/0x70
  3)     2496    2496   do_syscall_64+0x55/0xb0
`
	all, own, err := parseStack([]byte(text))
	if err != nil || all != 2720 || own != 176 {
		t.Errorf("got %d bytes, %d of the module's, %v: want 2720, 176", all, own, err)
	}
	if _, _, err := parseStack([]byte("        Depth    Size   Location    (0 entries)\n")); err == nil {
		t.Error("a trace without a function is taken for one")
	}
}
