package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/postgres/fill"
)

// ListsMax is the longest time that the slowest of a hundred pages may take, with
// any number of claims.
const ListsMax = 20 * time.Millisecond

const (
	listPage = 50
	// listsWarm is the number of pages read before the measured ones, because the
	// cache of a server that has just been filled is cold.
	listsWarm = 50
	// walkedBelow is the number of claims below which some tables have so few pages
	// that a scan is cheaper than an index.
	walkedBelow = 100_000
)

// ListsConfig is the input of a measurement of the lists of claims.
type ListsConfig struct {
	// Claims holds the numbers of claims with which every list is measured.
	Claims []int
	// Pages is the number of pages that are read of each list.
	Pages int
	// Seed selects the merchants, orders and so on that are asked for.
	Seed uint64
	// Dir, Now and Progress have the same meaning as in Config.
	Dir      string
	Now      func() time.Time
	Progress func(doing string, percent int)
}

// ListsReport is the result of a measurement.
type ListsReport struct {
	Seed  uint64      `json:"seed"`
	Sizes []ListsSize `json:"sizes"`
}

// ListsSize is the result for one number of claims.
type ListsSize struct {
	Claims      int     `json:"claims"`
	Bytes       int64   `json:"bytes"`
	FillSeconds float64 `json:"fillSeconds"`
	// Others is the share of the machine that other processes used during the
	// measurement.
	Others float64      `json:"othersCpuShare"`
	Lists  []ListFigure `json:"lists"`
}

// ListFigure is the result for one list.
type ListFigure struct {
	Name string `json:"name"`
	// Plan names the indexes by which the list is read, and the tables that are
	// scanned.
	Plan string `json:"plan"`
	// Rows is the average number of claims on a page.
	Rows      float64 `json:"rows"`
	P50Millis float64 `json:"p50Millis"`
	P99Millis float64 `json:"p99Millis"`
	MaxMillis float64 `json:"maxMillis"`
	Met       bool    `json:"met"`
}

// Missed says whether a list was too slow.
func (r *ListsReport) Missed() bool {
	return slices.ContainsFunc(r.Sizes, func(s ListsSize) bool {
		return slices.ContainsFunc(s.Lists, func(l ListFigure) bool { return !l.Met })
	})
}

// Check returns an error that names the first setting without sense.
func (c *ListsConfig) Check() error {
	if len(c.Claims) == 0 {
		return errors.New("at least one number of claims is required")
	}
	for _, n := range c.Claims {
		if n < 1000 || n > 100_000_000 {
			return fmt.Errorf("a number of claims must be between 1,000 and 100,000,000, not %d", n)
		}
	}
	if c.Pages < 1 {
		return fmt.Errorf("the number of pages must be at least 1, not %d", c.Pages)
	}
	return nil
}

// RunLists measures every anchor and queue, each in a throwaway database. It fails
// if a list is read by a scan of a large table. A slow list is not an error.
func RunLists(ctx context.Context, c ListsConfig) (_ *ListsReport, err error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	cluster, err := startCluster(ctx, Config{Dir: c.Dir, Now: c.Now})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, cluster.close()) }()
	report := &ListsReport{Seed: c.Seed}
	for _, n := range c.Claims {
		size, err := c.measureSize(ctx, cluster, n)
		if err != nil {
			return nil, fmt.Errorf("%d claims: %w", n, err)
		}
		report.Sizes = append(report.Sizes, size)
	}
	return report, nil
}

func (c *ListsConfig) measureSize(ctx context.Context, cluster *cluster, claims int) (ListsSize, error) {
	size := ListsSize{Claims: claims}
	db, err := cluster.create(ctx, fmt.Sprintf("lists%d", claims))
	if err != nil {
		return size, err
	}
	if _, _, err := postgres.Migrate(ctx, db.ownerURL, slog.New(slog.DiscardHandler)); err != nil {
		return size, err
	}
	began := c.Now()
	err = fill.Claims(ctx, db.ownerURL, claims, func(done int) { c.doing(100*done/claims, "making %d claims", claims) })
	if err != nil {
		return size, err
	}
	size.FillSeconds = c.Now().Sub(began).Seconds()
	if size.Bytes, err = fill.Size(ctx, db.ownerURL); err != nil {
		return size, err
	}
	err = c.measureLists(ctx, cluster, db, &size)
	return size, err
}

// measureLists reads every list of a filled database.
func (c *ListsConfig) measureLists(ctx context.Context, cluster *cluster, db database, size *ListsSize) error {
	reads, err := postgres.Open(db.appURL, 1)
	if err != nil {
		return err
	}
	defer reads.Close()
	m := meter{postmaster: cluster.server.Pid()}
	before, err := m.read()
	if err != nil {
		return err
	}
	began, claims := c.Now(), size.Claims
	for i, l := range lists(claims) {
		c.doing(100*i/len(lists(claims)), "reading %s with %d claims", l.name, claims)
		figure, err := c.measureList(ctx, reads, l, claims)
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		size.Lists = append(size.Lists, figure)
	}
	after, err := m.read()
	size.Others = others(before, after, c.Now().Sub(began))
	return err
}

func (c *ListsConfig) doing(percent int, format string, args ...any) {
	if c.Progress != nil {
		c.Progress(fmt.Sprintf(format, args...), percent)
	}
}

func (c *ListsConfig) measureList(ctx context.Context, db *postgres.DB, l list, claims int) (ListFigure, error) {
	pick := rand.New(rand.NewPCG(c.Seed, 0))
	var took histogram
	rows := 0
	for i := range listsWarm + c.Pages {
		q, from := l.query(pick)
		began := c.Now()
		page, err := db.Reader().Claims(ctx, q, from, listPage)
		if err != nil {
			return ListFigure{}, err
		}
		if i >= listsWarm {
			took.add(c.Now().Sub(began))
			rows += len(page.Rows)
		}
	}
	plan, err := planned(ctx, db, l, pick, claims < walkedBelow)
	p99 := took.quantile(0.99)
	return ListFigure{
		Name: l.name, Plan: plan, Rows: float64(rows) / float64(c.Pages), Met: p99 <= ListsMax,
		P50Millis: millis(took.quantile(0.5)), P99Millis: millis(p99), MaxMillis: millis(took.max()),
	}, err
}

// planned names the indexes by which a list is read. It returns an error if the
// list is read by a scan that is not allowed.
func planned(ctx context.Context, db *postgres.DB, l list, pick *rand.Rand, mayWalk bool) (string, error) {
	plans, err := db.Plans(ctx, func(r postgres.Reader) error {
		q, from := l.query(pick)
		_, err := r.Claims(ctx, q, from, listPage)
		return err
	})
	if err != nil {
		return "", err
	}
	by, walked := ways(plans)
	if len(walked) > 0 && !mayWalk {
		return "", fmt.Errorf("the database scans whole tables: %s", strings.Join(walked, ", "))
	}
	return strings.Join(by, ", "), nil
}

// ways names the indexes that the plans use, and the tables that they scan.
func ways(plans []postgres.PlanStep) (by, walked []string) {
	add := func(list []string, name string) []string {
		if name == "" || slices.Contains(list, name) {
			return list
		}
		return append(list, name)
	}
	for i := range plans {
		plans[i].Walk(func(s *postgres.PlanStep) {
			by = add(by, s.Index)
			if s.Type == "Seq Scan" {
				by, walked = add(by, "all of "+s.Relation), add(walked, s.Relation)
			}
		})
	}
	return by, walked
}
