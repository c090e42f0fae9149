// Package postgres keeps books in PostgreSQL: it loads what a batch of
// commands needs, writes what they decided, and serves reads. It holds all SQL
// of the project beside the migrations, and decides nothing.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq/oid"

	"github.com/tenfold-claims/tenfold/internal/pgdial"
	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
)

// DB is a pool of connections for reads and for the workers' own tables. The
// pipeline works on sessions, see OpenSession.
type DB struct {
	pool *sqlx.DB
	url  string
	// answerMax is how long a connection may be silent.
	answerMax time.Duration
	// silences counts how often a connection was found silent.
	silences atomic.Int64
	// keyed runs the reads whose plan does not depend on their parameters.
	keyed *prepared
	// bodies are authenticators that were read before.
	bodies bodies
}

// Open prepares a pool over url, a connection URL of the application's role. It
// does not connect; Ping does. poolMax bounds the connections, sessions included. A
// connection that says nothing for AnswerMax is given up.
func Open(databaseURL string, poolMax int) (*DB, error) {
	return OpenWithin(databaseURL, poolMax, AnswerMax)
}

// OpenWithin is Open with another limit for silence.
func OpenWithin(databaseURL string, poolMax int, answerMax time.Duration) (*DB, error) {
	dsn, err := connectionURL(databaseURL)
	if err == nil {
		dsn, err = withBinaryParameters(dsn)
	}
	if err != nil {
		return nil, err
	}
	db := &DB{url: dsn, answerMax: answerMax}
	connector, err := pgdial.Connector(dsn, answerMax, func() {
		db.silences.Add(1)
		go db.dropIdle(poolMax) // The pool may be waiting for this very connection.
	})
	if err != nil {
		return nil, err
	}
	db.pool = sqlx.NewDb(pgdial.OpenOver(settled{connector, answerMax}), "postgres")
	db.pool.SetMaxOpenConns(poolMax)
	db.pool.SetMaxIdleConns(poolMax)
	db.keyed = newPrepared(db.pool)
	return db, nil
}

// dropIdle closes the connections that lie in the pool. What silenced one connection has
// mostly silenced all, and each of them would be found out by somebody who waits for the
// limit in vain. Sessions look at the count themselves, see connect.
func (db *DB) dropIdle(poolMax int) {
	db.pool.SetMaxIdleConns(-1)
	db.pool.SetMaxIdleConns(poolMax)
}

// Close closes the pool.
func (db *DB) Close() error { return db.pool.Close() }

// Ping says whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.pool.PingContext(ctx); err != nil {
		return failure(ctx, "reach database", err)
	}
	return nil
}

