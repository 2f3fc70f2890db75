// SPDX-License-Identifier: Apache-2.0

package storm

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"vexj/bpf"
	"vexj/uapi"
)

func load(ringBytes int, filter uapi.Filter) (Producer, error) {
	p, err := bpf.Load(context.Background(), bpf.Options{RingBytes: ringBytes, Filter: filter})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// recordUntilKilled is the recorder as a process of its own: it says when it is
// ready, and ends by a signal.
func recordUntilKilled(dir, work string) error {
	stop, err := record(load, dir, 1<<20, nil, uapi.Filter{PathPrefixes: []string{work}})
	if err != nil {
		return err
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	fmt.Println("ready")
	<-end
	return stop()
}
