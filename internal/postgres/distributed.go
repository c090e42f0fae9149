package postgres

import (
	"context"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/migrations"
)

// A position in the events of all books is made of the numbers of transactions (decision
// 0023). Where the rows of a table are spread over several servers, each numbers its own
// transactions, and a watch of all books would skip events and say nothing. So a server
// refuses such a database; decision 0070 says what is supported.

// supportedDatabase ends every refusal.
const supportedDatabase = "Tenfold needs all rows of its tables on one PostgreSQL server, with any number of standbys (docs/running.md)"

// foreignServers matches the versions of servers that speak the protocol of PostgreSQL and
// spread rows over nodes.
var foreignServers = regexp.MustCompile(`(?i)cockroachdb|yugabyte|-yb-|greenplum|cloudberry|postgres-x[lc]|redshift|gaussdb|opengauss`)

// checkUndistributed returns an error unless every table lies whole on the server that
// answers. A database without tables is in order.
func checkUndistributed(ctx context.Context, db sqlx.QueryerContext) error {
	var version string
	if err := sqlx.GetContext(ctx, db, &version, `SELECT version()`); err != nil {
		return fmt.Errorf("check the kind of database: %w", migrateError(ctx, err))
	}
	if err := checkServer(version); err != nil {
		return err
	}
	tables, err := tablesOf(migrations.FS)
	if err != nil {
		return err
	}
	// Partitioned, foreign and inherited tables, and views, may have rows anywhere.
	if err := refuseTables(ctx, db, "hold no rows of their own", `
		SELECT c.relname
		FROM pg_class home
		JOIN pg_class c ON c.relnamespace = home.relnamespace AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
		WHERE home.oid = to_regclass('goose_db_version') AND c.relname = ANY ($1)
		  AND (c.relkind <> 'r' OR EXISTS (SELECT FROM pg_inherits i WHERE c.oid IN (i.inhparent, i.inhrelid)))
		ORDER BY c.relname`, tables); err != nil {
		return err
	}
	var citus bool
	if err := sqlx.GetContext(ctx, db, &citus, `SELECT to_regclass('pg_dist_partition') IS NOT NULL`); err != nil {
		return fmt.Errorf("check the kind of database: %w", migrateError(ctx, err))
	}
	if !citus {
		return nil
	}
	// What Citus has only added to its metadata lies whole on this server.
	return refuseTables(ctx, db, "are distributed by Citus", `
		SELECT c.relname
		FROM pg_dist_partition d
		JOIN pg_class c ON c.oid = d.logicalrelid
		WHERE c.relname = ANY ($1) AND NOT (d.partmethod = 'n' AND d.repmodel = 's' AND d.colocationid = 0)
		ORDER BY c.relname`, tables)
}

// refuseTables returns an error that names the tables that a query finds among some.
func refuseTables(ctx context.Context, db sqlx.QueryerContext, what, query string, among []string) error {
	var found []string
	if err := sqlx.SelectContext(ctx, db, &found, query, pq.Array(among)); err != nil {
		return fmt.Errorf("check the kind of database: %w", migrateError(ctx, err))
	}
	if len(found) == 0 {
		return nil
	}
	return fmt.Errorf("tables of the database %s (%s), and a watch of all books would lose events; %s",
		what, strings.Join(found, ", "), supportedDatabase)
}

var (
	createdTable = regexp.MustCompile(`(?m)^CREATE TABLE (\w+)`)
	droppedTable = regexp.MustCompile(`(?m)^DROP TABLE (\w+)`)
)

// tablesOf lists the tables that the migrations leave.
func tablesOf(files fs.FS) ([]string, error) {
	names, err := fs.Glob(files, "*.sql") // In the order of their numbers.
	if err != nil {
		return nil, err
	}
	var tables []string
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		for _, m := range createdTable.FindAllSubmatch(text, -1) {
			tables = append(tables, string(m[1]))
		}
		for _, m := range droppedTable.FindAllSubmatch(text, -1) {
			tables = slices.DeleteFunc(tables, func(t string) bool { return t == string(m[1]) })
		}
	}
	return tables, nil
}

// checkServer refuses a server by what it says of itself.
func checkServer(version string) error {
	if !foreignServers.MatchString(version) && strings.HasPrefix(version, "PostgreSQL ") {
		return nil
	}
	const shown = 60
	return fmt.Errorf("the database is %.*s, which is no PostgreSQL server; %s", shown, version, supportedDatabase)
}
