//go:build !linux

package pgdial

import (
	"syscall"
	"time"
)

// giveUpAfter leaves a peer that acknowledges nothing to the deadlines of reads and writes:
// other systems than Linux have no such option of one name.
func giveUpAfter(time.Duration) func(network, address string, c syscall.RawConn) error { return nil }