// connectionURL is a database URL in the form that the driver reads right. Several hosts
// may stand in it as libpq writes them (host1:5432,host2:5432); the driver reads them only
// as the parameters host and port. Of several hosts the one that takes writes must be asked
// for, because a standby would answer with the past.
func connectionURL(databaseURL string) (string, error) {
	scheme, rest, ok := strings.Cut(databaseURL, "://")
	if !ok {
		return databaseURL, nil // Not a URL: whoever reads it next says so.
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	authority, path := rest[:end], rest[end:]
	user, hosts := "", authority
	if at := strings.LastIndex(authority, "@"); at >= 0 {
		user, hosts = authority[:at+1], authority[at+1:]
	}
	list := strings.Split(hosts, ",")
	if len(list) > 1 {
		hosts = ""
	}
	u, err := url.Parse(scheme + "://" + user + hosts + path)
	if err != nil {
		// The error of url.Parse repeats the URL, and with it the password.
		return "", errors.New("the database url cannot be parsed")
	}
	q := u.Query()
	if len(list) > 1 {
		if q.Has("host") || q.Has("port") {
			return "", errors.New("the database url names several hosts, and parameters host or port beside them")
		}
		var names, ports []string
		for _, h := range list {
			name, port := h, "5432"
			if i := strings.LastIndex(h, ":"); i > strings.LastIndex(h, "]") {
				name, port = h[:i], h[i+1:]
			}
			if name == "" {
				return "", errors.New("the database url names several hosts, and one of them has no name")
			}
			names, ports = append(names, strings.Trim(name, "[]")), append(ports, port)
		}
		q.Set("host", strings.Join(names, ","))
		q.Set("port", strings.Join(ports, ","))
		u.RawQuery = q.Encode()
	}
	if attrs := q.Get("target_session_attrs"); strings.Contains(q.Get("host"), ",") && attrs != "read-write" && attrs != "primary" {
		return "", errors.New("the database url names several hosts and must say target_session_attrs=read-write")
	}
	return u.String(), nil
}

// withBinaryParameters sets binary_parameters=yes: parameters go over in one
// round trip and []byte parameters in the binary format, which arrays rely on.
func withBinaryParameters(databaseURL string) (string, error) {
	if !strings.HasPrefix(databaseURL, "postgres://") && !strings.HasPrefix(databaseURL, "postgresql://") {
		return "", errors.New("the database url must start with postgres:// or postgresql://")
	}
	u, err := url.Parse(databaseURL)
	if err != nil {
		// The error of url.Parse repeats the URL, and with it the password.
		return "", errors.New("the database url cannot be parsed")
	}
	q := u.Query()
	q.Set("binary_parameters", "yes")
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// Session is one connection with its prepared statements. A lane owns one; it
// is not for use by two goroutines at once.
type Session struct {
	db       *DB
	settings []string
	conn     *sqlx.Conn
	// silences is how many connections had been found silent when this one was made.
	silences   int64
	statements map[string]*sqlx.Stmt
	// combined are the batch-writing statements by content; recent are their keys, the
	// most recently used at the end.
	combined map[string]string
	recent   []string
	// types are the row types of tables, by the table's name.
	types map[string]pgwire.RowType
}

// laneSettings give a session's statements the plan that is right at any table size.
// Every statement of the pipeline finds its rows by key, so the planner has nothing to
// weigh. Left free, it plans for tables that were empty or unanalysed when the
// statement was prepared, and later walks whole histories. Sequential scans are off on
// every connection, see settled.
var laneSettings = []string{
	"SET plan_cache_mode = force_generic_plan",
	"SET enable_hashjoin = off",
	"SET enable_mergejoin = off",
	"SET enable_bitmapscan = off",
	"SET jit = off",
	// A book that another replica holds longer than this goes back to the queue.
	"SET lock_timeout = '250ms'",
	"SET synchronous_commit = on",
	"SET timezone = 'UTC'",
}

// OpenSession takes a connection for the pipeline.
func (db *DB) OpenSession() *Session {
	return &Session{db: db, settings: laneSettings}
}

// execOnce runs a statement that must not run twice. Run on the pool, lib/pq has
// database/sql repeat a statement whose answer was lost; on one connection it fails.
// The connection is tried beforehand, since one that lay in the pool may be dead.
func (db *DB) execOnce(ctx context.Context, statement string, args ...any) (sql.Result, error) {
	const connections = 3
	for left := connections; ; left-- {
		conn, err := db.pool.Connx(ctx)
		if err != nil {
			return nil, err
		}
		if err = conn.PingContext(ctx); err == nil {
			var res sql.Result
			res, err = conn.ExecContext(ctx, statement, args...)
			_ = conn.Close() // Gives it back to the pool.
			return res, err
		}
		discard(conn)
		if left == 1 || ctx.Err() != nil {
			return nil, err
		}
	}
}

// connect makes sure that the session has a live connection. One that is older than the
// silence of another is replaced, as it is probably silent, too.
func (s *Session) connect(ctx context.Context) error {
	silences := s.db.silences.Load()
	if s.conn != nil && s.silences == silences {
		return nil
	}
	s.Close()
	conn, err := s.db.pool.Connx(ctx)
	if err != nil {
		return failure(ctx, "connect", err)
	}
	for _, setting := range s.settings {
		if _, err := conn.ExecContext(ctx, setting); err != nil {
			discard(conn)
			return failure(ctx, "set up session", err)
		}
	}
	types, err := rowTypes(ctx, conn)
	if err != nil {
		discard(conn)
		return failure(ctx, "read row types", err)
	}
	s.silences = silences
	s.conn, s.statements, s.types = conn, make(map[string]*sqlx.Stmt, 48), types
	s.combined, s.recent = make(map[string]string), nil
	return nil
}

// rowTypes reads the row type of every table; their ids differ from database to
// database.
func rowTypes(ctx context.Context, conn *sqlx.Conn) (map[string]pgwire.RowType, error) {
	var rows []struct {
		Name   string `db:"relname"`
		Type   int64  `db:"reltype"`
		Column int64  `db:"atttypid"`
	}
	err := conn.SelectContext(ctx, &rows, `
		SELECT c.relname, c.reltype::bigint AS reltype, a.atttypid::bigint AS atttypid
		FROM pg_class c
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid) AND c.relnamespace <> 'pg_catalog'::regnamespace
		ORDER BY c.oid, a.attnum`)
	if err != nil {
		return nil, err
	}
	types := make(map[string]pgwire.RowType)
	for _, r := range rows {
		t := types[r.Name]
		t.ID, t.Columns = oid.Oid(r.Type), append(t.Columns, oid.Oid(r.Column))
		types[r.Name] = t
	}
	return types, nil
}

// Close gives the connection up.
func (s *Session) Close() {
	if s.conn != nil {
		discard(s.conn)
		s.conn, s.statements = nil, nil
	}
}

// discard closes the connection itself rather than handing it back to the
// pool: a session's settings and statements must not leak into other uses.
func discard(conn *sqlx.Conn) {
	_ = conn.Raw(func(any) error { return errDiscard })
	_ = conn.Close()
}

// errDiscard makes database/sql throw the connection away.
var errDiscard = fmt.Errorf("discard connection: %w", errBadConn)

// RefreshPlans drops the session's cached plans, so that the next use of each
// statement is planned for tables as they are now.
func (s *Session) RefreshPlans(ctx context.Context) error {
	if s.conn == nil {
		return nil
	}
	if _, err := s.conn.ExecContext(ctx, "DISCARD PLANS"); err != nil {
		s.Close()
		return failure(ctx, "discard plans", err)
	}
	return nil
}

// Tx is one transaction of a session.
type Tx struct {
	s   *Session
	ctx context.Context
	// alone says that each statement is a transaction by itself.
	alone bool
	// parts are the changes gathered for one write.
	parts []part
	// spoiled is why what was gathered cannot be written.
	spoiled error
}

// statement returns the session's prepared statement for query.
func (tx *Tx) statement(query string) (*sqlx.Stmt, error) {
	if st, ok := tx.s.statements[query]; ok {
		return st, nil
	}
	st, err := tx.s.conn.PreparexContext(tx.ctx, query)
	if err != nil {
		return nil, err
	}
	tx.s.statements[query] = st
	return st, nil
}

// InTx runs f in one transaction and commits it. An error before the commit
// rolls back. ErrCommitUnknown means that the connection broke during the
// commit: only reading can tell whether it happened. The session reconnects by
// itself on its next use.
func (s *Session) InTx(ctx context.Context, f func(*Tx) error) (err error) {
	return s.inTx(ctx, "BEGIN", f)
}

// InSnapshot runs f in a read-only transaction that sees one snapshot.
func (s *Session) InSnapshot(ctx context.Context, f func(*Tx) error) error {
	return s.inTx(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", f)
}

// Alone runs f without a transaction around it: each of its statements is one by
// itself. An error may come after the statement was carried out.
func (s *Session) Alone(ctx context.Context, f func(*Tx) error) error {
	if err := s.connect(ctx); err != nil {
		return err
	}
	err := f(&Tx{s: s, ctx: ctx, alone: true})
	if errors.Is(err, ErrUnavailable) {
		s.Close()
	}
	return err
}

func (s *Session) inTx(ctx context.Context, begin string, f func(*Tx) error) (err error) {
	if err := s.connect(ctx); err != nil {
		return err
	}
	tx := &Tx{s: s, ctx: ctx}
	done := false
	defer func() {
		if done {
			return
		}
		// Also reached by a panic: a session in an open transaction is of no use.
		if _, rollback := s.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); rollback != nil {
			s.Close()
		}
	}()
	if _, err := s.conn.ExecContext(ctx, begin); err != nil {
		s.Close()
		done = true
		return failure(ctx, "begin", err)
	}
	if err := f(tx); err != nil {
		if errors.Is(err, ErrUnavailable) {
			s.Close()
			done = true
		}
		return err
	}
	done = true
	if _, err := s.conn.ExecContext(ctx, "COMMIT"); err != nil {
		s.Close()
		return fmt.Errorf("%w: %w", ErrCommitUnknown, failure(ctx, "commit", err))
	}
	return nil
}

// Within opens another pool over the same database, with another limit for silence.
func (db *DB) Within(poolMax int, answerMax time.Duration) (*DB, error) {
	return OpenWithin(db.url, poolMax, answerMax)
}
