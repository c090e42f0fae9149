package postgres_test

import (
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Would catch a server that starts where the rows of its tables lie on several nodes, and a
// refusal of a database that only has other tables beside its own. There is no Citus to be
// had here, so its catalogue is made as it documents it; partitions and views are real.
func TestDistributedTablesAreRefused(t *testing.T) {
	t.Parallel()
	const citus = `CREATE TABLE pg_dist_partition (logicalrelid regclass, partmethod "char", colocationid integer, repmodel "char");
		GRANT SELECT ON pg_dist_partition TO PUBLIC;`
	for name, c := range map[string]struct{ change, want string }{
		"as it is":               {`SELECT 1`, ""},
		"other tables":           {`CREATE TABLE mine (a int) PARTITION BY RANGE (a); CREATE VIEW my_events AS SELECT * FROM events`, ""},
		"events are partitioned": {`ALTER TABLE events RENAME TO events_1; CREATE TABLE events (LIKE events_1) PARTITION BY LIST (merchant_id)`, "(events)"},
		"claims are inherited":   {`CREATE TABLE claims_1 () INHERITS (claims)`, "(claims)"},
		"holds are a view":       {`ALTER TABLE holds RENAME TO holds_1; CREATE VIEW holds AS SELECT * FROM holds_1`, "(holds)"},
		"Citus without tables":   {citus, ""},
		"Citus by merchant":      {citus + `INSERT INTO pg_dist_partition VALUES ('events', 'h', 1, 's'), ('books', 'h', 1, 's')`, "Citus (books, events)"},
		"Citus by schema":        {citus + `INSERT INTO pg_dist_partition VALUES ('events', 'n', 7, 's')`, "Citus (events)"},
		"Citus, copied":          {citus + `INSERT INTO pg_dist_partition VALUES ('policy_versions', 'n', 1, 't')`, "Citus (policy_versions)"},
		"Citus, local":           {citus + `INSERT INTO pg_dist_partition VALUES ('events', 'n', 0, 's')`, ""},
		"Citus, others' tables":  {citus + `CREATE TABLE mine (a int); INSERT INTO pg_dist_partition VALUES ('mine', 'h', 1, 's')`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t)
			admin, err := sqlx.ConnectContext(t.Context(), "postgres", db.AdminURL)
			if err != nil {
				t.Fatal(err)
			}
			defer admin.Close()
			if _, err := admin.ExecContext(t.Context(), c.change); err != nil {
				t.Fatal(err)
			}
			pg, err := postgres.Open(db.AppURL, 1)
			if err != nil {
				t.Fatal(err)
			}
			defer pg.Close()
			_, _, migrated := postgres.Migrate(t.Context(), db.OwnerURL, discard())
			for what, err := range map[string]error{"start": pg.CheckSchema(t.Context()), "migrate": migrated} {
				switch {
				case c.want == "" && err != nil:
					t.Errorf("%s: %v", what, err)
				case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "one PostgreSQL server")):
					t.Errorf("%s: %v, want %s", what, err, c.want)
				}
			}
		})
	}
}
