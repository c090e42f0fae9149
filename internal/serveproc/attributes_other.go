//go:build !linux

package serveproc

import "syscall"

// attributes are empty, because this system cannot tie the server to its parent.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
