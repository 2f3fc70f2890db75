// SPDX-License-Identifier: Apache-2.0

package server

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// An account is what a user, or an agent of a user, has left.
type account struct {
	requests, events bucket
	streams          int // open
	connections      int // open, streams not among them
	used             time.Time
}

// who has an account.
type who struct {
	uid   uint32
	agent string
}

// A limiter keeps the accounts. They are few: who has all that it may have is
// forgotten.
type limiter struct {
	mu       sync.Mutex
	now      func() time.Time
	accounts map[who]*account
	limited  Limited
}

// Limited is how often something was refused that was above a limit.
type Limited struct{ Requests, Events, Streams, Connections uint64 }

func newLimiter() *limiter { return &limiter{now: time.Now, accounts: map[who]*account{}} }

// maxAccounts is when the limiter looks for some to forget.
const maxAccounts = 1024

// account is called with the lock held.
func (l *limiter) account(w who) *account {
	now := l.now()
	a := l.accounts[w]
	if a == nil {
		if len(l.accounts) >= maxAccounts {
			l.forget(now)
		}
		a = &account{}
		l.accounts[w] = a
	}
	a.used = now
	return a
}

// forget drops those that were not used for so long that their buckets are full.
func (l *limiter) forget(now time.Time) {
	for w, a := range l.accounts {
		if a.streams == 0 && a.connections == 0 && now.Sub(a.used) > time.Minute {
			delete(l.accounts, w)
		}
	}
}

func (l *limiter) request(w who, limit int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return count(&l.limited.Requests, l.account(w).requests.take(l.now(), 1, limit, "requests"))
}

func (l *limiter) emit(w who, n, limit int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return count(&l.limited.Events, l.account(w).events.take(l.now(), n, limit, "events"))
}

func count(n *uint64, err error) error {
	if err != nil {
		*n++
	}
	return err
}

func (l *limiter) stream(w who, limit int) (end func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.account(w)
	if limit != Unlimited && a.streams >= limit {
		l.limited.Streams++
		return nil, &Error{Status: http.StatusTooManyRequests, Retry: time.Second,
			Text: fmt.Sprintf("%d streams are open, which is the limit", a.streams),
			Do:   "end one, put several filters into one, or ask for a higher limit in the policy"}
	}
	a.streams++
	var once sync.Once
	return func() {
		once.Do(func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			a.streams--
		})
	}, nil
}

// connect counts a connection of the user, and says whether there are too many.
func (l *limiter) connect(uid uint32, most int) (ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.account(who{uid: uid})
	a.connections++
	if a.connections > most {
		l.limited.Connections++
	}
	return a.connections <= most
}

func (l *limiter) disconnect(uid uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.account(who{uid: uid}).connections--
}

// A bucket holds a minute's worth of tokens when it is full. Its zero value is.
type bucket struct {
	spent float64
	at    time.Time
}

func (b *bucket) take(now time.Time, n, limit int, what string) error {
	if limit == Unlimited {
		return nil
	}
	rate := float64(limit) / 60
	if !b.at.IsZero() {
		b.spent = max(0, b.spent-now.Sub(b.at).Seconds()*rate)
	}
	b.at = now
	if b.spent+float64(n) <= float64(limit) {
		b.spent += float64(n)
		return nil
	}
	if n > limit {
		return &Error{Status: http.StatusTooManyRequests,
			Text: fmt.Sprintf("%d %s at once are more than the limit of %d a minute will ever allow", n, what, limit),
			Do:   "send fewer at once"}
	}
	wait := time.Duration((b.spent + float64(n) - float64(limit)) / rate * float64(time.Second))
	return &Error{Status: http.StatusTooManyRequests, Retry: max(wait, time.Millisecond),
		Text: fmt.Sprintf("the limit of %d %s a minute is used up", limit, what),
		Do:   "wait as Retry-After says, and do more with each"}
}
