// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os/exec"
	"testing"
)

// The ring's core under sanitizers, with consumers that are honest or hostile: see
// kmod/testing/stress.c for what must hold.
func TestStress(t *testing.T) {
	samples := 20_000
	if testing.Short() {
		samples = 2_000
	}
	for _, sanitizer := range []string{"thread", "address,undefined"} {
		program, err := compile(t.TempDir(), "stress.c", "-O1", "-fsanitize="+sanitizer, "-fno-sanitize-recover=all")
		if err != nil {
			t.Fatal(err)
		}
		for _, consumer := range []string{"honest", "hostile"} {
			for _, size := range []int{4096, 1 << 16} {
				t.Run(fmt.Sprint(sanitizer, "/", consumer, "/", size), func(t *testing.T) {
					for seed := range 3 {
						out, err := exec.Command(program, consumer, fmt.Sprint(size), fmt.Sprint(samples), fmt.Sprint(seed+1)).CombinedOutput()
						if err != nil {
							t.Fatalf("seed %d: %v\n%s", seed+1, err, out)
						}
						t.Logf("seed %d: %s", seed+1, out)
					}
				})
			}
		}
	}
}

func TestBench(t *testing.T) {
	if err := run(1000); err != nil {
		t.Fatal(err)
	}
}
