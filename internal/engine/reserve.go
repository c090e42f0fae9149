package engine

import (
	"context"
	"errors"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// reserver reserves references that are unique across books, in one statement for all
// callers that ask at the same time. Books are shards; a reservation is a row of its
// own that names the book whose command may complete under it.
type reserver struct {
	engine  *Engine
	session *postgres.Session
	queue   *inbox[*reservation]
}

type reservation struct {
	row   postgres.Reservation
	done  chan struct{}
	taken postgres.Reservation // Whoever holds the reference.
	err   error
}

func newReserver(e *Engine) *reserver {
	return &reserver{engine: e, session: e.db.OpenSession(), queue: newInbox[*reservation](e.config.QueueMax)}
}

func (r *reserver) run() {
	defer r.session.Close()
	for first, more := r.queue.next(); more; first, more = r.queue.next() {
		r.runBatch(first)
	}
}

func (r *reserver) runBatch(first *reservation) {
	batch := []*reservation{first}
	// One statement cannot hold the same reference twice.
	seen := map[[2]string]bool{{string(first.row.Kind), first.row.Reference}: true}
	var later []*reservation
	for len(batch) < r.engine.config.BatchMax {
		next, found := r.queue.poll()
		if !found {
			break
		}
		k := [2]string{string(next.row.Kind), next.row.Reference}
		if seen[k] {
			later = append(later, next)
			break
		}
		seen[k] = true
		batch = append(batch, next)
	}
	r.reserve(batch)
	for _, one := range later {
		r.reserve([]*reservation{one})
	}
}

// reservesMax bounds how often a batch is tried while the database is away.
const reservesMax = 3

func (r *reserver) reserve(batch []*reservation) {
	rows := make([]postgres.Reservation, len(batch))
	for i, one := range batch {
		rows[i] = one.row
	}
	var taken []postgres.Reservation
	var err error
	for range reservesMax {
		err = r.session.Alone(context.Background(), func(tx *postgres.Tx) (err error) {
			taken, err = tx.Reserve(rows)
			return err
		})
		if err == nil || errors.Is(err, postgres.ErrCommand) {
			break
		}
		pause()
	}
	if errors.Is(err, postgres.ErrCommand) && len(batch) > 1 {
		// One reference is at fault: each is tried on its own.
		for _, one := range batch {
			r.reserve([]*reservation{one})
		}
		return
	}
	for i, one := range batch {
		if err == nil {
			one.taken = taken[i]
		}
		one.err = err
		close(one.done)
	}
}

// Reserve reserves a reference for a holder in a book, or says who holds it. The
// second result is false if another holder has it.
func (e *Engine) Reserve(ctx context.Context, row postgres.Reservation) (postgres.Reservation, bool, error) {
	row.ReservedAt = e.Now()
	one := &reservation{row: row, done: make(chan struct{})}
	if err := e.reserver.queue.put(one); err != nil {
		return row, false, err
	}
	select {
	case <-one.done:
	case <-ctx.Done():
		return row, false, ctx.Err()
	}
	if refusal := postgres.Refusal(one.err); refusal != nil {
		return row, false, refusal
	}
	if one.err != nil {
		e.log.Error("reserve reference", "kind", row.Kind, "error", one.err)
		return row, false, Unavailable()
	}
	return one.taken, one.taken.MerchantID == row.MerchantID && one.taken.Holder == row.Holder, nil
}

// underReservations runs a command that may complete only while its request holds
// its references, and gives them back when the command was refused.
func (e *Engine) underReservations(ctx context.Context, h request.Header, cmd book.Command) (book.Outcome, error) {
	r, ok := cmd.(book.Referring)
	if !ok || h.ValidateOnly {
		return e.do(ctx, h, cmd)
	}
	var rows []postgres.Reservation
	for _, reference := range r.References() {
		row := postgres.Reservation{
			Kind: reference.Kind, Reference: reference.Value, MerchantID: h.MerchantID,
			Holder: h.Principal.Workload + "/" + h.Method + "/" + h.RequestID,
		}
		if reference.Holder != "" {
			row.Holder = reference.Holder
		}
		holder, ours, err := e.reserveOrLook(ctx, row, reference.Looked)
		if err == nil && !ours {
			err = e.used(ctx, cmd, reference, holder)
		}
		if err != nil {
			e.unreserve(ctx, rows)
			return book.Outcome{}, err
		}
		if !reference.Looked {
			rows = append(rows, row)
		}
	}
	o, err := e.do(ctx, h, cmd)
	if _, refused := fault.As(err); refused {
		// The refusal is certain: this try will never complete. After other failures the
		// reservations stay for a retry of the same request, or for the sweep.
		e.unreserve(ctx, rows)
	}
	return o, err
}

// reserveOrLook reserves a reference, or looks whether nobody or the same holder has it.
func (e *Engine) reserveOrLook(ctx context.Context, row postgres.Reservation, look bool) (holder postgres.Reservation, ours bool, err error) {
	if !look {
		return e.Reserve(ctx, row)
	}
	holder, held, err := e.db.Reserved(ctx, row.Kind, row.Reference)
	return holder, !held || holder.MerchantID == row.MerchantID && holder.Holder == row.Holder, err
}

// used refuses a reference that another request holds.
func (e *Engine) used(ctx context.Context, cmd book.Command, r book.Reference, holder postgres.Reservation) error {
	if recording, ok := cmd.(*book.RecordResult); ok {
		id, found, err := e.db.ResultOfReport(ctx, holder.MerchantID, recording.Result.AuthenticatorID, recording.Result.ReportNumber)
		switch {
		case err != nil:
			return err
		case found:
			return book.ResultRecorded(id)
		}
		return fault.New(fault.TransactionContended, "another request is recording report %s; try again", recording.Result.ReportNumber).
			After(100 * time.Millisecond)
	}
	if holder.Holder == "" {
		return fault.New(fault.TransactionContended, "another request with this reference is just ending; try again").After(50 * time.Millisecond)
	}
	return book.ReferenceUsed(r.Value)
}

// unreserve gives this try's reservations back.
func (e *Engine) unreserve(ctx context.Context, rows []postgres.Reservation) {
	release, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	for _, row := range rows {
		if err := e.db.Unreserve(release, row); err != nil {
			e.log.Warn("give reservation back", "kind", row.Kind, "error", err)
		}
	}
}
