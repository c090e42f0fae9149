package webhook

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/net/idna"

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
	if u.User != nil || u.Fragment != "" {
		return refuse("it contains a user or a fragment")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return refuse("its port is not between 1 and 65535")
		}
	}
	h, why := hostOf(u.Hostname())
	switch {
	case why != "":
		return refuse(why)
	case u.Scheme != "https" && (u.Scheme != "http" || !h.loopback || !private):
		return refuse("its scheme must be https")
	case !private && h.loopback, h.literal.IsValid() && !allowed(h.literal, private):
		return refuse("its host is not on the public network")
	}
	return nil
}

// host is the host of a URL as the client will understand it.
type host struct {
	// literal is the address that it spells out; the zero value for a name.
	literal  netip.Addr
	loopback bool
}

// names maps a name as looking it up does: other digits, dots and letters that stand for
// those of ASCII are written as these.
var names = idna.New(idna.MapForLookup(), idna.StrictDomainName(false))

// number is a label that is read as a number.
var number = regexp.MustCompile(`^([0-9]+|0x[0-9a-f]*)$`)

// hostOf reads the host of a URL, or says why it is none. The last label of a name is no
// number (RFC 3696, 2), so that a host which ends in one is an address in a spelling that
// libraries read in different ways: decimal, octal, hexadecimal or with parts left out.
func hostOf(text string) (host, string) {
	if ip, err := netip.ParseAddr(text); err == nil {
		if ip.Zone() != "" {
			return host{}, "its host has a zone"
		}
		return host{literal: ip, loopback: ip.Unmap().IsLoopback()}, ""
	}
	name, err := names.ToASCII(text)
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	labels := strings.Split(name, ".")
	if err != nil || slices.Contains(labels, "") {
		return host{}, "its host is not a name"
	}
	if ip, err := netip.ParseAddr(name); err == nil {
		return host{literal: ip, loopback: ip.Unmap().IsLoopback()}, ""
	}
	last := labels[len(labels)-1]
	if number.MatchString(last) {
		return host{}, "its host is a number that is not an address; write the four parts of an address in decimal"
	}
	return host{loopback: last == "localhost"}, ""
}

// public6 holds every IPv6 address that is assigned to receivers. All other networks are
// none of theirs: loopback, private and link-local ones, and those of addresses that only
// stand for an IPv4 address (compatible, translated, NAT64).
var public6 = netip.MustParsePrefix("2000::/3")

// special are the networks within IPv4 and public6 that the registries of special purposes
// keep for something else than receivers: a machine itself, its neighbours, shared addresses
// of providers, relays to other protocols (6to4 and Teredo among them), benchmarks,
// examples, name servers for private addresses, and the future. A test walks the registries.
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
	"192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
)

// platform are addresses at which clouds serve a machine's credentials and configuration,
// beside the link-local ones: Azure's host, and the metadata services of AWS, Google and
// Oracle.
var platform = prefixes("168.63.129.16/32", "fd00:ec2::/32", "fd20:ce::/32", "fd00:c1::/32")

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, text := range list {
		out[i] = netip.MustParsePrefix(text)
	}
	return out
}

// allowed says whether the server may connect to an address: to one of the public network,
// and to loopback and private networks if the configuration says so. Everything else is
// refused, above all the addresses of platforms, wherever they are.
func allowed(ip netip.Addr, private bool) bool {
	ip = ip.Unmap().WithZone("")
	within := func(network netip.Prefix) bool { return network.Contains(ip) }
	switch {
	case !ip.IsValid(), slices.ContainsFunc(platform, within):
		return false
	case ip.IsLoopback(), ip.IsPrivate():
		return private
	}
	return (ip.Is4() || public6.Contains(ip)) && !slices.ContainsFunc(special, within)
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
