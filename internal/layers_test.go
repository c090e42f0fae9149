package internal_test

import (
	"go/ast"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layers are the packages from the ground up. A package imports only what lies
// in layers below its own.
var layers = [][]string{
	{"internal/fault", "internal/principal"},
	{"internal/request", "internal/identity", "internal/signature"},
	{"internal/money", "internal/custody"},
	{"internal/order", "internal/reconcile/formats", "internal/statement"},
	{"internal/policy"},
	{"internal/claim", "internal/ledger", "internal/calendar", "internal/statement/parquet", "internal/statement/pdf"},
	{"internal/payout", "internal/event", "internal/debt", "internal/authenticator", "internal/commission", "internal/job"},
	{"internal/proposal", "internal/policyproposal", "internal/period", "internal/reconcile", "internal/report"},
	{"internal/explain"},
	{"internal/book"},
	{"internal/postgres"},
	{"internal/audit", "internal/accesslog", "internal/watch", "internal/statement/reading"},
	{"internal/engine"},
	{"internal/worker", "internal/relay", "internal/webhook", "internal/evidence"},
	{"internal/sandbox", "internal/notice"},
	{"internal/rpc"},
	{"internal/telemetry"},
	{"internal/demo", "internal/bench", "internal/soak", "internal/watchsoak", "internal/chaos"},
	{"cmd/tenfold"},
}

// aside are the packages beside the layers: what of the module each imports,
// and who, apart from tests, imports it.
var aside = map[string]struct{ imports, importers []string }{
	"migrations": {
		importers: []string{"internal/postgres", "internal/pgtest"},
	},
	// The contract ends where the wire does: at the server, and at those who call one.
	"proto/tenfold/v1": {
		importers: []string{
			"internal/rpc", "internal/demo", "internal/bench", "internal/soak", "internal/watchsoak", "internal/chaos", "cmd/tenfold",
			"internal/payout/gatewayclient", "internal/payout/gatewaycheck", "internal/payout/payouttest", "client", "internal/console",
			"examples/order-service", "cmd/gatewaystub", "cmd/gatewaystub/payments",
		},
	},
	"internal/rulefile": {
		imports:   []string{"internal/fault", "internal/money", "internal/policy", "internal/calendar"},
		importers: []string{"cmd/tenfold"},
	},
	"internal/payout/gatewayclient": {
		imports:   []string{"internal/fault", "internal/money", "internal/claim", "internal/payout", "proto/tenfold/v1"},
		importers: []string{"internal/soak", "cmd/tenfold"},
	},
	"internal/payout/gatewaycheck": {
		imports:   []string{"proto/tenfold/v1"},
		importers: []string{"cmd/tenfold"},
	},
	"internal/payout/payouttest": {
		imports:   []string{"internal/fault", "internal/money", "internal/claim", "internal/payout", "proto/tenfold/v1"},
		importers: []string{"internal/sandbox", "internal/demo", "internal/bench", "internal/soak", "internal/chaos", "cmd/tenfold"},
	},
	"internal/pgdial": {
		importers: []string{"internal/postgres", "internal/postgres/fill", "internal/embedpg", "internal/pgtest", "internal/pgtest/cluster"},
	},
	"internal/embedpg": {
		imports:   []string{"internal/pgdial"},
		importers: []string{"internal/pgtest", "internal/pgtest/cluster", "internal/bench", "internal/chaos", "cmd/tenfold"},
	},
	// What the description of the paths is made by.
	"cmd/openapi": {
		imports: []string{"internal/openapi"},
	},
	"internal/openapi": {
		importers: []string{"cmd/openapi"},
	},
	"internal/peers": {
		importers: []string{"internal/rpc", "internal/telemetry", "internal/web", "internal/ops", "cmd/tenfold"},
	},
	"internal/ops": {
		imports:   []string{"internal/peers"},
		importers: []string{"cmd/tenfold"},
	},
	"internal/web": {
		imports:   []string{"internal/peers"},
		importers: []string{"cmd/tenfold"},
	},
	// A caller with pages: it knows of claims what the contract tells.
	"internal/console": {
		imports:   []string{"internal/claim", "internal/money", "internal/statement/pdf", "proto/tenfold/v1"},
		importers: []string{"cmd/tenfold"},
	},
	"internal/embednats": {
		importers: []string{"cmd/tenfold"},
	},
	"internal/pgtest": {
		imports:   []string{"internal/embedpg", "internal/pgdial", "internal/policy", "internal/postgres", "migrations"},
		importers: []string{"internal/pgtest/cluster", "cmd/testserver"},
	},
	"internal/pgtest/cluster": {
		imports: []string{"internal/pgtest", "internal/embedpg", "internal/pgdial", "internal/postgres"},
	},
	"cmd/testserver": {
		imports: []string{"internal/pgtest"},
	},
	// What those copy who connect a payment service.
	"cmd/gatewaystub": {
		imports: []string{"cmd/gatewaystub/payments", "proto/tenfold/v1"},
	},
	"cmd/gatewaystub/payments": {
		imports:   []string{"proto/tenfold/v1"},
		importers: []string{"cmd/gatewaystub"},
	},
	"internal/reconcile/formats/formatstest": {
		importers: []string{"internal/bench", "internal/demo"},
	},
	"internal/linename": {
		importers: []string{"internal/rpc", "client", "cmd/tenfold"},
	},
	"internal/evidence/clamd": {
		importers: []string{"cmd/tenfold"},
	},
	"internal/evidence/media": {
		imports:   []string{"internal/fault"},
		importers: []string{"internal/evidence"},
	},
	"internal/evidence/object": {
		importers: []string{"internal/evidence", "internal/evidence/s3", "cmd/tenfold"},
	},
	"internal/evidence/s3": {
		imports:   []string{"internal/evidence/object"},
		importers: []string{"cmd/tenfold"},
	},
	"internal/font": {
		importers: []string{"internal/statement/pdf", "internal/report/chart"},
	},
	"internal/report/chart": {
		imports:   []string{"internal/font"},
		importers: []string{"cmd/tenfold"},
	},
	"internal/seal": {
		importers: []string{"internal/webhook", "cmd/tenfold"},
	},
	"internal/identity/identitytest":   {},
	"internal/signature/signaturetest": {},
	"internal/testlog":                 {},
	"internal/testrace":                {},
	"internal/testseed":                {},
	"internal/postgres/pgwire": {
		importers: []string{"internal/postgres"},
	},
	"internal/book/booktest": {
		imports: []string{
			"internal/fault", "internal/principal", "internal/request", "internal/money", "internal/order", "internal/policy",
			"internal/claim", "internal/custody", "internal/ledger", "internal/calendar", "internal/payout", "internal/event", "internal/debt",
			"internal/proposal", "internal/authenticator", "internal/commission", "internal/book",
		},
	},
	"internal/book/booktest/flips": {
		imports: []string{
			"internal/fault", "internal/principal", "internal/request", "internal/money", "internal/policy", "internal/claim",
			"internal/ledger", "internal/payout", "internal/debt", "internal/commission", "internal/custody", "internal/job", "internal/proposal", "internal/book",
			"internal/book/booktest",
			"internal/book/booktest/orders",
		},
	},
	"internal/book/booktest/orders": {
		imports: []string{
			"internal/fault", "internal/principal", "internal/request", "internal/money", "internal/order", "internal/policy",
			"internal/claim", "internal/ledger", "internal/payout", "internal/book", "internal/book/booktest",
		},
	},
	"internal/postgres/fill": {
		imports:   []string{"internal/pgdial"},
		importers: []string{"internal/bench"},
	},
	"internal/cases": {
		imports:   []string{"internal/money", "internal/order", "internal/policy"},
		importers: []string{"internal/demo"},
	},
	"internal/caller": {
		importers: []string{"internal/demo", "internal/bench", "internal/chaos", "cmd/tenfold"},
	},
	// What callers outside the server are made of.
	"client": {
		imports:   []string{"internal/linename", "internal/caller", "internal/fault", "proto/tenfold/v1"},
		importers: []string{"examples/order-service", "internal/watchsoak", "cmd/tenfold"},
	},
	"examples/order-service": {
		imports: []string{"client", "proto/tenfold/v1"},
	},
	"internal/serveproc/serveproctest": {
		imports: []string{"internal/serveproc", "internal/pgtest"},
	},
	"internal/serveproc": {
		importers: []string{"internal/bench", "internal/watchsoak", "internal/chaos", "cmd/tenfold"},
	},
}

func layerOf(dir string) int {
	return slices.IndexFunc(layers, func(layer []string) bool { return slices.Contains(layer, dir) })
}

// Would catch an import that points upwards or across: rules that know their
// storage, an engine that knows its transport, a package that only tests or
// tools may use in the product.
func TestImportsPointDownwards(t *testing.T) {
	t.Parallel()
	for _, s := range tree(t) {
		if s.test {
			continue // A test may look at its package from above.
		}
		if _, beside := aside[s.dir]; !beside && layerOf(s.dir) < 0 {
			t.Errorf("package %s has no place: put it into the layers of internal/layers_test.go, "+
				"above all that it imports and below all that import it, or beside them with its imports and importers", s.dir)
			continue
		}
		for _, imported := range s.imports {
			if dir, ours := strings.CutPrefix(imported, module); ours && !allowed(s.dir, dir) {
				t.Errorf("%s imports %s, which does not lie below it", s.path, dir)
			}
		}
	}
}

func allowed(from, to string) bool {
	if beside, ok := aside[to]; ok && !slices.Contains(beside.importers, from) {
		// Packages beside the layers know each other by their own lists.
		other, both := aside[from]
		return both && slices.Contains(other.imports, to)
	}
	if beside, ok := aside[from]; ok {
		return slices.Contains(beside.imports, to)
	}
	if _, ok := aside[to]; ok {
		return true
	}
	below := layerOf(to)
	return below >= 0 && below < layerOf(from)
}

// Would catch a package of the tests' own table that does not exist any more
// under its name, so that nothing would be checked.
func TestLayersNamePackagesThatExist(t *testing.T) {
	t.Parallel()
	exists := make(map[string]bool)
	for _, s := range tree(t) {
		exists[s.dir] = true
	}
	// The contract's own files are generated, which the tree leaves out.
	exists["proto/tenfold/v1"] = true
	for _, layer := range layers {
		for _, dir := range layer {
			if !exists[dir] {
				t.Errorf("layer %s holds no Go files", dir)
			}
		}
	}
	for dir, beside := range aside {
		for _, named := range slices.Concat([]string{dir}, beside.imports, beside.importers) {
			if !exists[named] {
				t.Errorf("package %s holds no Go files", named)
			}
		}
	}
}

// Would catch a picture of the architecture that shows a package on another line than
// the one on which its imports are checked, or does not show it.
func TestArchitecturePictureShowsTheLayers(t *testing.T) {
	t.Parallel()
	_, text, found := strings.Cut(readFile(t, "../docs/architecture.md"), "\n## The picture\n")
	_, text, opened := strings.Cut(text, "```\n")
	text, _, closed := strings.Cut(text, "```\n")
	if !found || !opened || !closed {
		t.Fatal("docs/architecture.md has no picture")
	}
	var shown [][]string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "─") {
			continue
		}
		var on []string
		for _, word := range strings.Fields(line) {
			for _, dir := range []string{word, "internal/" + word} {
				if layerOf(dir) >= 0 {
					on = append(on, dir)
				}
			}
		}
		slices.Sort(on)
		shown = append(shown, on)
	}
	slices.Reverse(shown)
	for i, layer := range layers {
		want := slices.Sorted(slices.Values(layer))
		if i >= len(shown) || !slices.Equal(shown[i], want) {
			t.Errorf("docs/architecture.md shows %v from the ground up; line %d should hold %v", shown, i+1, want)
			return
		}
	}
	if len(shown) != len(layers) {
		t.Errorf("docs/architecture.md shows %d lines, there are %d", len(shown), len(layers))
	}
}

