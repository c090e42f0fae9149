package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// What the registry must do: find who may judge a product with 5,000 bodies and 50,000
// scopes, and register 1,000 brands with 10,000 scopes.
const (
	FindMax   = time.Millisecond
	ImportMax = 5 * time.Second

	// importSize is how many bodies an import has, and scopesEach how many values limit each.
	importSize = 1_000
	scopesEach = 10
	// findPage is the page that is looked for, and findWarm how many pages are read before
	// the measured ones.
	findPage = 50
	findWarm = 200
)

// VerificationConfig is the input of a measurement of the registry.
type VerificationConfig struct {
	// Bodies is how many bodies are registered, in imports of 1,000.
	Bodies int
	// Finds is how many products are looked up.
	Finds int
	Seed  uint64
	// Dir, Now and Progress have the same meaning as in Config.
	Dir      string
	Now      func() time.Time
	Progress func(doing string, percent int)
}

// VerificationReport is the result.
type VerificationReport struct {
	Seed   uint64 `json:"seed"`
	Bodies int    `json:"bodies"`
	Scopes int    `json:"scopes"`
	// ImportSeconds is how long each import of 1,000 bodies with 10,000 scopes took.
	ImportSeconds []float64 `json:"importSeconds"`
	ImportMet     bool      `json:"importMet"`
	Finds         []Finding `json:"finds"`
	// Others is the share of the machine that other processes used while products were
	// looked up.
	Others float64 `json:"othersCpuShare"`
}

// Finding is the result for one kind of product.
type Finding struct {
	Name string `json:"name"`
	// Rows is the average number of bodies on a page.
	Rows      float64 `json:"rows"`
	P50Millis float64 `json:"p50Millis"`
	P99Millis float64 `json:"p99Millis"`
	MaxMillis float64 `json:"maxMillis"`
	Met       bool    `json:"met"`
}

// Missed says whether something was too slow.
func (r *VerificationReport) Missed() bool {
	for _, f := range r.Finds {
		if !f.Met {
			return true
		}
	}
	return !r.ImportMet
}

// Check returns an error that names the first setting without sense.
func (c *VerificationConfig) Check() error {
	if c.Bodies < importSize || c.Bodies > 100*importSize || c.Bodies%importSize != 0 {
		return fmt.Errorf("the number of authenticators must be a multiple of 1,000 up to 100,000, not %d", c.Bodies)
	}
	if c.Finds < 1 {
		return fmt.Errorf("the number of look-ups must be at least 1, not %d", c.Finds)
	}
	return nil
}

// RunVerification registers bodies in a throwaway database and looks products up. A slow
// registry is not an error.
func RunVerification(ctx context.Context, c VerificationConfig) (_ *VerificationReport, err error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	cluster, err := startCluster(ctx, Config{Dir: c.Dir, Now: c.Now})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, cluster.close()) }()
	db, err := cluster.create(ctx, "registry")
	if err != nil {
		return nil, err
	}
	quiet := slog.New(slog.DiscardHandler)
	if _, _, err := postgres.Migrate(ctx, db.ownerURL, quiet); err != nil {
		return nil, err
	}
	store, err := postgres.Open(db.appURL, 8)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	e, err := engine.New(ctx, store, c.Now, engine.Defaults(), engine.Hooks{}, quiet)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	report := &VerificationReport{Seed: c.Seed, Bodies: c.Bodies, Scopes: c.Bodies * scopesEach, ImportMet: true}
	if err := c.register(ctx, e, report); err != nil {
		return nil, err
	}
	m := meter{postmaster: cluster.server.Pid()}
	before, err := m.read()
	if err != nil {
		return nil, err
	}
	began := c.Now()
	if err := c.find(ctx, store, report); err != nil {
		return nil, err
	}
	after, err := m.read()
	report.Others = others(before, after, c.Now().Sub(began))
	return report, err
}

