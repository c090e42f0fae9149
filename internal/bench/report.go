package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Report is the result of a run.
type Report struct {
	StartedAt time.Time `json:"startedAt"`
	Seconds   float64   `json:"seconds"`
	Quick     bool      `json:"quick"`
	Machine   Machine   `json:"machine"`
	Database  Database  `json:"database"`
	Load      Load      `json:"load"`
	Pgbench   Pgbench   `json:"pgbench"`
	// Workloads are in the order in which they ran.
	Workloads []Workload `json:"workloads"`
	Soak      Soak       `json:"soak"`
	// ServerPeakBytes is the largest peak of memory among all servers.
	ServerPeakBytes int64    `json:"serverPeakBytes"`
	Targets         []Target `json:"targets"`
}

// Machine describes the machine on which client, server and database ran.
type Machine struct {
	System      string `json:"system"`
	Processor   string `json:"processor,omitempty"`
	Cores       int    `json:"cores"`
	MemoryBytes int64  `json:"memoryBytes,omitempty"`
	GoVersion   string `json:"goVersion"`
	// FlushMicros is the median time to write a database page and flush it to the
	// disk of the database.
	FlushMicros float64 `json:"flushMicros"`
}

// Database describes the PostgreSQL of the run.
type Database struct {
	Version  string            `json:"version"`
	Settings map[string]string `json:"settings"`
}

// Load describes the server's settings and its callers.
type Load struct {
	Callers        int `json:"callers"`
	Connections    int `json:"connections"`
	Lanes          int `json:"lanes"`
	BatchMax       int `json:"batchMax"`
	Merchants      int `json:"merchants"`
	InFlight       int `json:"inFlight"`
	ReadsPerSecond int `json:"readsPerSecond"`
}

// Workload is the result of one window.
type Workload struct {
	ID         string  `json:"id"`
	Title      string  `json:"title"`
	Operations int64   `json:"operations"`
	Seconds    float64 `json:"seconds"`
	PerSecond  float64 `json:"perSecond"`
	P50Millis  float64 `json:"p50Millis"`
	P99Millis  float64 `json:"p99Millis"`
	MaxMillis  float64 `json:"maxMillis"`
	// The CPU times are per operation; that of the client includes the gateway's.
	// Workloads that run at the same time share their CPU times.
	ServerMicros   float64 `json:"serverCpuMicros"`
	DatabaseMicros float64 `json:"databaseCpuMicros"`
	ClientMicros   float64 `json:"clientCpuMicros"`
	// Others is the share of the machine that neither client nor server nor
	// database used.
	Others float64 `json:"othersCpuShare"`
	// ServerBytes is the server's memory at the end of the window. ServerPeakBytes
	// is its largest memory since it was started.
	ServerBytes     int64 `json:"serverBytes"`
	ServerPeakBytes int64 `json:"serverPeakBytes"`
	// Retries counts repeated calls, inside and outside of the window.
	Retries int64 `json:"retries"`
}

// result sums up a window, and notes the peak of the server's memory for its
// target.
func (b *bench) result(id, title string, m *measure) Workload {
	b.notePeak(m.after.peak)
	return b.summary(id, title, m)
}

// summary sums up a window.
func (b *bench) summary(id, title string, m *measure) Workload {
	seconds := m.ended.Sub(m.began).Seconds()
	w := Workload{
		ID: id, Title: title, Operations: m.operations, Seconds: seconds,
		P50Millis: millis(m.latency.quantile(0.50)), P99Millis: millis(m.latency.quantile(0.99)), MaxMillis: millis(m.latency.max()),
		ServerMicros:   microsEach(m.after.server-m.before.server, m.operations),
		DatabaseMicros: microsEach(m.after.database-m.before.database, m.operations),
		ClientMicros:   microsEach(m.after.client-m.before.client, m.operations),
		Others:         others(m.before, m.after, m.ended.Sub(m.began)),
		ServerBytes:    m.after.resident, ServerPeakBytes: m.after.peak, Retries: m.retries.Load(),
	}
	if seconds > 0 {
		w.PerSecond = float64(m.operations) / seconds
	}
	return w
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Soak is the rate of W4 over time.
type Soak struct {
	SliceSeconds float64 `json:"sliceSeconds"`
	// PerSecond holds the claims paid per second in each slice; the first slice is
	// the ramp.
	PerSecond []float64 `json:"perSecond"`
	// Kept is the mean rate of the last minute divided by that of the second
	// minute. It is zero if the soak was too short to tell.
	Kept float64 `json:"kept"`
}

// Disturbance is the largest share of the machine that other processes used during
// any window.
func (r *Report) Disturbance() float64 {
	most := r.Pgbench.Best.Others
	for _, w := range r.Workloads {
		most = max(most, w.Others)
	}
	return most
}

// Find returns the workload with an id.
func (r *Report) Find(id string) (Workload, bool) {
	i := slices.IndexFunc(r.Workloads, func(w Workload) bool { return w.ID == id })
	if i < 0 {
		return Workload{}, false
	}
	return r.Workloads[i], true
}

// describe starts the report with the facts that are known before a run.
func (r *run) describe() (*Report, error) {
	flush, err := flushTime(r.cluster.dir, r.Now)
	if err != nil {
		return nil, fmt.Errorf("time a flush: %w", err)
	}
	return &Report{
		StartedAt: r.Now().UTC(), Quick: r.Quick,
		Machine: Machine{
			System: runtime.GOOS + "/" + runtime.GOARCH, Processor: procField("/proc/cpuinfo", "model name"), Cores: runtime.NumCPU(),
			MemoryBytes: memory(), GoVersion: runtime.Version(), FlushMicros: float64(flush.Nanoseconds()) / 1000,
		},
		Database: Database{Version: r.cluster.server.Version(), Settings: durability},
		Load: Load{
			Callers: r.Callers, Connections: r.Connections, Lanes: r.Lanes, BatchMax: r.BatchMax, Merchants: r.Merchants,
			InFlight: r.InFlight, ReadsPerSecond: r.ReadsPerSecond,
		},
	}, nil
}

// flushTime is the median time to write and flush one page.
func flushTime(dir string, now func() time.Time) (_ time.Duration, err error) {
	const (
		pageSize = 8 << 10
		times    = 101
	)
	f, err := os.Create(filepath.Join(dir, "flush"))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	all := make([]time.Duration, times)
	for i := range all {
		began := now()
		if _, err := f.WriteAt(make([]byte, pageSize), 0); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		all[i] = now().Sub(began)
	}
	slices.Sort(all)
	return all[times/2], os.Remove(f.Name())
}

// procField reads the first field with a name from a file in /proc. It is empty if
// there is no such field.
func procField(path, name string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if field, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(field) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// memory is the machine's memory in bytes, or zero if the system does not report
// it.
func memory() int64 {
	kilobytes, _ := strconv.ParseInt(strings.TrimSuffix(procField("/proc/meminfo", "MemTotal"), " kB"), 10, 64)
	return kilobytes << 10
}
