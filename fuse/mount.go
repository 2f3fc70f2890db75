// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"errors"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// Type is what mounts are listed as.
const Type = "fuse.vexj"

// defaultValid is for how long the kernel keeps names and attributes: so long does
// it take until a change under the mount is seen in it.
const defaultValid = time.Second

// MountOptions of a mount. The zero value journals all data.
type MountOptions struct {
	Data   []DataRule    // the last that matches a file counts
	Valid  time.Duration // of names and attributes that the kernel keeps; 0: 1 s; negative: none
	Owner  bool          // only this user may use the mount; for root the default is all
	Others bool          // all users may, though this is not root: fusermount3 must allow it
	Flags  []string      // further options of mount(8): ro, noexec, nosuid, nodev

	// Control answers for the folder .vexj in the mount's root; nil: there is none.
	Control     Control
	ShowControl bool // list it

	// Vectors keeps the vectors of files; nil: VectorName is an attribute like others.
	Vectors Vectors

	// Ends: this process brings its journal to an end, and ends, when the mount does.
	// [Server] then tells which it is.
	Ends bool

	// Say is told what the owner of the machine should know. Default nothing.
	Say func(string)
}

// A Mount is a folder whose operations are recorded.
type Mount struct {
	Source, Target string
	fs             *FS
	producer       *Producer
	server         *fuse.Server
	connection     uint32 // the kernel's number for it; 0: unknown
	ended          chan struct{}
	once           sync.Once
}

// Mount shows source at target, both folders, which may be the same one. What is
// done in target from then on is done in source, and recorded. The process has no
// umask from then on: each request comes with its caller's.
func (p *Producer) Mount(source, target string, o MountOptions) (*Mount, error) {
	if o.Say == nil {
		o.Say = func(string) {}
	}
	target, err := mountPoint(target)
	if err != nil {
		return nil, err
	}
	fd, err := openat(unix.AT_FDCWD, source, unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSource, &os.PathError{Op: "open", Path: source, Err: err})
	}
	var st unix.Statx_t
	if err := stat(fd, "", &st); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("%w: %w", ErrSource, &os.PathError{Op: "stat", Path: source, Err: err})
	}
	fs := &FS{
		RawFileSystem: fuse.NewDefaultRawFileSystem(), producer: p, at: strings.TrimSuffix(target, "/"),
		table: newTable(fd, &st, descriptors()), valid: o.Valid, modes: modes{rules: o.Data}, say: o.Say, vectors: o.Vectors, ends: o.Ends,
	}
	switch {
	case fs.valid == 0:
		fs.valid = defaultValid
	case fs.valid < 0:
		fs.valid = 0
	}
	fs.privileged = os.Geteuid() == 0
	if o.Control != nil {
		fs.control, fs.shown = newControl(fs, o.Control, uint32(os.Geteuid()), uint32(os.Getegid())), o.ShowControl
		if stat(fd, ControlName, new(unix.Statx_t)) == nil {
			o.Say(fmt.Sprintf("what is %s in %s is hidden by the mount's own", ControlName, source))
		}
	}
	unix.Umask(0)
	m := &Mount{Source: source, Target: target, fs: fs, producer: p, ended: make(chan struct{})}
	if err := m.start(&o, fd); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return m, nil
}

// mountPoint is the path of a folder as records have it. What a server that was
// killed left there is taken away first.
func mountPoint(target string) (string, error) {
	abs, err := filepath.Abs(target)
	if err != nil {
		return "", err
	}
	for dead(abs) {
		if _, err := Unmount(abs); err != nil {
			return "", err
		}
	}
	real, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrMount, err)
	}
	if info, err := os.Stat(real); err != nil || !info.IsDir() {
		return "", fmt.Errorf("%w: %s is no folder", ErrMount, target)
	}
	return real, nil
}

