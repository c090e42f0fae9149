package serveproc

import "syscall"

// attributes let the kernel end the server with the process that started it.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
