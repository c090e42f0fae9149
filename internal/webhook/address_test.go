package webhook_test

import (
	"errors"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/webhook"
)

// Would catch a URL by which a merchant reaches what only the server should.
func TestURLsAreRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct{ public, private bool }{
		"https://receiver.example/hooks?x=1":             {true, true},
		"https://93.184.216.34/":                         {true, true},
		"https://[2606:2800:220:1::1]:8443/":             {true, true},
		"http://receiver.example/":                       {},
		"http://127.0.0.1:8080/":                         {false, true},
		"http://localhost:8080/":                         {false, true},
		"http://[::1]:8080/":                             {false, true},
		"https://localhost/":                             {false, true},
		"https://127.0.0.1/":                             {false, true},
		"https://10.0.0.8/":                              {false, true},
		"http://10.0.0.8/":                               {},
		"https://192.168.1.1/":                           {false, true},
		"https://[fd00::1]/":                             {false, true},
		"https://[::ffff:10.0.0.8]/":                     {false, true},
		"https://169.254.169.254/latest/meta-data":       {},
		"https://[fe80::1]/":                             {},
		"https://0.0.0.0/":                               {},
		"https://[::]/":                                  {},
		"https://224.0.0.1/":                             {},
		"https://100.64.0.1/":                            {},
		"https://[64:ff9b::a00:8]/":                      {},
		"https://user:password@receiver.example/":        {},
		"https://receiver.example/#fragment":             {},
		"ftp://receiver.example/":                        {},
		"gopher://receiver.example/":                     {},
		"file:///etc/passwd":                             {},
		"https:receiver.example":                         {},
		"https://":                                       {},
		"https://:443/":                                  {},
		"receiver.example":                               {},
		"https://receiver.example:notaport/":             {},
		"\x00":                                           {},
		"https://LOCALHOST/":                             {false, true},
		"https://localhost./":                            {false, true},
		"https://LocalHost.:8443/":                       {false, true},
		"https://tool.localhost/":                        {false, true},
		"http://LOCALHOST:8080/":                         {false, true},
		"https://localhost../":                           {},
		"https://./":                                     {},
		"https://receiver..example/":                     {},
		"https://receiver.example./":                     {true, true},
		"https://RECEIVER.example/":                      {true, true},
		"https://bücher.example/":                        {true, true},
		"https://xn--bcher-kva.example/":                 {true, true},
		"https://receiver_1.example/":                    {true, true},
		"https://face.example/":                          {true, true},
		"https://receiver.cafe/":                         {true, true},
		"https://127.0.0.1./":                            {false, true},
		"https://93.184.216.34./":                        {true, true},
		"https://2130706433/":                            {},
		"https://99999999999999999999999/":               {},
		"https://4d.example/":                            {true, true},
		"https://receiver.1a/":                           {true, true},
		"https://2130706433./":                           {},
		"https://0x7f000001/":                            {},
		"https://0X7F000001/":                            {},
		"https://0x7f.0.0.1/":                            {},
		"https://0x/":                                    {},
		"https://127.0.0.0x1/":                           {},
		"https://0177.0.0.1/":                            {},
		"https://017700000001/":                          {},
		"https://127.1/":                                 {},
		"https://127.0.1/":                               {},
		"https://0/":                                     {},
		"https://1.2.3.4.5/":                             {},
		"https://256.1.1.1/":                             {},
		"https://receiver.1/":                            {},
		"https://１２７.0.0.1/":                             {false, true},
		"https://127。0。0。1/":                             {false, true},
		"https://ⓛocalhost/":                             {false, true},
		"https://[::ffff:127.0.0.1]/":                    {false, true},
		"https://[::ffff:7f00:1]/":                       {false, true},
		"https://[::127.0.0.1]/":                         {},
		"https://[::169.254.169.254]/":                   {},
		"https://[::ffff:0:127.0.0.1]/":                  {},
		"https://[::ffff:169.254.169.254]/":              {},
		"https://[2002:7f00:1::]/":                       {},
		"https://[fe80::1%25eth0]/":                      {},
		"https://[2606:2800:220:1::1%25eth0]/":           {},
		"https://[fec0::1]/":                             {},
		"https://168.63.129.16/":                         {},
		"https://[fd00:ec2::254]/":                       {},
		"https://receiver.example:0/":                    {},
		"https://receiver.example:65535/":                {true, true},
		"https://receiver.example:65536/":                {},
		"https://receiver.example:99999/":                {},
		"https://receiver.example:18446744073709552059/": {},
		"https://receiver.example:-1/":                   {},
		"https://receiver.example:/":                     {true, true},
		"https://@receiver.example/":                     {},
		"https://user@receiver.example/":                 {},
		"https://93.184.216.34@127.0.0.1/":               {},
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
		"168.63.129.16": {}, "::ffff:168.63.129.16": {}, "fd00:ec2::254": {}, "fd20:ce::254": {}, "fd00:c1::a9fe:a9fe": {},
		"::127.0.0.1": {}, "::10.0.0.8": {}, "::ffff:0:127.0.0.1": {}, "fec0::1": {}, "feff::1": {}, "4000::1": {}, "e000::1": {},
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

// registered are the entries of IANA's two registries of special-purpose addresses, with
// what each is for; private are those that receivers on this machine or in private networks
// may have. At the end stand the forms of IPv4 addresses that have no entry.
var registered = []struct {
	network, purpose string
	private          bool
}{
	{"0.0.0.0/8", "hosts of this network", false},
	{"0.0.0.0/32", "this host on this network", false},
	{"10.0.0.0/8", "private use", true},
	{"100.64.0.0/10", "a provider's addresses that its customers share", false},
	{"127.0.0.0/8", "loopback", true},
	{"169.254.0.0/16", "neighbours on the link", false},
	{"172.16.0.0/12", "private use", true},
	{"192.0.0.0/24", "assignments to protocols", false},
	{"192.0.0.0/29", "IPv4 continued over IPv6", false},
	{"192.0.0.8/32", "a source without an address", false},
	{"192.0.0.9/32", "any server for port control", false},
	{"192.0.0.10/32", "any relay for traversal of NAT", false},
	{"192.0.0.170/31", "discovery of NAT64", false},
	{"192.0.2.0/24", "documentation", false},
	{"192.31.196.0/24", "AS112, names of private addresses", false},
	{"192.52.193.0/24", "relays of multicast", false},
	{"192.88.99.0/24", "relays of 6to4, given up", false},
	{"192.168.0.0/16", "private use", true},
	{"192.175.48.0/24", "AS112, delegated directly", false},
	{"198.18.0.0/15", "benchmarks", false},
	{"198.51.100.0/24", "documentation", false},
	{"203.0.113.0/24", "documentation", false},
	{"240.0.0.0/4", "the future", false},
	{"255.255.255.255/32", "broadcast", false},
	{"224.0.0.0/4", "multicast, which has a registry of its own", false},
	{"::1/128", "loopback", true},
	{"::/128", "no address", false},
	{"64:ff9b::/96", "IPv4 by translation", false},
	{"64:ff9b:1::/48", "IPv4 by local translation", false},
	{"100::/64", "packets to be dropped", false},
	{"100:0:0:1::/64", "a prefix that stands for none", false},
	{"2001::/23", "assignments to protocols", false},
	{"2001::/32", "Teredo", false},
	{"2001:1::1/128", "any server for port control", false},
	{"2001:1::2/128", "any relay for traversal of NAT", false},
	{"2001:1::3/128", "any proxy of service registration", false},
	{"2001:2::/48", "benchmarks", false},
	{"2001:3::/32", "relays of multicast", false},
	{"2001:4:112::/48", "AS112", false},
	{"2001:10::/28", "ids of hosts, given up", false},
	{"2001:20::/28", "ids of hosts", false},
	{"2001:30::/28", "tags of remote ids of drones", false},
	{"2001:db8::/32", "documentation", false},
	{"2002::/16", "6to4", false},
	{"2620:4f:8000::/48", "AS112, delegated directly", false},
	{"3fff::/20", "documentation", false},
	{"5f00::/16", "segments of routes", false},
	{"fc00::/7", "unique local", true},
	{"fe80::/10", "neighbours on the link", false},
	{"fec0::/10", "site-local, given up", false},
	{"ff00::/8", "multicast", false},
	{"::/96", "IPv4-compatible, given up", false},
	{"::ffff:0:0:0/96", "IPv4-translated", false},
}

// Would catch a network of special purpose, down to its first and last address and in the
// form of an IPv6 address, that events can be sent to; and a guard that refuses its public
// neighbours.
func TestSpecialPurposeNetworksAreRefused(t *testing.T) {
	t.Parallel()
	for _, row := range registered {
		network := netip.MustParsePrefix(row.network)
		first, last := network.Addr(), lastOf(network)
		for _, ip := range []netip.Addr{first, last} {
			// Loopback and multicast lie at the ends of other networks.
			private := row.private || ip.IsLoopback()
			if webhook.Allowed(ip.String(), false) {
				t.Errorf("%s of %s (%s) is allowed", ip, row.network, row.purpose)
			}
			if got := webhook.Allowed(ip.String(), true); got != private {
				t.Errorf("%s of %s (%s) is allowed with private networks: %v", ip, row.network, row.purpose, got)
			}
			if ip.Is4() {
				if mapped := netip.AddrFrom16(ip.As16()).String(); webhook.Allowed(mapped, false) {
					t.Errorf("%s of %s (%s) is allowed", mapped, row.network, row.purpose)
				}
			}
		}
	}
	for _, public := range []string{
		"1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255",
		"169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.3.0", "192.167.255.255", "192.169.0.0",
		"198.17.255.255", "198.20.0.0", "203.0.112.255", "203.0.114.0", "223.255.255.255", "168.63.129.15", "168.63.129.17",
		"2001:200::", "2001:db7:ffff::", "2001:db9::", "2003::", "2620:4f:7fff::", "2620:4f:8001::", "3ffe::", "2400::1", "2a00::1",
		"::ffff:93.184.216.34",
	} {
		if !webhook.Allowed(public, false) {
			t.Errorf("%s is refused", public)
		}
	}
}

// lastOf is the last address of a network.
func lastOf(network netip.Prefix) netip.Addr {
	raw := network.Addr().AsSlice()
	for bit := network.Bits(); bit < len(raw)*8; bit++ {
		raw[bit/8] |= 1 << (7 - bit%8)
	}
	last, _ := netip.AddrFromSlice(raw)
	return last
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
	public.AttemptsMax, public.Keys = 1, keysOf("test")
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
