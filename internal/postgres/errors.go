package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

var errBadConn = driver.ErrBadConn

// The classes of failure that the pipeline treats differently. Everything else
// is a bug or an outage and goes up as it is.
var (
	// ErrUnavailable is a database that cannot be reached or is going away.
	ErrUnavailable = errors.New("database unavailable")
	// ErrContended is a serialisation failure, a deadlock or a lock not had in
	// time: the same work may succeed when tried again.
	ErrContended = errors.New("transaction contended")
	// ErrStale is a guarded write that met other rows than were loaded.
	ErrStale = errors.New("rows changed since they were loaded")
	// ErrCommand is a constraint or value that one command's data violates.
	ErrCommand = errors.New("command refused by the database")
	// ErrCommitUnknown is a write or a commit that was sent, and whose outcome only
	// reading can tell.
	ErrCommitUnknown = errors.New("outcome of commit unknown")
)

// failure classifies err, which happened during what.
func failure(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	// The driver reports a query cut off by its context as 57014.
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", what, ctx.Err())
	}
	var e *pq.Error
	if errors.As(err, &e) {
		return fmt.Errorf("%s: %w: %w", what, class(e), err)
	}
	var network net.Error
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &network) {
		return fmt.Errorf("%s: %w: %w", what, ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// errInternal marks a database error that no retry and no caller can mend.
var errInternal = errors.New("database error")

func class(e *pq.Error) error {
	switch code := string(e.Code); {
	case code == "22012":
		// What a batch's write does when it met other rows than it must.
		return ErrStale
	case code == "40001", code == "40P01", code == "55P03":
		return ErrContended
	case strings.HasPrefix(code, "22"), strings.HasPrefix(code, "23"):
		return ErrCommand
	case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "57P"), strings.HasPrefix(code, "53"),
		code == "25006": // A server demoted to a replica.
		return ErrUnavailable
	}
	return errInternal
}

// constraints says what a violated constraint means to the caller. A
// constraint that is not here guards against a bug, not against a request.
var constraints = map[string]fault.Reason{
	"books_key":                         fault.MerchantAlreadyOpened,
	"order_lines_key":                   fault.OrderLineChanged,
	"claimed_units_key":                 fault.ClaimAlreadyFiled,
	"results_report_once":               fault.ResultAlreadyRecorded,
	"transfers_external_reference_once": fault.ReferenceAlreadyUsed,
	"transfers_reversed_once":           fault.TransferAlreadyReversed,
	"policy_versions_key":               fault.PolicyAlreadyPublished,
	"authenticators_key":                fault.AuthenticatorRegistered,
}

// Refusal turns a violated constraint, or a value that PostgreSQL cannot hold,
// into the refusal it stands for; nil when err is none of those.
func Refusal(err error) error {
	var e *pq.Error
	if !errors.As(err, &e) {
		return nil
	}
	switch e.Code {
	case "22003":
		return fault.New(fault.AmountOutOfRange, "an amount or a running total leaves the range of the book")
	case "22021":
		return fault.New(fault.RequestInvalid, "a text of the request holds a character that cannot be stored")
	}
	if r, ok := constraints[e.Constraint]; ok {
		return fault.New(r, "another command was recorded first")
	}
	return nil
}

func policyTaken(v *policy.Version) error {
	return fault.New(fault.PolicyAlreadyPublished, "version %d of policy %s was published before", v.Number, v.PolicyID).
		With("policyId", v.PolicyID).With("version", v.Number)
}
