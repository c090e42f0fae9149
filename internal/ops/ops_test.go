package ops_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/ops"
	"github.com/tenfold-claims/tenfold/internal/peers"
)

// clock is a clock that the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

const silence = time.Minute

func newHealth() (*ops.Health, *clock) {
	c := &clock{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	return ops.NewHealth(c.Now, silence), c
}

// Would catch a server that is called before it can answer or while it drains, one
// that is killed because its database is away or its start takes long, and one
// that is stuck and left so.
func TestHealthFollowsTheDatabase(t *testing.T) {
	t.Parallel()
	away := errors.New("the database takes no writes: its disk is full")
	steps := []struct {
		name        string
		do          func(*ops.Health, *clock)
		ready, live string
	}{
		{"starting", func(*ops.Health, *clock) {}, "starting", ""},
		{"starting for long", func(_ *ops.Health, c *clock) { c.move(time.Hour) }, "starting", ""},
		{"database answers", func(h *ops.Health, _ *clock) { h.Asked(nil) }, "", ""},
		{"database is away", func(h *ops.Health, _ *clock) { h.Asked(away) }, "the database takes no writes: its disk is full", ""},
		{"for long", func(h *ops.Health, c *clock) { c.move(time.Hour); h.Asked(away) }, "the database takes no writes: its disk is full", ""},
		{"database is back", func(h *ops.Health, _ *clock) { h.Asked(nil) }, "", ""},
		{"nobody asks", func(_ *ops.Health, c *clock) { c.move(silence + 1) }, "stuck: the health loop no longer runs", "stuck: the health loop no longer runs"},
		{"somebody asks again", func(h *ops.Health, _ *clock) { h.Asked(nil) }, "", ""},
		{"stopping", func(h *ops.Health, _ *clock) { h.Stopping() }, "stopping: finishing the calls under way", ""},
		{"stopping for long", func(_ *ops.Health, c *clock) { c.move(silence + 1) }, "stopping: finishing the calls under way", ""},
	}
	h, c := newHealth()
	for _, step := range steps {
		step.do(h, c)
		if got := text(h.Ready()); got != step.ready {
			t.Errorf("%s: not ready because %q, want %q", step.name, got, step.ready)
		}
		if got := text(h.Live()); got != step.live {
			t.Errorf("%s: does not live because %q, want %q", step.name, got, step.live)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// serve serves on loopback and gives the base address.
func serve(t *testing.T, h *ops.Health) string {
	t.Helper()
	return serveWithin(t, h, ops.Bounds())
}

// serveWithin is serve with bounds on connections.
func serveWithin(t *testing.T, h *ops.Health, bounds peers.Config) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "measured 1\n") })
	s := ops.Serve(peers.Listen(l, bounds), []string{"tenfold-1.internal"}, h, metrics)
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String()
}

func get(t *testing.T, url string) (code int, body string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(b)
}

// Would catch a web page whose owner points its name at this machine, and which then reads
// profiles and metrics in the browser of a person on it; and a probe, a scraper or an
// operator who is turned away.
func TestOnlyKnownHostsAreServed(t *testing.T) {
	t.Parallel()
	h, _ := newHealth()
	base := serve(t, h)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]int{
		"localhost": 200, "localhost:" + port: 200, "LOCALHOST:1": 200, "localhost.": 200, "127.0.0.1": 200, "127.0.0.1:" + port: 200,
		"127.8.8.8": 200, "[::1]": 200, "[::1]:" + port: 200, "tenfold-1.internal": 200, "Tenfold-1.Internal.:" + port: 200,
		"rebound.example": 421, "rebound.example:" + port: 421, "localhost.rebound.example": 421, "127.0.0.1.rebound.example": 421,
		"tenfold-2.internal": 421, "10.0.0.8": 421, "10.0.0.8:" + port: 421, "[fd00::1]:" + port: 421, "0.0.0.0": 421, "2130706433": 421,
		"127.1": 421, "[::1": 421,
	} {
		for _, path := range []string{"/metrics", "/livez", "/debug/pprof/", "/debug/pprof/heap", "/nothing"} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = host
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				if want == 200 {
					t.Errorf("host %q: %v", host, err)
				}
				continue
			}
			_ = response.Body.Close()
			if refused := response.StatusCode == http.StatusMisdirectedRequest; refused != (want == 421) && response.StatusCode != http.StatusBadRequest {
				t.Errorf("host %q of %s answers %d", host, path, response.StatusCode)
			}
		}
	}
}

