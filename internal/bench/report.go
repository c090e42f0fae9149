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

// Report is what a run found.
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
	// ServerPeakBytes is the most memory that any of the servers used.
	ServerPeakBytes int64    `json:"serverPeakBytes"`
	Targets         []Target `json:"targets"`
}

// Machine is where it ran: client, server and database alike.
type Machine struct {
	System      string `json:"system"`
	Processor   string `json:"processor,omitempty"`
	Cores       int    `json:"cores"`
	MemoryBytes int64  `json:"memoryBytes,omitempty"`
	GoVersion   string `json:"goVersion"`
	// FlushMicros is the median of writing a database page and flushing it to
	// the disk that holds the database.
	FlushMicros float64 `json:"flushMicros"`
}

// Database is the PostgreSQL beneath everything.
type Database struct {
	Version  string            `json:"version"`
	Settings map[string]string `json:"settings"`
}

// Load is how the server was run and called.
type Load struct {
	Callers        int `json:"callers"`
	Connections    int `json:"connections"`
	Lanes          int `json:"lanes"`
	BatchMax       int `json:"batchMax"`
	Merchants      int `json:"merchants"`
	InFlight       int `json:"inFlight"`
	ReadsPerSecond int `json:"readsPerSecond"`
}

// Workload is what was measured in one window.
type Workload struct {
	ID         string  `json:"id"`
	Title      string  `json:"title"`
	Operations int64   `json:"operations"`
	Seconds    float64 `json:"seconds"`
	PerSecond  float64 `json:"perSecond"`
	P50Millis  float64 `json:"p50Millis"`
	P99Millis  float64 `json:"p99Millis"`
	MaxMillis  float64 `json:"maxMillis"`
	// The CPU times are for each operation; the client's include the gateway's.
	// Workloads that run beside each other have those of both.
	ServerMicros   float64 `json:"serverCpuMicros"`
	DatabaseMicros float64 `json:"databaseCpuMicros"`
	ClientMicros   float64 `json:"clientCpuMicros"`
	// Others is the share of the machine that neither client nor server nor
	// database used.
	Others float64 `json:"othersCpuShare"`
	// ServerBytes is the server's memory at the end of the window,
	// ServerPeakBytes its most since it was started.
	ServerBytes     int64 `json:"serverBytes"`
	ServerPeakBytes int64 `json:"serverPeakBytes"`
	// Retries counts calls that were sent again, in the window and around it.
	Retries int64 `json:"retries"`
}

// result sums a window up and holds the server's memory against its target.
func (b *bench) result(id, title string, m *measure) Workload {
	b.notePeak(m.after.peak)
	return b.summary(id, title, m)
}

// summary sums a window up.
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

// Soak is the course of W4.
type Soak struct {
	SliceSeconds float64 `json:"sliceSeconds"`
	// PerSecond has the claims paid per second in each slice; the first is the
	// ramp.
	PerSecond []float64 `json:"perSecond"`
	// Kept is the last minute's mean over the second minute's; zero where the
	// soak was too short to tell.
	Kept float64 `json:"kept"`
}

// Disturbance is the largest share of the machine that something else used
// during any window.
func (r *Report) Disturbance() float64 {
	most := r.Pgbench.Best.Others
	for _, w := range r.Workloads {
		most = max(most, w.Others)
	}
	return most
}

// Find gives the workload of an id.
func (r *Report) Find(id string) (Workload, bool) {
	i := slices.IndexFunc(r.Workloads, func(w Workload) bool { return w.ID == id })
	if i < 0 {
		return Workload{}, false
	}
	return r.Workloads[i], true
}

// describe begins the report with what is known before anything runs.
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

// flushTime is the median time of writing one page and flushing it.
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

// procField reads the first field of a name from a file of /proc; empty where
// there is none.
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

// memory is the machine's in bytes; zero where it is not told.
func memory() int64 {
	kilobytes, _ := strconv.ParseInt(strings.TrimSuffix(procField("/proc/meminfo", "MemTotal"), " kB"), 10, 64)
	return kilobytes << 10
}
