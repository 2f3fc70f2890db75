// SPDX-License-Identifier: Apache-2.0

package kmodtest

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"vexj/internal/attribution"
	"vexj/internal/conformance"
	"vexj/kmod/device"
)

// moduleEnv names the module's file. Where it is set the module must load, and
// every test must pass.
const moduleEnv = "VEXJ_MODULE"

func TestMain(m *testing.M) {
	conformance.Hook()
	attribution.Hook()
	if os.Getenv(helperEnv) != "" {
		helper()
		os.Exit(0)
	}
	if path := os.Getenv(moduleEnv); path != "" {
		if err := load(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	} else if _, err := os.Stat(device.Path); errors.Is(err, os.ErrNotExist) {
		fmt.Printf("no module here, nothing was tested: `make vm-test` does, or set %s to vexj.ko\n", moduleEnv)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// load is insmod. That the module is there already is as well.
func load(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.FinitModule(int(f.Fd()), os.Getenv(moduleEnv+"_PARAMETERS"), 0); err != nil && err != unix.EEXIST {
		return fmt.Errorf("loading %s: %w; dmesg says more", path, err)
	}
	return nil
}
