package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

var errBadConn = driver.ErrBadConn

// These are the classes of failure that the pipeline treats differently. Everything
// else is a bug or an outage and is returned as it is.
var (
	// ErrUnavailable is a database that cannot be reached or is going away.
	ErrUnavailable = errors.New("database unavailable")
	// ErrContended is a serialisation failure, a deadlock, or a lock that was not granted
	// in time: the same work may succeed on another try.
	ErrContended = errors.New("transaction contended")
	// ErrStale is a guarded write whose rows had changed since they were loaded.
	ErrStale = errors.New("rows changed since they were loaded")
	// ErrCommand is a constraint or value that the data of one command violates.
	ErrCommand = errors.New("command refused by the database")
	// ErrCommitUnknown is a write or a commit that was sent, and whose outcome only
	// reading can tell.
	ErrCommitUnknown = errors.New("outcome of commit unknown")
)

// failure classifies err, which occurred during what.
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
	if errors.Is(err, ErrUnavailable) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &network) {
		return fmt.Errorf("%s: %w: %w", what, ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// errInternal marks a database error that neither a retry nor the caller can fix.
var errInternal = errors.New("database error")

func class(e *pq.Error) error {
	switch code := string(e.Code); {
	case code == "22012":
		// What a batch's write does when it met other rows than it must.
		return ErrStale
	case code == "40001", code == "40P01", code == "55P03", code == "23505" && counted[constraintOf(e)]:
		return ErrContended
	case strings.HasPrefix(code, "22"), strings.HasPrefix(code, "23"):
		return ErrCommand
	case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "57P"), strings.HasPrefix(code, "53"),
		code == "25006", // A server demoted to a replica.
		code == "25P03": // It took this one for silent, see patience.
		return ErrUnavailable
	}
	return errInternal
}

// constraints maps a violated constraint to the caller's refusal. A constraint that is
// not listed guards against a bug, not against a request.
var constraints = map[string]fault.Reason{
	"books_key":                         fault.MerchantAlreadyOpened,
	"order_lines_key":                   fault.OrderLineChanged,
	"claimed_units_key":                 fault.ClaimAlreadyFiled,
	"results_report_once":               fault.ResultAlreadyRecorded,
	"transfers_external_reference_once": fault.ReferenceAlreadyUsed,
	"transfers_reversed_once":           fault.TransferAlreadyReversed,
	"policy_versions_key":               fault.PolicyAlreadyPublished,
	"authenticators_key":                fault.AuthenticatorRegistered,
	"channel_imports_once":              fault.ImportStateConflict,
}

// counted are the keys of rows that a statement numbers itself, as the next one, and the marks of
// the one row that may be open: a violation says that another transaction was first, and a further
// try counts on from it.
var counted = map[string]bool{
	"calendar_days_key":              true,
	"period_changes_key":             true,
	"period_changes_open_once":       true,
	"period_changes_linked_once":     true,
	"policy_proposals_key":           true,
	"policy_proposals_open_once":     true,
	"reconciliation_break_notes_key": true,
	"suspense_explanations_key":      true,
}

// shardSuffix is what Citus appends to the names of constraints of a shard.
var shardSuffix = regexp.MustCompile(`_[0-9]+$`)

// constraintOf names the violated constraint as the migrations name it, on whichever node
// its rows lie. No constraint of the migrations ends in a number.
func constraintOf(e *pq.Error) string { return shardSuffix.ReplaceAllString(e.Constraint, "") }

// Refusal turns a violated constraint, or a value that PostgreSQL cannot hold, into the
// corresponding refusal. It is nil if err is neither.
func Refusal(err error) error {
	var e *pq.Error
	if !errors.As(err, &e) {
		return nil
	}
	switch e.Code {
	case "22003":
		return fault.New(fault.AmountOutOfRange, "an amount or a running total would leave the range that a book can hold")
	case "22021":
		return fault.New(fault.RequestInvalid, "a text in the request contains a character that cannot be stored")
	}
	if r, ok := constraints[constraintOf(e)]; ok {
		return fault.New(r, "another command was recorded first")
	}
	return nil
}

func policyTaken(v *policy.Version) error {
	return fault.New(fault.PolicyAlreadyPublished, "version %d of policy %s has already been published", v.Number, v.PolicyID).
		With("policyId", v.PolicyID).With("version", v.Number).At("policy_version.name")
}
