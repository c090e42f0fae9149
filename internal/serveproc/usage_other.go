//go:build !linux

package serveproc

import "errors"

var errNoProc = errors.New("this system does not tell what a process uses")

// UsageOf reads what a process has used; only Linux tells.
func UsageOf(int) (Usage, error) { return Usage{}, errNoProc }
