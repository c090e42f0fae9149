//go:build !linux

package serveproc

import "syscall"

// attributes add nothing: this system cannot tie the server to its parent.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