// dead says whether there is a mount that nobody serves. What the kernel kept of its
// root does not tell; opening it does.
func dead(target string) bool {
	fd, err := openat(unix.AT_FDCWD, target, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, 0)
	if err == nil {
		unix.Close(fd)
	}
	return err == unix.ENOTCONN
}

// descriptors is how many this process can have: all that the kernel allows, if it may
// have that.
func descriptors() int {
	limit := unix.Rlimit{Cur: 1024}
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return int(limit.Cur)
	}
	if text, err := os.ReadFile("/proc/sys/fs/nr_open"); err == nil {
		most, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 31)
		more := unix.Rlimit{Cur: most, Max: most}
		// Without CAP_SYS_RESOURCE it stays as it is.
		if err == nil && most > limit.Cur && unix.Setrlimit(unix.RLIMIT_NOFILE, &more) == nil {
			limit = more
		}
	}
	return int(min(limit.Cur, math.MaxInt32))
}

// capabilities are what is asked of the kernel besides what the library asks for.
const capabilities = fuse.CAP_ATOMIC_O_TRUNC | fuse.CAP_DONT_MASK | fuse.CAP_READDIRPLUS_AUTO |
	fuse.CAP_HANDLE_KILLPRIV_V2 | fuse.CAP_DIRECT_IO_ALLOW_MMAP | fuse.CAP_ASYNC_DIO | fuse.CAP_SETXATTR_EXT

func (m *Mount) start(o *MountOptions, fd int) error {
	// MaxWrite is a call of 1 MiB, wherever in a page its buffer begins. The library
	// asks for no more than the kernel's limit, 256 pages if nobody raised it.
	options := &fuse.MountOptions{
		AllowOther:    m.fs.privileged && !o.Owner || o.Others,
		Options:       append([]string{"default_permissions"}, m.flags(fd, o.Flags)...),
		MaxBackground: 64,
		MaxWrite:      1<<20 + os.Getpagesize(),
		FsName:        m.Source,
		Name:          strings.TrimPrefix(Type, "fuse."),
		EnableLocks:   true,
		EnableAcl:     true,
		// What a link says never changes, but by another link in its place.
		EnableSymlinkCaching: true,
		DisableSplice:        true, // how much was read must be known before it is sent
		DirectMount:          m.fs.privileged,
		ExtraCapabilities:    capabilities,
		Logger:               log.New(sayer(o.Say), "", 0),
	}
	var raw fuse.RawFileSystem = m.fs
	if m.fs.control != nil {
		raw = &controlled{m.fs, m.fs.control}
	}
	server, err := fuse.NewServer(raw, m.Target, options)
	if err != nil {
		return refusal(m.Target, err)
	}
	m.server = server
	m.fs.settle(server)
	m.producer.mounts.Lock()
	m.producer.mounts.all = append(m.producer.mounts.all, m)
	m.producer.mounts.Unlock()
	go m.serve()
	if err := server.WaitMount(); err != nil {
		return errors.Join(refusal(m.Target, err), m.Unmount())
	}
	var st unix.Stat_t
	if unix.Stat(m.Target, &st) == nil {
		m.connection = unix.Minor(st.Dev)
	}
	return nil
}

// settle takes note of what the kernel can.
func (fs *FS) settle(server *fuse.Server) {
	can := server.KernelSettings().Flags64()
	fs.modes.passthrough = can&fuse.CAP_PASSTHROUGH != 0 && fs.privileged
	fs.direct = can&fuse.CAP_DIRECT_IO_ALLOW_MMAP != 0
	wantsAll := len(fs.modes.rules) == 0
	wantsPast := false
	for _, r := range fs.modes.rules {
		wantsAll = wantsAll || r.Mode == DataAll
		wantsPast = wantsPast || r.Mode != DataAll
	}
	if wantsAll && !fs.direct {
		fs.say("this kernel cannot map files whose reads and writes are all seen: what is recorded of reads is what its cache asks for")
	}
	if wantsPast && !fs.modes.passthrough {
		why := "this kernel does not pass data by"
		if !fs.privileged {
			why = "only root's mounts can have data passed by"
		}
		fs.say(why + "; it takes the way through this process, and is not recorded")
	}
}

