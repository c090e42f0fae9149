package watchsoak_test

import (
	"os"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/serveproc/serveproctest"
	"github.com/tenfold-claims/tenfold/internal/testlog"
	"github.com/tenfold-claims/tenfold/internal/testseed"
	"github.com/tenfold-claims/tenfold/internal/watchsoak"
)

func TestMain(m *testing.M) { os.Exit(serveproctest.Main(m)) }

// Would catch an event that is lost, told twice or told wrongly to somebody who
// watches over the client while server processes die and connections break. `make
// soak` does it a thousand times.
func TestShortSoak(t *testing.T) {
	t.Parallel()
	c := watchsoak.Defaults()
	said := new(testlog.Log)
	c.Binary, c.DatabaseURL, c.Seed, c.Log = serveproctest.Binary(), pgtest.New(t).AppURL, testseed.New(t), said
	c.Kills, c.Now = 20, time.Now
	report, err := watchsoak.Run(t.Context(), c)
	if err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	for _, wrong := range report.Wrong {
		t.Error(wrong)
	}
	if report.Killed+report.Broken != c.Kills || report.Claims == 0 || report.Received < report.Events {
		t.Errorf("nothing much happened: %+v", report)
	}
	t.Logf("%+v", report)
}

// Would catch a soak that proves nothing.
func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*watchsoak.Config){
		"no kills":    func(c *watchsoak.Config) { c.Kills = 0 },
		"no watchers": func(c *watchsoak.Config) { c.Watchers = 0 },
		"no books":    func(c *watchsoak.Config) { c.Merchants = 0 },
		"no pause":    func(c *watchsoak.Config) { c.Pause = 0 },
	} {
		c := watchsoak.Defaults()
		spoil(&c)
		if _, err := watchsoak.Run(t.Context(), c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