// pure are the packages that turn values into values or a refusal.
var pure = []string{
	"internal/fault", "internal/money", "internal/order", "internal/policy", "internal/claim", "internal/ledger", "internal/event",
	"internal/calendar", "internal/explain", "internal/principal", "internal/request", "internal/debt", "internal/commission", "internal/custody", "internal/proposal",
	"internal/book", "internal/reconcile", "internal/reconcile/formats", "internal/signature",
}

// Would catch a rule that waits, reads a file, speaks to a network or a
// database, or knows the wire: it could not be decided twice with one result.
func TestRulesArePure(t *testing.T) {
	t.Parallel()
	outside := []string{"context", "database", "net", "os", "io/fs", "log", "syscall", "google.golang.org", "buf.build", "github.com/lib", "github.com/jmoiron"}
	for _, s := range tree(t) {
		if s.test || !slices.Contains(pure, s.dir) {
			continue
		}
		for _, imported := range s.imports {
			if slices.ContainsFunc(outside, func(p string) bool { return imported == p || strings.HasPrefix(imported, p+"/") }) {
				t.Errorf("%s imports %s; package %s is pure", s.path, imported, path.Base(s.dir))
			}
		}
	}
}

// Would catch a transport or driver that is used below the layer it belongs to.
func TestTechnologyStaysInItsLayer(t *testing.T) {
	t.Parallel()
	drivers := []string{"internal/pgdial", "internal/postgres", "internal/postgres/pgwire", "internal/postgres/fill", "internal/embedpg", "internal/pgtest", "internal/pgtest/cluster"}
	for _, s := range tree(t) {
		if s.test {
			continue
		}
		for _, imported := range s.imports {
			switch {
			case strings.HasPrefix(imported, "github.com/lib/pq"), strings.HasPrefix(imported, "github.com/jmoiron/sqlx"),
				strings.HasPrefix(imported, "github.com/pressly/goose"):
				if !slices.Contains(drivers, s.dir) {
					t.Errorf("%s imports %s; PostgreSQL is spoken to in %v", s.path, imported, drivers)
				}
			case strings.HasPrefix(imported, "google.golang.org/grpc"):
				if layer := layerOf(s.dir); layer >= 0 && layer < layerOf("internal/rpc") {
					t.Errorf("%s imports %s below the transport", s.path, imported)
				}
			}
		}
	}
}

