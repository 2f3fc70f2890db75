// SPDX-License-Identifier: Apache-2.0

package version

import (
	"os"
	"regexp"
	"testing"
)

func TestNumberIsTheModules(t *testing.T) {
	source, err := os.ReadFile("../../../kmod/main.c")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`MODULE_VERSION\("(.*)"\)`).FindSubmatch(source)
	if m == nil || string(m[1]) != Number {
		t.Errorf("the module is version %q, the programs are %s", m, Number)
	}
}
