// SPDX-License-Identifier: Apache-2.0

package main

import (
	"path/filepath"
	"slices"
	"strings"

	"vexj/cmd/internal/exit"
	"vexj/fuse"
)

// mount(8) has the mounts of a type made by a program of its name: so
// `mount -t fuse.vexj`, and /etc/fstab, come to this one by the link mount.fuse.vexj.
const helperName = "mount." + fuse.Type

// helperFlags are the options of fstab that are flags of `mount`.
var helperFlags = map[string]string{
	"data": "--data", "journal": "--journal", "journal_full": "--journal-full", "cache": "--cache", "control": "--control", "vectors": "--vectors",
	"durability": "--durability", "type": "--type", "max_size": "--max-size", "max_age": "--max-age",
	"ring_size": "--ring-size", "sign_key": "--sign-key",
}

// notMounts are options of fstab that are meant for mount(8) and systemd.
var notMounts = []string{"rw", "auto", "noauto", "user", "nouser", "users", "owner", "group", "nofail", "defaults",
	"_netdev", "default_permissions", "async", "atime", "relatime"}

// commandLine is what the program was asked to do: by another name it is mount(8)'s
// helper.
func commandLine(args []string) ([]string, error) {
	if filepath.Base(args[0]) != helperName {
		return args[1:], nil
	}
	return helperLine(args[1:])
}

// helperLine turns SOURCE FOLDER [-sfnv] [-o OPTIONS] [-t TYPE] into a command line.
func helperLine(args []string) ([]string, error) {
	var where, flags []string
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case a == "-o" && i+1 < len(args):
			i++
			for _, option := range splitOptions(args[i]) {
				flags = append(flags, helperOption(option)...)
			}
		case (a == "-t" || a == "-N") && i+1 < len(args):
			i++
		case strings.HasPrefix(a, "-"):
		default:
			where = append(where, a)
		}
	}
	if len(where) != 2 {
		return nil, exit.Usagef("%s SOURCE FOLDER [-o OPTIONS]", helperName)
	}
	return slices.Concat([]string{"mount", "-d"}, flags, []string{"--"}, where), nil
}

// splitOptions splits at commas that have no backslash before them.
func splitOptions(s string) []string {
	var out []string
	var one strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			one.WriteByte(s[i])
		case s[i] == ',':
			out = append(out, one.String())
			one.Reset()
		default:
			one.WriteByte(s[i])
		}
	}
	return append(out, one.String())
}

func helperOption(option string) []string {
	name, value, has := strings.Cut(option, "=")
	switch {
	case option == "" || slices.Contains(notMounts, option) || strings.HasPrefix(option, "x-") || strings.HasPrefix(option, "comment="):
		return nil
	case name == "modify_only" || name == "failed" || name == "private":
		return []string{"--" + strings.ReplaceAll(name, "_", "-")}
	case has && helperFlags[name] != "":
		return []string{helperFlags[name] + "=" + value}
	}
	return []string{"-o", option}
}
