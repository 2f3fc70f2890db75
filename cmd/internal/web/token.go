// SPDX-License-Identifier: Apache-2.0

package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
)

// minToken is how long a token must be, in bytes.
const minToken = 16

// ErrToken: a file has none that can be used.
var ErrToken = fmt.Errorf("a token is a line of at least %d characters, in a file that only its owner and group can read", minToken)

// A Token is what the page asks for.
type Token struct{ text string }

// NewToken makes one that nobody knows.
func NewToken() Token {
	b := make([]byte, 24)
	_, _ = rand.Read(b) // it does not fail
	return Token{base64.RawURLEncoding.EncodeToString(b)}
}

// ReadToken reads one from a file.
func ReadToken(name string) (Token, error) {
	info, err := os.Stat(name)
	if err != nil {
		return Token{}, err
	}
	if info.Mode().IsRegular() && info.Mode().Perm()&0o007 != 0 {
		return Token{}, fmt.Errorf("%s may be read by everybody: %w", name, ErrToken)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return Token{}, err
	}
	text := strings.TrimSpace(string(b))
	if len(text) < minToken || strings.ContainsAny(text, "\r\n") {
		return Token{}, fmt.Errorf("%s: %w", name, ErrToken)
	}
	return Token{text}, nil
}

// String is the token itself.
func (t Token) String() string { return t.text }

// is compares in a time that does not depend on where they differ, nor on the length.
func (t Token) is(text string) bool { return same(t.text, text) }

func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// cookie is what stands for the token: from it nobody finds the token.
func (t Token) cookie() string {
	m := hmac.New(sha256.New, []byte(t.text))
	m.Write([]byte("vexj page"))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// cookieName is another one for each port, as cookies are not.
func cookieName(host string) string {
	if _, port, err := net.SplitHostPort(host); err == nil {
		return "vexj-" + port
	}
	return "vexj"
}

// shown reports whether the request has the token, in one way or the other.
func (t Token) shown(r *http.Request) bool {
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return t.is(bearer)
	}
	c, err := r.Cookie(cookieName(r.Host))
	return err == nil && same(c.Value, t.cookie())
}

// login takes the token and gives the cookie.
func (t Token) login(w http.ResponseWriter, r *http.Request, token string) error {
	if !t.is(token) {
		return errors.New("this is not the token")
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName(r.Host), Value: t.cookie(), Path: "/", HttpOnly: true,
		SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil})
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}
