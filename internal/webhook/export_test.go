package webhook

import "net/netip"

// CheckURL is checkURL.
func CheckURL(text string, private bool) error { return checkURL(text, private) }

// Allowed is allowed.
func Allowed(text string, private bool) bool { return allowed(netip.MustParseAddr(text), private) }
