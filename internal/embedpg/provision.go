package embedpg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/pgdial"
)

// provisionLock prevents two processes from creating the same role or database.
const provisionLock = 0x74656e01

// Provision creates both roles, and the database with its owner and rights, on any
// server; the URL is the superuser's. It leaves existing roles and databases as
// they are, but sets the rights again. Several processes may call it at the same
// time.
func Provision(ctx context.Context, adminURL, database string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("roles and database: %w", err)
		}
	}()
	admin, err := pgdial.Open(adminURL, answerMax)
	if err != nil {
		return err
	}
	defer admin.Close()
	conn, err := admin.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() // Closing admin ends the session, and with it the lock.
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, provisionLock); err != nil {
		return err
	}
	for _, role := range []string{OwnerRole, AppRole} {
		if err := ensureRole(ctx, conn, role); err != nil {
			return err
		}
	}
	if err := ensureDatabase(ctx, conn, database); err != nil {
		return err
	}
	inside, err := URLFor(adminURL, "", "", database)
	if err != nil {
		return err
	}
	return setRights(ctx, inside, database)
}

func ensureRole(ctx context.Context, conn *sql.Conn, role string) error {
	var there bool
	err := conn.QueryRowContext(ctx,
		`SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`, role).Scan(&there)
	if err != nil || there {
		return err
	}
	_, err = conn.ExecContext(ctx, `CREATE ROLE `+pq.QuoteIdentifier(role)+
		` LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS`)
	return err
}

func ensureDatabase(ctx context.Context, conn *sql.Conn, database string) error {
	var there bool
	err := conn.QueryRowContext(ctx,
		`SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, database).Scan(&there)
	if err != nil || there {
		return err
	}
	_, err = conn.ExecContext(ctx, `CREATE DATABASE `+pq.QuoteIdentifier(database)+
		` OWNER `+OwnerRole+` TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'`)
	return err
}

// setRights closes the database and its schema to everybody but the two roles.
// PostgreSQL 14 still lets every role create tables in the schema public.
func setRights(ctx context.Context, insideURL, database string) error {
	db, err := pgdial.Open(insideURL, answerMax)
	if err != nil {
		return err
	}
	defer db.Close()
	name := pq.QuoteIdentifier(database)
	for _, statement := range []string{
		`REVOKE ALL ON DATABASE ` + name + ` FROM PUBLIC`,
		`GRANT CONNECT, TEMPORARY ON DATABASE ` + name + ` TO ` + AppRole,
		`ALTER SCHEMA public OWNER TO ` + OwnerRole,
		`REVOKE ALL ON SCHEMA public FROM PUBLIC`,
		`GRANT USAGE ON SCHEMA public TO ` + AppRole,
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// URLFor changes the role (with its password) and the database of a connection URL.
// An empty role keeps the role of the URL. URLFor refuses a text that is not a URL.
func URLFor(raw, role, password, database string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		// The error does not repeat the text, which may contain a password.
		return "", errors.New("a connection URL must have the form postgres://…")
	}
	query := u.Query()
	query.Del("dbname")
	u.Path = "/" + database
	if role != "" {
		u.User = nil
		query.Set("user", role)
		query.Del("password")
		if password != "" {
			query.Set("password", password)
		}
	}
	u.RawQuery = encodeQuery(query)
	return u.String(), nil
}

// socketURL is a connection URL that lib/pq, psql and pgbench all understand.
func socketURL(socketDir, role, database string) string {
	query := url.Values{
		"host": {socketDir}, "port": {port}, "user": {role}, "sslmode": {"disable"},
	}
	u := url.URL{Scheme: "postgres", Path: "/" + database, RawQuery: encodeQuery(query)}
	return u.String()
}

// encodeQuery writes a space as %20, because libpq does not decode a plus.
func encodeQuery(query url.Values) string {
	return strings.ReplaceAll(query.Encode(), "+", "%20")
}
