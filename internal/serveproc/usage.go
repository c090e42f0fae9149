package serveproc

import "time"

// Usage is the CPU time and memory that a process has used so far.
type Usage struct {
	// CPU is the user and system time of all threads.
	CPU time.Duration
	// Resident is the present memory in bytes, and PeakResident the largest.
	Resident     int64
	PeakResident int64
}

// Usage reads the resources of the server.
func (p *Process) Usage() (Usage, error) { return UsageOf(p.Pid()) }
