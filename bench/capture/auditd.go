// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// auditLog is where auditd writes.
const auditLog = "/var/log/audit/audit.log"

// attachAuditd has the calls of the process audited, with their paths, and
// written to the log by auditd, which must be running.
func attachAuditd(j job, pid int, _ string) (func() (string, error), error) {
	calls := strings.Join(j.calls, ",")
	if calls == "pwrite64" {
		calls = "pwrite" // audit's name of it
	}
	rule := []string{"-a", "always,exit", "-F", "arch=b64", "-F", fmt.Sprint("pid=", pid), "-S", calls}
	if err := os.Truncate(auditLog, 0); err != nil {
		return nil, fmt.Errorf("%w: is auditd running?", err)
	}
	if err := auditctl(rule...); err != nil {
		return nil, err
	}
	return func() (string, error) {
		rule[0] = "-d"
		if err := auditctl(rule...); err != nil {
			return "", err
		}
		st, err := os.Stat(auditLog)
		if err != nil {
			return "", err
		}
		lost, err := exec.Command("auditctl", "-s").Output()
		note := fmt.Sprintf("%d MB", st.Size()>>20)
		for line := range strings.Lines(string(lost)) {
			if strings.HasPrefix(line, "lost ") {
				note += ", " + strings.TrimSpace(line)
			}
		}
		return note, err
	}, nil
}

func auditctl(args ...string) error {
	if out, err := exec.Command("auditctl", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("auditctl %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}
