//go:build !linux

package serveproc

import "errors"

var errNoProc = errors.New("this system does not report the resources of a process")

// UsageOf reads the resources of a process; only Linux reports them.
func UsageOf(int) (Usage, error) { return Usage{}, errNoProc }
