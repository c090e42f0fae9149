package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/lib/pq"
)

// Probe asks whether a lane could commit now, over a connection of its own, so that
// neither a pool that is used up nor a silent connection of others has a say.
type Probe struct {
	db      *DB
	session *Session
}

// NewProbe makes a probe that waits no longer than answerMax for each answer.
func (db *DB) NewProbe(answerMax time.Duration) (*Probe, error) {
	own, err := db.Within(1, answerMax)
	if err != nil {
		return nil, err
	}
	// A small work_mem has the probe's rows written to a file, see Write.
	settings := append(slices.Clone(laneSettings), "SET work_mem = '64kB'")
	return &Probe{db: own, session: &Session{db: own, settings: settings}}, nil
}

// Close gives the connection up.
func (p *Probe) Close() error {
	p.session.Close()
	return p.db.Close()
}

// Write commits a change as a lane does: one statement by itself, with the lanes' settings.
// It is refused by a server that was demoted or made read-only; its commit waits for the
// log and for a synchronous standby; and the change of a row of a fixed set, in a page that
// has room for its next version, leaves nothing that has to be vacuumed. Such a change
// needs no room on the disk, as claims do, so the statement also counts to a number whose
// rows are half a megabyte, which the server writes to a file that ends with the statement.
func (p *Probe) Write(ctx context.Context) error {
	return p.session.Alone(ctx, func(tx *Tx) error {
		result, err := tx.s.conn.ExecContext(ctx, `
			WITH room AS MATERIALIZED (SELECT count(*) AS n FROM generate_series(1, 30000))
			UPDATE readiness_probes SET asked = asked + 1
			WHERE ctid = (SELECT ctid FROM readiness_probes LIMIT 1 FOR UPDATE SKIP LOCKED) AND (SELECT n FROM room) > 0`)
		if err != nil {
			return failure(ctx, "write", err)
		}
		n, err := result.RowsAffected()
		if err == nil && n == 0 {
			return fmt.Errorf("write: %w: other servers hold every row of readiness_probes", ErrContended)
		}
		return err
	})
}

// causes are the states of a database in which it takes no writes, by the beginning of the
// SQLSTATE that tells of them.
var causes = []struct{ code, text string }{
	{"25006", "it is read-only, as a standby is or a primary that was demoted"},
	{"53100", "its disk is full"},
	{"53300", "it has no connection left"},
	{"53400", "its temp_file_limit is below a megabyte"},
	{"53", "it lacks memory or another resource"},
	{"57P03", "it is starting or shutting down"},
	{"57P", "it is shutting down"},
	{"28", "it does not admit the server's role"},
	{"3D", "it does not exist"},
	{"42501", "it denies the server's role a right that it needs"},
}

// CauseOf says in a sentence for operators why a database failed. Unlike the error's own
// text it holds no address and no name.
func CauseOf(err error) string {
	var said *pq.Error
	if errors.As(err, &said) {
		for _, c := range causes {
			if strings.HasPrefix(string(said.Code), c.code) {
				return c.text
			}
		}
		return "it answers with SQLSTATE " + string(said.Code)
	}
	var network net.Error
	switch {
	case errors.Is(err, ErrContended):
		return "every row that could be written is held by others"
	case errors.As(err, &network) && network.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "it says nothing"
	}
	return "it cannot be reached"
}
