package serveproc

import "syscall"

// attributes make the kernel end the server with the process that started it.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