// Would catch a port that turns away who asks for the address that was connected to, as
// probes do, or that takes an address of another machine for one.
func TestAddressOfTheConnectionIsKnown(t *testing.T) {
	t.Parallel()
	at := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 8), Port: 7411}
	for host, want := range map[string]bool{"10.0.0.8:7411": true, "10.0.0.8": true, "[::ffff:10.0.0.8]:7411": true, "10.0.0.9": false, "rebound.example": false, "": false} {
		r := httptest.NewRequest(http.MethodGet, "/livez", http.NoBody)
		r.Host = host
		w := httptest.NewRecorder()
		ops.ToKnownHosts(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(at))))
		if got := w.Code == http.StatusOK; got != want {
			t.Errorf("host %q is known: %v", host, got)
		}
	}
}

// Would catch an endpoint that is missing, that answers 200 whatever the state, or
// that shows the command line, which may hold a password.
func TestEndpoints(t *testing.T) {
	t.Parallel()
	h, _ := newHealth()
	base := serve(t, h)
	for _, want := range []struct {
		path string
		code int
		body string
	}{
		{"/metrics", 200, "measured 1"},
		{"/livez", 200, "ok"},
		{"/readyz", 503, "starting"},
		{"/debug/pprof/", 200, "heap"},
		{"/debug/pprof/goroutine?debug=1", 200, "goroutine profile"},
		{"/debug/pprof/cmdline", 404, ""},
		{"/", 200, "/readyz"},
		{"/nothing", 404, ""},
	} {
		if code, body := get(t, base+want.path); code != want.code || !strings.Contains(body, want.body) {
			t.Errorf("%s answers %d %.80q, want %d with %q", want.path, code, body, want.code, want.body)
		}
	}
	h.Asked(nil)
	if code, body := get(t, base+"/readyz"); code != 200 || body != "ok\n" {
		t.Errorf("a ready server answers %d %q", code, body)
	}
}

// Would catch an index that names a path which is not served.
func TestIndexNamesWhatIsServed(t *testing.T) {
	t.Parallel()
	h, _ := newHealth()
	h.Asked(nil)
	base := serve(t, h)
	_, body := get(t, base+"/")
	for line := range strings.Lines(body) {
		path, _, _ := strings.Cut(line, " ")
		if code, _ := get(t, base+path); code != 200 {
			t.Errorf("%s answers %d", path, code)
		}
	}
	if strings.Count(body, "\n") < 4 {
		t.Errorf("the index says %q", body)
	}
}

// Would catch profiles that other machines may take where the port is open to them.
func TestProfilesAreForThisMachine(t *testing.T) {
	t.Parallel()
	h, _ := newHealth()
	handler := ops.Handler(h, http.NotFoundHandler())
	for from, want := range map[string]int{
		"127.0.0.1:5": 200, "[::1]:5": 200, "10.1.2.3:5": 403, "[2001:db8::1]:5": 403, "@": 403,
	} {
		for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/symbol"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.RemoteAddr = from
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != want {
				t.Errorf("%s from %s answers %d, want %d", path, from, w.Code, want)
			}
		}
	}
}

// Would catch silent connections that keep an operator or a probe out, and one that stands for ever.
func TestStrangersKeepNoOperatorOut(t *testing.T) {
	t.Parallel()
	h, _ := newHealth()
	h.Asked(nil)
	bounds := ops.Bounds()
	bounds.ProofMax = time.Hour
	base := serveWithin(t, h, bounds)
	flood := func() (last net.Conn) {
		t.Helper()
		for range bounds.ConnectionsMax {
			conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = conn.Close() })
			last = conn
		}
		return last
	}
	flood()
	if code, body := get(t, base+"/readyz"); code != http.StatusOK {
		t.Errorf("beside a flood: %d %s", code, body)
	}
	bounds.ProofMax = 50 * time.Millisecond
	base = serveWithin(t, h, bounds)
	if n, err := io.Copy(io.Discard, flood()); err != nil || n > 0 {
		t.Errorf("a silent connection: %d bytes, %v", n, err)
	}
}
