package webhook

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"syscall"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// checkURL refuses a URL that no events may be sent to. It does not look up names,
// because their addresses may change; every connection is checked when it is made.
func checkURL(text string, private bool) error {
	refuse := func(why string) error {
		return fault.New(fault.WebhookURLRefused, "events cannot be sent to this URL: %s", why).At("url")
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "" {
		return refuse("it is not an absolute URL with a host")
	}
	ip, parsed := netip.ParseAddr(u.Hostname())
	literal := parsed == nil
	loopback := u.Hostname() == "localhost" || literal && ip.Unmap().IsLoopback()
	switch {
	case u.User != nil || u.Fragment != "":
		return refuse("it contains a user or a fragment")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback || !private):
		return refuse("its scheme must be https")
	case !private && loopback, literal && !allowed(ip, private):
		return refuse("its host is not on the public network")
	}
	return nil
}

// reserved are networks that are not private by name but do not belong to a
// receiver either: shared addresses of providers, tests, benchmarks, relays to
// other protocols, and networks reserved for the future.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
}

// allowed says whether the server may connect to an address. Loopback and private
// networks are allowed if the configuration says so. Link-local addresses never
// are, because clouds serve a machine's credentials there.
func allowed(ip netip.Addr, private bool) bool {
	ip = ip.Unmap().WithZone("")
	switch {
	case !ip.IsValid(), ip.IsUnspecified(), ip.IsMulticast(), ip.IsLinkLocalUnicast():
		return false
	case ip.IsLoopback(), ip.IsPrivate():
		return private
	}
	for _, network := range reserved {
		if network.Contains(ip) {
			return false
		}
	}
	return true
}

// errAddress says that a name resolves to an address that no events may be sent to.
var errAddress = errors.New("the address is not on the public network")

// guard checks every address before the connection is made, after the name was
// looked up. So a name gains nothing by resolving to one address when it is checked
// and to another when it is used.
func guard(private bool) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return err
		}
		ip, err := netip.ParseAddr(host)
		if err != nil {
			return err
		}
		if !allowed(ip, private) {
			return errAddress
		}
		return nil
	}
}
