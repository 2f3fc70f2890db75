// SPDX-License-Identifier: Apache-2.0

package door

import (
	"net"
	"sync"
)

// maxConns bounds the connections of a door. Everybody on the machine can connect, and the
// recorder needs its descriptors for the journal: who is too many waits in the kernel's
// queue.
const maxConns = 256

// limited accepts a connection when there is room for it.
type limited struct {
	net.Listener
	room  chan struct{}
	ended chan struct{}
	end   sync.Once
}

func newLimited(l net.Listener, most int) *limited {
	return &limited{Listener: l, room: make(chan struct{}, most), ended: make(chan struct{})}
}

// Accept is net.Listener's.
func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.room <- struct{}{}:
	case <-l.ended:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.room
		return nil, err
	}
	return &counted{Conn: c, gone: func() { <-l.room }}, nil
}

// Close is net.Listener's.
func (l *limited) Close() error {
	l.end.Do(func() { close(l.ended) })
	return l.Listener.Close()
}

// counted makes room when it is closed.
type counted struct {
	net.Conn
	once sync.Once
	gone func()
}

// Close is net.Conn's.
func (c *counted) Close() error {
	err := c.Conn.Close()
	c.once.Do(c.gone)
	return err
}
