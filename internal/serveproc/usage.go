package serveproc

import "time"

// Usage is what a process has used so far.
type Usage struct {
	// CPU is user and system time of all its threads.
	CPU time.Duration
	// Resident and PeakResident are its memory in bytes, now and at its most.
	Resident     int64
	PeakResident int64
}

// Usage reads what the server has used.
func (p *Process) Usage() (Usage, error) { return UsageOf(p.Pid()) }
