// SPDX-License-Identifier: Apache-2.0

package server

import "sync/atomic"

// Stats are a server's since it was made.
type Stats struct {
	Requests  uint64 // that came
	Strangers uint64 // of these, from users whom the policy does not know
	Unscoped  uint64 // of these, for routes whose scope the peer has not
	Limited   Limited
}

type counts struct{ requests, strangers, unscoped atomic.Uint64 }

// Stats may be called by any goroutine.
func (s *Server) Stats() Stats {
	return Stats{
		Requests:  s.count.requests.Load(),
		Strangers: s.count.strangers.Load(),
		Unscoped:  s.count.unscoped.Load(),
		Limited:   s.limits.stats(),
	}
}

func (l *limiter) stats() Limited {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.limited
}
