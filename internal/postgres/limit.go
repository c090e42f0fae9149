package postgres

import (
	"fmt"
	"time"

	"github.com/tenfold-claims/tenfold/internal/pgdial"
)

const (
	// AnswerMax is how long a server's connections wait for the database to say more.
	AnswerMax = 30 * time.Second
	// AnswerMaxAudit is the same for audits, whose queries read whole books.
	AnswerMaxAudit = 15 * time.Minute
	// answerMaxOwner is the same for the owner of the tables: a migration may build an
	// index on a large one, and says nothing until it is done.
	answerMaxOwner = 2 * time.Hour
)

// patience has the database's side of a connection give a dead peer up, too, so that what
// the peer held does not stay locked. A server that went silent inside of a transaction
// gets twice the time that it would wait itself. There is no statement_timeout: it could
// end the wait for a synchronous standby, and PostgreSQL then calls the commit a success.
func patience(answerMax time.Duration) string {
	return fmt.Sprintf("SET tcp_keepalives_idle = %d; SET tcp_keepalives_interval = %d; SET tcp_keepalives_count = %d; "+
		"SET tcp_user_timeout = %d; SET idle_in_transaction_session_timeout = %d",
		int(pgdial.KeepAliveIdle.Seconds()), int(pgdial.KeepAliveEvery.Seconds()), pgdial.KeepAliveCount,
		answerMax.Milliseconds(), 2*answerMax.Milliseconds())
}
