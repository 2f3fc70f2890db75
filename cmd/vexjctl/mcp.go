// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"

	"vexj/agent/mcp"
	"vexj/agent/search"
	"vexj/agent/server"
	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/place"
	"vexj/cmd/internal/version"
	"vexj/query"
	"vexj/userjournal"
)

type mcpFlags struct {
	journal    string
	policy     string
	agent      string
	visibility string
	paths      []string
	agents     []string
}

func newMCP() *cobra.Command {
	var f mcpFlags
	cmd := &cobra.Command{
		Use:   "mcp",
		Short: "Serve the journal to an agent by the Model Context Protocol",
		Long: `Serve the journal to an agent by the Model Context Protocol, over standard input
and output: tools to read the log, ask why, what came of it, who changed what, for
counts, and to wait; records and sessions as resources.

What is shown is what the policy lets the caller see, or the agent with --agent, and
the other flags can only take away from it.`,
		Example: `  vexjctl mcp --agent builder --path /srv/app`,
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context()) },
	}
	journalFlag(cmd, &f.journal)
	fs := cmd.Flags()
	fs.StringVar(&f.policy, "policy", "", "`file` that says who may see what (default "+place.Policy()+")")
	fs.StringVar(&f.agent, "agent", "", "`name` of the agent that is served, by which the policy may narrow what it sees")
	fs.StringVar(&f.visibility, "visibility", "all", "show only records that have a bit of this `mask`")
	fs.StringArrayVar(&f.paths, "path", nil, "show only records of this `folder` (repeatable)")
	fs.StringArrayVar(&f.agents, "of-agent", nil, "show only records of this agent `name` (repeatable)")
	_ = cmd.MarkFlagDirname("path")
	return cmd
}

func (f *mcpFlags) run(ctx context.Context) error {
	view, err := f.view()
	if err != nil {
		return err
	}
	// Said now, where somebody sees it.
	set, err := openJournal(f.journal)
	if err == nil {
		err = set.Close()
	}
	if err != nil && !errors.Is(err, userjournal.ErrEmpty) {
		return err
	}
	s := mcp.New(mcp.Options{View: view, Version: version.String(), Search: f.search,
		Open: func() (*userjournal.Set, error) { return userjournal.OpenSet(f.journal) }})
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	err = s.Run(ctx, mcp.Stdio())
	if errors.Is(err, io.EOF) || ctx.Err() != nil {
		return nil
	}
	return err
}

// search asks the index beside the journal, once it has what is new.
func (f *mcpFlags) search(ctx context.Context, text string, most int, view query.View) (object any, err error) {
	x, err := search.Open(f.journal, search.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	if _, err := x.Update(ctx); err != nil {
		return nil, err
	}
	hits, err := x.Search(ctx, text, most, view)
	if hits == nil {
		hits = []search.Hit{}
	}
	return map[string]any{"hits": hits}, err
}

// view is what the policy grants, less what the flags take away.
func (f *mcpFlags) view() (query.View, error) {
	name := f.policy
	if name == "" {
		name = place.Policy()
	}
	policy, err := server.ReadPolicy(name)
	if errors.Is(err, fs.ErrNotExist) && f.policy == "" {
		policy, err = server.DefaultPolicy(), nil
	}
	if errors.Is(err, server.ErrPolicy) {
		err = exit.With(exit.Usage, err)
	}
	if err != nil {
		return query.View{}, err
	}
	groups, err := os.Getgroups()
	if err != nil {
		return query.View{}, err
	}
	ids := []uint32{uint32(os.Getgid())}
	for _, g := range groups {
		ids = append(ids, uint32(g))
	}
	grant, ok := policy.Grant(uint32(os.Getuid()), ids, f.agent)
	if !ok || !grant.Has(server.ScopeRead) {
		return query.View{}, exit.With(exit.Permission, fmt.Errorf("the policy %s does not let you read", name))
	}
	asked := query.View{Mask: query.All.Mask, Agents: f.agents}
	if f.visibility != "all" {
		if asked.Mask, err = strconv.ParseUint(f.visibility, 0, 64); err != nil || asked.Mask == 0 {
			return query.View{}, exit.Usagef("--visibility is all or a mask such as 0x1, not %q", f.visibility)
		}
	}
	for _, p := range f.paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			return query.View{}, err
		}
		asked.Paths = append(asked.Paths, abs)
	}
	return query.View{Mask: grant.Mask}.Narrow(asked), nil
}
