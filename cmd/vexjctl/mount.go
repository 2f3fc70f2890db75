// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/exit"
	"vexj/fuse"
)

// mountFlags are what `mount` has besides the flags of a capture.
type mountFlags struct {
	capture capture.Flags
	daemon  bool
	data    []string
	full    string
	cache   time.Duration
	options []string
	private bool
	control string
	vectors string
}

func newMount() *cobra.Command {
	var f mountFlags
	cmd := &cobra.Command{
		Use:   "mount SOURCE FOLDER",
		Short: "Show a folder at another place, and record what is done there",
		Long: `Show the folder SOURCE at FOLDER by a FUSE filesystem, and record what is done
there into a journal, until ^C, SIGTERM or 'vexjctl umount FOLDER'. Both may be the
same folder. Root's mounts are for all users, those of others for themselves.`,
		Example: `  vexjctl mount -d /srv/data /mnt/data
  vexjctl mount --data close --data '*.log=none' ~/src ~/src`,
		Args: exactArgs(2, "the source and the folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := f.captureOptions(args[0], args[1])
			if err != nil {
				return err
			}
			if f.daemon && !inBackground() {
				return background()
			}
			return mount(cmd.Context(), o)
		},
	}
	fs := cmd.Flags()
	f.capture.AddMounted(fs)
	fs.BoolVarP(&f.daemon, "daemon", "d", false, "go on in the background once it is mounted")
	fs.StringArrayVar(&f.data, "data", nil, "which way data takes, `mode` all, close or none, for some files PATTERN=MODE (repeatable, the last that matches counts)")
	fs.StringVar(&f.full, "journal-full", "block", "while the journal is behind, `policy` block operations or drop records")
	fs.DurationVar(&f.cache, "cache", time.Second, "for how long the kernel keeps names and attributes, and changes under the mount are not seen; 0: not at all")
	fs.StringSliceVarP(&f.options, "option", "o", nil, "`options` of mount(8): ro, noexec, nosuid, nodev, allow_other (repeatable)")
	fs.BoolVar(&f.private, "private", false, "for this user alone, though it is root")
	fs.StringVar(&f.control, "control", "hidden", "the folder .vexj for agents in the mount's root: `how` it is there, hidden from listings, shown or none")
	fs.StringVar(&f.vectors, "vectors", "", "`folder` of the collection that keeps the vectors of files, made if missing: their attribute "+fuse.VectorName)
	completeMount(cmd)
	return cmd
}

// captureOptions turns the command line into what a capture takes.
func (f *mountFlags) captureOptions(source, target string) (capture.Options, error) {
	o, err := f.capture.Options("vexjctl mount")
	if err != nil {
		return o, err
	}
	o.Producer = "fuse"
	folder := capture.Folder{Target: target, Mount: fuse.MountOptions{Valid: f.cache, Owner: f.private, Ends: true}}
	if folder.Source, err = filepath.Abs(source); err != nil {
		return o, err
	}
	if f.cache <= 0 {
		folder.Mount.Valid = -1
	}
	for _, option := range f.options {
		if option == "allow_other" {
			folder.Mount.Others = true
			continue
		}
		folder.Mount.Flags = append(folder.Mount.Flags, option)
	}
	for _, text := range f.data {
		rule, err := fuse.ParseData(text)
		if err != nil {
			return o, exit.Usagef("--data: %w", err)
		}
		folder.Mount.Data = append(folder.Mount.Data, rule)
	}
	switch f.full {
	case "block":
	case "drop":
		o.Full = fuse.Drop
	default:
		return o, exit.Usagef("--journal-full %q: it is block or drop", f.full)
	}
	if o.Control = capture.ControlFolder(slices.Index(capture.ControlFolders, f.control)); o.Control < 0 {
		return o, exit.Usagef("--control %q: it is %s", f.control, strings.Join(capture.ControlFolders, ", "))
	}
	o.Folders, o.Vectors = []capture.Folder{folder}, f.vectors
	return o, nil
}

func mount(ctx context.Context, o capture.Options) (err error) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	p := newProgress(os.Stderr)
	o.Notice = p.notice
	c, err := capture.Start(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	p.notice(fmt.Sprintf("%s is at %s, recorded into %s", o.Folders[0].Source, o.Folders[0].Target, o.Journal))
	ready()
	p.follow(c)
	err = c.Run(ctx)
	p.end()
	fmt.Fprintf(os.Stderr, "vexjctl mount: %s\n", c.Tally())
	return err
}

func newUmount() *cobra.Command {
	return &cobra.Command{
		Use:   "umount FOLDER",
		Short: "Take away a mount of vexj",
		Long: `Take away a mount of vexj, also one whose process was killed. The process that
serves it brings its journal to an end, and ends; umount waits for that,
unless files are still open.`,
		Args: exactArgs(1, "the folder"),
		RunE: func(_ *cobra.Command, args []string) error {
			server := fuse.Server(args[0])
			busy, err := fuse.Unmount(args[0])
			switch {
			case errors.Is(err, fuse.ErrNotMounted):
				return exit.With(exit.NoMatch, err)
			case err != nil:
				return err
			case busy:
				fmt.Fprintf(os.Stderr, "vexjctl umount: files of %s are open; what is done with them is recorded until they are closed\n", args[0])
			case server != nil && !ends(server, umountWait):
				fmt.Fprintf(os.Stderr, "vexjctl umount: %s is unmounted, but the process that served it has not closed its journal yet; another mount namespace may still have the mount\n", args[0])
			}
			return nil
		},
	}
}

// umountWait is for how long umount waits for the journal of the mount to be closed.
const umountWait = 10 * time.Second

// ends waits for the end of the process of a pidfd.
func ends(process *os.File, most time.Duration) bool {
	until := time.Now().Add(most)
	poll := []unix.PollFd{{Fd: int32(process.Fd()), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(poll, int(max(0, time.Until(until)).Milliseconds()))
		if err != unix.EINTR {
			return n > 0
		}
	}
}