// openers are what begins a connection to PostgreSQL, or a pool of them, by package.
var openers = map[string][]string{
	"database/sql":            {"Open", "OpenDB"},
	"github.com/jmoiron/sqlx": {"Open", "MustOpen", "Connect", "MustConnect", "ConnectContext"},
	"github.com/lib/pq": {
		"Open", "DialOpen", "Driver", "NewConnector", "NewConnectorConfig", "NewListener", "NewDialListener", "NewListenerConn", "Connector",
	},
}

// Would catch a connection to the database that is not dialled with a limit, and on which
// whoever uses it waits for ever once it goes silent.
func TestEveryConnectionIsDialledWithALimit(t *testing.T) {
	t.Parallel()
	found := 0
	for _, s := range tree(t) {
		if s.test {
			continue // A test that hangs is ended by its time limit.
		}
		names := make(map[string][]string)
		for _, spec := range s.file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil || openers[imported] == nil {
				continue
			}
			name := path.Base(imported)
			if spec.Name != nil {
				name = spec.Name.Name
			}
			if name == "_" || name == "." {
				t.Errorf("%s imports %s as %s; internal/pgdial registers and opens", s.path, imported, name)
			}
			names[name] = openers[imported]
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			use, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			of, ok := use.X.(*ast.Ident)
			if !ok || !slices.Contains(names[of.Name], use.Sel.Name) {
				return true
			}
			found++
			if s.dir != "internal/pgdial" {
				t.Errorf("%s uses %s.%s; open connections by internal/pgdial, which bounds their silence", s.path, of.Name, use.Sel.Name)
			}
			return true
		})
	}
	if found < 3 {
		t.Errorf("only %d uses were found; internal/pgdial has more", found)
	}
}
