// SPDX-License-Identifier: Apache-2.0

package manual

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	command = regexp.MustCompile(`(?m)^#define (VEXJ_IOC_\w+)\s+_IO(R|W|WR)?\('J', 0x([0-9a-f]+)(?:, ((?:struct )?\w+))?\)`)
	value   = regexp.MustCompile(`(?m)^#define (VEXJ_DEV_\w+)\s+(\S+)(?:\s+/\* (.*) \*/)?$`)
)

// Commands lists the ioctls of a header in C: number, direction, argument.
func Commands(header string) string {
	var p page
	p.macro("Bl -column VEXJ_IOC_CONTEXT_CLEAR 0x00 _IOWR Ds")
	p.macro("It Sy command Ta Sy number Ta Sy direction Ta Sy argument")
	for _, m := range command.FindAllStringSubmatch(header, -1) {
		direction := map[string]string{"": "none", "R": "read", "W": "write", "WR": "both"}[m[2]]
		argument := m[4]
		if argument == "" {
			argument = "none"
		}
		p.macro("It Dv %s Ta 0x%s Ta %s Ta Vt %s", m[1], m[3], direction, argument)
	}
	p.macro("El")
	return p.String()
}

// Structs has those of the device as the header has them.
func Structs(header string) (string, error) {
	var p page
	for _, m := range regexp.MustCompile(`(?ms)^struct (vexj_dev_\w+) \{.*?^\};`).FindAllStringIndex(header, -1) {
		p.literal(header[m[0]:m[1]])
	}
	if p.Len() == 0 {
		return "", fmt.Errorf("the header has no struct of the device")
	}
	return p.String(), nil
}

// Limits lists the numbers of the device.
func Limits(header string) string {
	var p page
	p.macro("Bl -tag -width Ds -compact")
	for _, m := range value.FindAllStringSubmatch(header, -1) {
		if strings.HasPrefix(m[2], "_") || strings.Contains(m[1], "(") {
			continue
		}
		p.macro("It Dv %s No = %s", m[1], m[2])
		p.text(m[3])
	}
	p.macro("El")
	return p.String()
}