// register imports the bodies: of five imports four are of brands, and one is of laboratories.
func (c *VerificationConfig) register(ctx context.Context, e *engine.Engine, report *VerificationReport) error {
	for from := 0; from < c.Bodies; from += importSize {
		c.doing(100*from/c.Bodies, "registering %d authenticators", c.Bodies)
		items := make([]engine.BodyItem, importSize)
		for i := range items {
			items[i] = someBody(from+i, from/importSize%5 == 4)
		}
		h := request.Header{
			Method: "AuthenticatorService/BatchRegisterAuthenticators", RequestID: fmt.Sprint("import-", from),
			Principal: principal.Principal{Workload: "bench", Role: principal.RoleOperator, Person: "bench"},
		}
		began := c.Now()
		if _, _, err := e.RegisterAll(ctx, h, items, "bench"); err != nil {
			return err
		}
		took := c.Now().Sub(began)
		report.ImportSeconds = append(report.ImportSeconds, took.Seconds())
		report.ImportMet = report.ImportMet && took <= ImportMax
	}
	return nil
}

// categories is how many category paths there are of each kind of goods.
const categories = 40

// someBody is a brand with six brands and four trademarks, or a laboratory for ten categories.
func someBody(n int, lab bool) engine.BodyItem {
	item := engine.BodyItem{ID: fmt.Sprintf("body-%06d", n), Content: authenticator.Content{Kind: claim.Brand, DisplayName: fmt.Sprint("Body ", n)}}
	c := &item.Content
	if lab {
		c.Kind = claim.AccreditedLab
		c.Accreditations = []authenticator.Accreditation{{Scheme: "CNAS", Number: fmt.Sprint("L", n), From: "2024-01-01", Until: "2099-12-31"}}
		for i := range scopesEach {
			c.Categories = append(c.Categories, fmt.Sprintf("goods/category-%d", (n+i*7)%categories))
		}
		return item
	}
	for i := range scopesEach {
		if i < 6 {
			c.Brands = append(c.Brands, fmt.Sprintf("Brand %d-%d", n, i))
		} else {
			c.Trademarks = append(c.Trademarks, fmt.Sprint(n*scopesEach+i))
		}
	}
	return item
}

// find looks products up.
func (c *VerificationConfig) find(ctx context.Context, db *postgres.DB, report *VerificationReport) error {
	for i, kind := range []struct {
		name string
		of   func(*rand.Rand) authenticator.Product
	}{
		{"of a brand", func(pick *rand.Rand) authenticator.Product {
			return authenticator.Product{Category: somePath(pick), Brand: fmt.Sprintf("brand %d-%d", pick.IntN(c.Bodies), pick.IntN(6))}
		}},
		{"under a trademark", func(pick *rand.Rand) authenticator.Product {
			return authenticator.Product{Category: somePath(pick), Trademark: fmt.Sprint(pick.IntN(c.Bodies)*scopesEach + 6 + pick.IntN(4))}
		}},
		{"of no known brand", func(pick *rand.Rand) authenticator.Product { return authenticator.Product{Category: somePath(pick)} }},
	} {
		c.doing(100*i/3, "looking up goods %s", kind.name)
		pick := rand.New(rand.NewPCG(c.Seed, 0))
		var took histogram
		rows := 0
		for n := range findWarm + c.Finds {
			product := kind.of(pick)
			began := c.Now()
			page, err := db.JudgesOf(ctx, &product, "", findPage)
			if err != nil {
				return err
			}
			if n >= findWarm {
				took.add(c.Now().Sub(began))
				rows += len(page)
			}
		}
		p99 := took.quantile(0.99)
		report.Finds = append(report.Finds, Finding{
			Name: kind.name, Rows: float64(rows) / float64(c.Finds), Met: p99 <= FindMax,
			P50Millis: millis(took.quantile(0.5)), P99Millis: millis(p99), MaxMillis: millis(took.max()),
		})
	}
	return nil
}

func somePath(pick *rand.Rand) string {
	return fmt.Sprintf("goods/category-%d/leaf", pick.IntN(categories))
}

func (c *VerificationConfig) doing(percent int, format string, args ...any) {
	if c.Progress != nil {
		c.Progress(fmt.Sprintf(format, args...), percent)
	}
}
