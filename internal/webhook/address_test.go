package webhook_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/webhook"
)

// Would catch a URL by which a merchant reaches what only the server should.
func TestURLsAreRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct{ public, private bool }{
		"https://receiver.example/hooks?x=1":       {true, true},
		"https://93.184.216.34/":                   {true, true},
		"https://[2606:2800:220:1::1]:8443/":       {true, true},
		"http://receiver.example/":                 {},
		"http://127.0.0.1:8080/":                   {false, true},
		"http://localhost:8080/":                   {false, true},
		"http://[::1]:8080/":                       {false, true},
		"https://localhost/":                       {false, true},
		"https://127.0.0.1/":                       {false, true},
		"https://10.0.0.8/":                        {false, true},
		"http://10.0.0.8/":                         {},
		"https://192.168.1.1/":                     {false, true},
		"https://[fd00::1]/":                       {false, true},
		"https://[::ffff:10.0.0.8]/":               {false, true},
		"https://169.254.169.254/latest/meta-data": {},
		"https://[fe80::1]/":                       {},
		"https://0.0.0.0/":                         {},
		"https://[::]/":                            {},
		"https://224.0.0.1/":                       {},
		"https://100.64.0.1/":                      {},
		"https://[64:ff9b::a00:8]/":                {},
		"https://user:password@receiver.example/":  {},
		"https://receiver.example/#fragment":       {},
		"ftp://receiver.example/":                  {},
		"gopher://receiver.example/":               {},
		"file:///etc/passwd":                       {},
		"https:receiver.example":                   {},
		"https://":                                 {},
		"https://:443/":                            {},
		"receiver.example":                         {},
		"https://receiver.example:notaport/":       {},
		"\x00":                                     {},
	} {
		for private, allowed := range map[bool]bool{false: want.public, true: want.private} {
			err := webhook.CheckURL(text, private)
			if allowed != (err == nil) || err != nil && !errors.Is(err, fault.WebhookURLRefused) {
				t.Errorf("%q, private %v: %v", text, private, err)
			}
		}
	}
}

// Would catch an address of the machine, of its network or of its cloud that a
// name may stand for.
func TestAddressesAreRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct{ public, private bool }{
		"93.184.216.34": {true, true}, "2606:2800:220:1::1": {true, true},
		"127.0.0.1": {false, true}, "127.8.8.8": {false, true}, "::1": {false, true}, "::ffff:127.0.0.1": {false, true},
		"10.1.2.3": {false, true}, "172.16.0.1": {false, true}, "192.168.0.1": {false, true}, "fc00::1": {false, true},
		"169.254.169.254": {}, "fe80::1": {}, "fe80::1%eth0": {}, "0.0.0.0": {}, "0.1.2.3": {}, "::": {}, "255.255.255.255": {},
		"224.0.0.1": {}, "ff02::1": {}, "100.100.100.200": {}, "198.18.0.1": {}, "2002:a00:8::1": {}, "::ffff:169.254.169.254": {},
	} {
		if got := webhook.Allowed(text, false); got != want.public {
			t.Errorf("%s is allowed: %v", text, got)
		}
		if got := webhook.Allowed(text, true); got != want.private {
			t.Errorf("%s is allowed with private networks: %v", text, got)
		}
	}
}

// Would catch a name that was public when the webhook was created and stands for
// this machine when an event is sent, and an answer that leads there.
func TestConnectionsAreCheckedWhenTheyAreMade(t *testing.T) {
	t.Parallel()
	f := newFixture(t, bounds())
	r := newReceiver(t)
	w, _ := f.create(r.URL)
	f.topUp()
	public := webhook.Defaults()
	public.AttemptsMax = 1
	f.hooks = f.replica(public) // Its receiver is on loopback all the same.
	f.step()
	if dead := f.dead(&w); r.tries != 0 || len(dead) != 1 || dead[0].Failure != "ADDRESS_REFUSED" {
		t.Errorf("%d tries came through, dead are %+v", r.tries, dead)
	}
	f.hooks = f.replica(bounds())
	r.answers(func(string) int { return http.StatusFound })
	f.topUp()
	f.advance(time.Hour)
	f.step()
	if r.tries != 1 {
		t.Errorf("a redirect was followed: %d requests", r.tries)
	}
}
