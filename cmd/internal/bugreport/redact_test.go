// SPDX-License-Identifier: Apache-2.0

package bugreport

import (
	"strings"
	"testing"
)

// canary is in each secret of the tests: it must not be in any output.
const canary = "Hunter2Hunter2Hunter2"

func TestSecretsGo(t *testing.T) {
	r := NewRedactor(false)
	for _, text := range []string{
		"Environment=OPENAI_API_KEY=" + canary,
		`Environment="AWS_REGION=` + canary + `" "B=1"`,
		"DATABASE=" + canary,
		"VEXJD_FLAGS=--web 127.0.0.1:8080 --web-token " + canary,
		"VEXJD_FLAGS=--web-token=" + canary + " --path /srv",
		"token: " + canary,
		"mount -o username=x,pass=" + canary + ",ro",
		`{"argv":["mysql","--password","` + canary + `"]}`,
		"password = " + canary,
		`{"api_key": "` + canary + `"}`,
		`{"nested":{"session_token":"a \"` + canary + `\" b"}}`,
		"Authorization: Bearer " + canary,
		"authorization: Basic " + canary + "==",
		"curl -H 'Authorization: Bearer " + canary + "'",
		"https://alice:" + canary + "@example.org/x",
		"redis://:" + canary + "@localhost/0",
		"https://" + canary + "@github.com/a/b.git",
		"https://example.org/?access_token=" + canary + "&a=b",
		"sk-ant-" + canary,
		"sk_live_" + canary,
		"ghp_" + canary,
		"github_pat_" + canary,
		"glpat-" + canary,
		"xoxb-" + canary,
		"eyJhbGciOiJIUzI1NiJ9." + canary + "." + canary,
		"-----BEGIN OPENSSH PRIVATE KEY-----\n" + canary + "\n-----END OPENSSH PRIVATE KEY-----",
		"-----BEGIN PRIVATE KEY-----\n" + canary,
		"export VEXJ_EMBED_KEY=" + canary,
		"ipp.cred=1 root=UUID=1 rd.password=" + canary,
	} {
		out, n := r.Text([]byte(text))
		if strings.Contains(string(out), canary) || n == 0 {
			t.Errorf("%q became %q, %d redactions", text, out, n)
		}
		if again, n := r.Text(out); string(again) != string(out) || n != 0 {
			t.Errorf("%q is redacted again, to %q", out, again)
		}
	}
}

func TestTheRestStays(t *testing.T) {
	r := NewRedactor(false)
	for _, text := range []string{
		"VEXJD_FLAGS=--modify-only --path /etc --sign-key /etc/vexj/key.pem",
		"user alice scopes=read,emit,context mask=0x2",
		"vexjd: recording with bpf-vfs into /var/lib/vexj/journal",
		`{"chain": "1f2e3d4c5b6a79880716253443526170aabbccddeeff00112233445566778899"}`,
		"https://cel.dev and unix:///run/vexj/agents.sock",
		"a token is needed: see vexjd(8)",
		"the password, which nobody knows",
		`"key_type": "ed25519"`,
		"the author: nobody",
	} {
		if out, n := r.Text([]byte(text)); string(out) != text || n != 0 {
			t.Errorf("%q became %q", text, out)
		}
	}
}

func TestJSON(t *testing.T) {
	v := map[string]any{
		"token": canary, "many": []string{"x", "password=" + canary}, "n": uint64(1) << 63, "ok": true,
		"in": map[string]any{"web_token": []string{canary}}, "path": "/srv/a b/c",
	}
	out, n, err := NewRedactor(false).JSON(v)
	if err != nil || n != 3 || strings.Contains(string(out), canary) || !strings.Contains(string(out), "9223372036854775808") ||
		!strings.Contains(string(out), `"/srv/a b/c"`) {
		t.Errorf("%d redactions, %v: %s", n, err, out)
	}
}

func TestPaths(t *testing.T) {
	r := NewRedactor(true)
	out, n := r.Text([]byte("open /home/alice/plans.txt and /home/alice/b: of /var/lib/vexj/journal, /usr/bin/vexjctl"))
	text := string(out)
	if strings.Contains(text, "alice") || strings.Contains(text, "plans") || n != 2 {
		t.Errorf("%d redactions: %s", n, text)
	}
	if !strings.Contains(text, "/var/lib/vexj/journal") || !strings.Contains(text, "/usr/bin/vexjctl") {
		t.Errorf("what is the system's is gone: %s", text)
	}
	words := strings.Fields(text)
	if a, b := strings.Split(words[1], "/"), strings.Split(words[3], "/"); a[2] != b[2] || !strings.HasPrefix(a[2], "~") {
		t.Errorf("the same folder has two names: %s", text)
	}
	if other, _ := NewRedactor(true).Text([]byte("/home/alice")); strings.Contains(text, string(other)) {
		t.Errorf("two archives have the same hash: %s, %s", other, text)
	}
	b, _, err := r.JSON([]string{"/srv/my plans/x"})
	if err != nil || strings.Contains(string(b), "plans") {
		t.Errorf("%s, %v", b, err)
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("token=abc https://a:b@c/d A_B=c")
	f.Fuzz(func(t *testing.T, text string) {
		for _, r := range []*Redactor{NewRedactor(false), NewRedactor(true)} {
			out, _ := r.Text([]byte(text))
			// A second time changes nothing: what is there was looked at.
			if again, _ := r.Text(out); len(again) > len(out)+64 {
				t.Errorf("%q became %q and then %q", text, out, again)
			}
		}
	})
}
