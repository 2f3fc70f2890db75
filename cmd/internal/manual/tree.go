// SPDX-License-Identifier: Apache-2.0

package manual

import (
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Verbs returns the commands of a tree that do something, in the tree's order.
func Verbs(root *cobra.Command) (all []*cobra.Command) {
	for _, c := range root.Commands() {
		if c.Hidden || c.Name() == "help" {
			continue
		}
		if c.HasSubCommands() {
			all = append(all, Verbs(c)...)
		} else {
			all = append(all, c)
		}
	}
	return all
}

// name is the verb without the program's name.
func name(c *cobra.Command) string {
	_, rest, _ := strings.Cut(c.CommandPath(), " ")
	return rest
}

// Synopsis has a line for each verb.
func Synopsis(root *cobra.Command) string {
	var p page
	for _, c := range Verbs(root) {
		p.macro("Nm")
		p.macro("Cm %s", name(c))
		_, args, _ := strings.Cut(c.Use, " ")
		if !strings.Contains(args, "[flags]") && len(ownFlags(c)) > 0 {
			args = strings.TrimSpace("[flags] " + args)
		}
		for _, arg := range argument.FindAllString(args, -1) {
			usage(&p, arg)
		}
	}
	return p.String()
}

// argument is one word of a usage line, or all that is within brackets.
var argument = regexp.MustCompile(`\[[^\]]+\]|\([^)]+\)|\S+`)

func usage(p *page, arg string) {
	inner, optional := strings.CutPrefix(strings.ToLower(arg), "[")
	inner = strings.ReplaceAll(strings.TrimSuffix(inner, "]"), "...", " ...")
	switch {
	case arg == "--":
		p.macro(`Fl \&-`)
	case strings.ContainsAny(inner[:1], "(-"), arg == "...":
		p.text(arg)
	case optional:
		p.macro("Op Ar %s", strings.Join(strings.Fields(inner), " "))
	default:
		p.macro("Ar %s", inner)
	}
}

// Reference has each verb with its flags. A flag that one of the given verbs has too,
// with the same words, is named there alone; others name that verb.
func Reference(root *cobra.Command, shared ...string) string {
	var p page
	lists := map[string]map[string]string{} // by verb, each flag's words
	for _, c := range Verbs(root) {
		if slices.Contains(shared, name(c)) {
			lists[name(c)] = map[string]string{}
			for _, f := range ownFlags(c) {
				lists[name(c)][f.Name] = f.Usage
			}
		}
	}
	for _, c := range Verbs(root) {
		p.macro("Ss %s %s", root.Name(), name(c))
		p.text(strings.TrimSuffix(c.Short, ".") + ".")
		flags := ownFlags(c)
		for _, from := range shared {
			if from == name(c) {
				break
			}
			flags = p.asIn(from, flags, lists[from])
		}
		p.flags(flags)
	}
	return p.String()
}

// asIn names the flags that are those of another verb, and returns the others.
func (p *page) asIn(verb string, flags []*pflag.Flag, list map[string]string) (rest []*pflag.Flag) {
	var same []*pflag.Flag
	for _, f := range flags {
		if list[f.Name] == f.Usage {
			same = append(same, f)
		} else {
			rest = append(rest, f)
		}
	}
	// Not worth the look.
	if len(same) < 2 {
		return flags
	}
	p.macro("Pp")
	p.text("As")
	p.macro("Cm %s", verb)
	p.text("has them:")
	for i, f := range same {
		end := " ,"
		if i == len(same)-1 {
			end = " ."
		}
		p.macro(`Fl \&-%s%s`, f.Name, end)
	}
	return rest
}

// Flags lists the flags of a command.
func Flags(c *cobra.Command) string {
	var p page
	p.flags(ownFlags(c))
	return p.String()
}

func (p *page) flags(flags []*pflag.Flag) {
	if len(flags) == 0 {
		return
	}
	p.macro("Bl -tag -width Ds")
	for _, f := range flags {
		arg, text := pflag.UnquoteUsage(f)
		if f.Value.Type() == "bool" {
			arg = ""
		}
		item := `Fl \&-` + f.Name
		if f.Shorthand != "" {
			item = "Fl " + f.Shorthand + " , " + item
		}
		if arg != "" {
			item += " Ar " + arg
		}
		p.macro("It %s", item)
		if value := given(f); value != "" {
			text += " (default " + value + ")"
		}
		p.text(strings.ToUpper(text[:1]) + text[1:] + ".")
	}
	p.macro("El")
}

// given is a default that says something, and the same on each machine.
func given(f *pflag.Flag) string {
	switch v := f.DefValue; {
	case v == "", v == "false", v == "0", v == "[]", v == "-1", v == "0s", strings.HasPrefix(v, "/"):
		return ""
	default:
		return v
	}
}

func ownFlags(c *cobra.Command) (all []*pflag.Flag) {
	c.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" && f.Name != "version" && !f.Hidden {
			all = append(all, f)
		}
	})
	return all
}
