package chaos_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/chaos"
	"github.com/tenfold-claims/tenfold/internal/serveproc/serveproctest"
	"github.com/tenfold-claims/tenfold/internal/testlog"
	"github.com/tenfold-claims/tenfold/internal/testseed"
)

func TestMain(m *testing.M) { os.Exit(serveproctest.Main(m)) }

// Would catch a request that was acknowledged and is lost or carried out twice while the
// database stands still, goes silent, is read-only or full, while strangers hold the port
// and the gateway stalls; a server that calls itself ready then, does not say why, or is
// killed for it; one that does not come back; and one that does not end while its database
// says nothing. `make chaos` runs it for longer, and prints how long callers waited.
func TestShortChaos(t *testing.T) {
	t.Parallel()
	said := new(testlog.Log)
	c := chaos.Defaults()
	c.Binary, c.Seed, c.Now, c.Log = serveproctest.Binary(), testseed.New(t), time.Now, said
	c.Callers, c.Merchants, c.Strangers = 4, 3, 200
	c.Window, c.Attack = 200*time.Millisecond, time.Second
	c.AnswerMax, c.StopMax, c.DiskBytes = 3*time.Second, 4*time.Second, 256<<20
	report, err := chaos.Run(t.Context(), c)
	if err != nil {
		t.Fatalf("%v: %s", err, said.String())
	}
	for _, wrong := range report.Wrong {
		t.Error(wrong)
	}
	if t.Failed() {
		t.Log(said.String())
	}
	if len(report.Attacks)+len(report.Omitted) != 9 || report.Claims == 0 || report.Paid == 0 || report.Acknowledged < 5*report.Claims {
		t.Errorf("nothing much happened: %+v", report)
	}
	// Each attack is told by a few lines, though calls fail and are sent again all the time.
	const linesMax = 10
	if lines := strings.Count(said.String(), "level=ERROR"); lines > linesMax*len(report.Attacks) {
		t.Errorf("%d errors were logged: %s", lines, said.String())
	}
	for _, a := range report.Attacks {
		t.Logf("%+v", a)
		if a.Before.Calls == 0 || a.After.Calls == 0 || a.During.Calls == 0 {
			t.Errorf("%s: nothing was measured: %+v", a.Name, a)
		}
		for _, text := range a.Unready {
			if strings.Contains(text, "127.0.0.1") || strings.Contains(text, "/tmp") || strings.Contains(text, "pq:") {
				t.Errorf("%s: /readyz shows the insides of the server: %q", a.Name, text)
			}
		}
	}
	t.Logf("%d claims, %d paid, %d calls acknowledged, %d repeated, omitted %q", report.Claims, report.Paid, report.Acknowledged, report.Repeated, report.Omitted)
}

// Would catch a run with settings that show nothing.
func TestChaosChecksItsSettings(t *testing.T) {
	t.Parallel()
	good := chaos.Defaults()
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*chaos.Config){
		"nobody calls":         func(c *chaos.Config) { c.Callers = 0 },
		"no books":             func(c *chaos.Config) { c.Merchants = 0 },
		"no strangers":         func(c *chaos.Config) { c.Strangers = 0 },
		"calls without rest":   func(c *chaos.Config) { c.Rest = 0 },
		"nothing is measured":  func(c *chaos.Config) { c.Window = 0 },
		"attacks end at once":  func(c *chaos.Config) { c.Attack = 0 },
		"attacks last long":    func(c *chaos.Config) { c.Attack = time.Minute },
		"no time to answer":    func(c *chaos.Config) { c.AnswerMax = time.Second },
		"no time to end":       func(c *chaos.Config) { c.StopMax = time.Second },
		"no room for the disk": func(c *chaos.Config) { c.DiskBytes = 1 << 20 },
	} {
		c := good
		spoil(&c)
		if c.Check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
