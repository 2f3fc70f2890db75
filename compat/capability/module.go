// SPDX-License-Identifier: Apache-2.0

package capability

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Where the module shows itself, and what says whether it could be loaded.
type modulePaths struct {
	device   string // the module's
	loaded   string // there while the module is in the kernel
	modules  string // there if the kernel can load any
	disabled string // "1" if it may not any more
	library  string // folder of the installed modules of each kernel
}

var theModule = modulePaths{
	device:   "/dev/vexj",
	loaded:   "/sys/module/vexj",
	modules:  "/proc/modules",
	disabled: "/proc/sys/kernel/modules_disabled",
	library:  "/lib/modules",
}

// module asks for the kernel module by opening its device.
func module(context.Context) Finding { return theModule.ask() }

func (m *modulePaths) ask() Finding {
	f := Finding{
		Fleeting: true,
		Sees:     "all file operations with their outcome, whoever asks: system calls, io_uring, nfsd, overlayfs",
	}
	fd, err := unix.Open(m.device, unix.O_RDWR|unix.O_CLOEXEC, 0)
	switch {
	case err == nil:
		unix.Close(fd)
		f.Status = Yes
	case errors.Is(err, unix.EBUSY):
		f.Status, f.Why = Yes, m.device+" is in use by another recorder"
	case errors.Is(err, os.ErrPermission):
		f.Status, f.Why, f.Do = Unknown, fmt.Sprintf("%s: %v", m.device, err), "ask again as root"
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENODEV):
		m.absent(&f)
	default:
		f.Status, f.Why = Unknown, fmt.Sprintf("%s: %v", m.device, err)
	}
	return f
}

// absent says why there is no device.
func (m *modulePaths) absent(f *Finding) {
	f.Status = No
	switch {
	case exists(m.loaded):
		f.Why = "the module is loaded, and there is no " + m.device
		f.Do = "see what it said when it was loaded (dmesg), and whether devtmpfs is mounted on /dev"
	case !exists(m.modules):
		// Nothing short of another kernel changes that.
		f.Fleeting = false
		f.Why = "this kernel loads no modules (CONFIG_MODULES)"
		f.Do = "use the bpf programs, or a kernel with modules"
	case setting(m.disabled) == "1":
		f.Fleeting = false
		f.Why = "loading modules was disabled until the next boot (kernel.modules_disabled)"
		f.Do = "load the module before that is set"
	default:
		m.notLoaded(f)
	}
}

func (m *modulePaths) notLoaded(f *Finding) {
	kernel, err := release()
	if err != nil {
		f.Status, f.Why = Unknown, err.Error()
		return
	}
	installed, err := listed(filepath.Join(m.library, kernel, "modules.dep"), "vexj.ko")
	switch {
	case err != nil && !errors.Is(err, os.ErrNotExist):
		f.Status, f.Why = Unknown, err.Error()
	case installed:
		f.Why, f.Do = "the module is installed and not loaded", "modprobe vexj"
	default:
		f.Why = "the module is not installed for kernel " + kernel
		f.Do = "build it for this kernel (make kmod), install it, and modprobe vexj"
	}
	if lockdown := setting("/sys/kernel/security/lockdown"); f.Do != "" && strings.Contains(lockdown, "[") && !strings.Contains(lockdown, "[none]") {
		f.Do += "; this kernel is locked down and takes signed modules only"
	}
}

// listed reports whether a module is in a modules.dep, compressed or not.
func listed(path, name string) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	sc := bufio.NewScanner(file)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		module, _, ok := strings.Cut(sc.Text(), ":")
		if ok && strings.HasPrefix(filepath.Base(module), name) {
			return true, nil
		}
	}
	return false, sc.Err()
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