// flags are the options of the mount: those of the filesystem below, where this is
// root, and those asked for.
func (m *Mount) flags(fd int, asked []string) []string {
	var fs unix.Statfs_t
	var out []string
	if m.fs.privileged && unix.Fstatfs(fd, &fs) == nil {
		for _, f := range []struct {
			bit      int64
			no, name string
		}{{unix.ST_NOSUID, "nosuid", "suid"}, {unix.ST_NODEV, "nodev", "dev"}, {unix.ST_NOEXEC, "noexec", "exec"}} {
			if fs.Flags&f.bit != 0 {
				f.name = f.no
			}
			out = append(out, f.name)
		}
	}
	return append(out, slices.DeleteFunc(slices.Clone(asked), func(s string) bool { return s == "" })...)
}

// refusal says why a mount failed, and what to do.
func refusal(target string, err error) error {
	device := unix.Access("/dev/fuse", unix.R_OK|unix.W_OK)
	switch {
	case errors.Is(device, unix.ENOENT):
		return fmt.Errorf("%w: there is no /dev/fuse: modprobe fuse, or use a kernel with CONFIG_FUSE_FS", ErrUnsupported)
	case device != nil:
		return fmt.Errorf("%w: /dev/fuse: %w: become root, or have it opened to this user", ErrUnsupported, device)
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return fmt.Errorf("%w: mounting %s: %w: become root, or install fuse3", ErrUnsupported, target, err)
	}
	return fmt.Errorf("%w: %s: %s", ErrMount, target, strings.TrimSpace(err.Error()))
}

// serve answers until the mount is gone.
func (m *Mount) serve() {
	m.server.Serve()
	m.producer.mounts.Lock()
	m.producer.mounts.all = slices.DeleteFunc(m.producer.mounts.all, func(x *Mount) bool { return x == m })
	m.producer.mounts.Unlock()
	m.fs.close()
	close(m.ended)
}

// close gives back every descriptor, whatever the kernel still had.
func (fs *FS) close() {
	if fs.control != nil {
		fs.control.close()
	}
	for id := range fs.handles.all {
		if h := fs.handles.remove(uint64(id)); h != nil {
			fs.end(h)
		}
	}
	fs.table.mu.Lock()
	defer fs.table.mu.Unlock()
	for _, n := range fs.table.byID {
		if n != nil && n.fd >= 0 {
			unix.Close(int(n.fd))
			n.fd = -1
		}
	}
}

// Mounts are those that are there.
func (p *Producer) Mounts() []*Mount {
	p.mounts.Lock()
	defer p.mounts.Unlock()
	return slices.Clone(p.mounts.all)
}

// Done is closed when the mount is gone, whoever unmounted it.
func (m *Mount) Done() <-chan struct{} { return m.ended }

// Unmount takes the mount away. What has it open goes on until it is closed, and is
// recorded until then only if this process goes on.
func (m *Mount) Unmount() error {
	select {
	case <-m.ended:
		return nil
	default:
	}
	if m.fs.control != nil {
		m.fs.control.stop()
	}
	var err error
	m.once.Do(func() { _, err = Unmount(m.Target) })
	if err != nil {
		return err
	}
	// Who still has files of it open keeps the connection: cut it.
	for range 2 {
		select {
		case <-m.ended:
			return nil
		case <-time.After(unmountPatience):
			m.abort()
		}
	}
	return fmt.Errorf("%w: files of %s", ErrStillOpen, m.Target)
}

// unmountPatience is how long open files of an unmounted folder are waited for.
const unmountPatience = 2 * time.Second

// sayer makes lines of what a logger writes.
type sayer func(string)

func (s sayer) Write(b []byte) (int, error) {
	s(strings.TrimSpace(string(b)))
	return len(b), nil
}
