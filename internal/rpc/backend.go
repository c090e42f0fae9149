package rpc

import (
	"context"
	"crypto/cipher"
	"log/slog"

	"google.golang.org/grpc"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/evidence"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
	"github.com/tenfold-claims/tenfold/internal/statement/reading"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// backend is the engine and the database behind the services, with the steps that
// their handlers share.
type backend struct {
	engine   *engine.Engine
	db       *postgres.DB
	observer *Observer
	// files keeps the files of evidence.
	files *evidence.Files
	log   *slog.Logger
	// tokens seals the tokens of pages.
	tokens cipher.AEAD
}

// mutation is a request that changes something.
type mutation interface {
	GetRequestId() string
	GetValidateOnly() bool
}

// header is the header of a mutation that is called now. Its method is the name on
// the wire, and part of the key under which the request is stored: a method that
// moves to another service loses its replays.
func (b *backend) header(ctx context.Context, merchant string, r mutation) request.Header {
	method, _ := grpc.Method(ctx)
	return request.Header{
		MerchantID: merchant, Principal: callerOf(ctx).Principal, Method: shortMethod(method),
		RequestID: r.GetRequestId(), ArrivedAt: b.engine.Now(), ValidateOnly: r.GetValidateOnly(),
	}
}

// run carries out a mutation of a merchant's book.
func (b *backend) run(ctx context.Context, merchant string, r mutation, cmd book.Command) (book.Outcome, error) {
	return b.engine.Do(ctx, b.header(ctx, merchant, r), cmd)
}

// claimMutation is a mutation that names a claim.
type claimMutation interface {
	mutation
	GetName() string
}

// runOnClaim carries out a mutation of the claim that it names, under the etag that
// it carries, and gives the claim afterwards in its BASIC view.
func (b *backend) runOnClaim(ctx context.Context, r claimMutation, command func(book.OnClaim) book.Command) (*tenfoldv1.Claim, book.Outcome, error) {
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, book.Outcome{}, err
	}
	on := book.OnClaim{ClaimID: id}
	if tagged, ok := r.(interface{ GetEtag() string }); ok {
		on.Etag = tagged.GetEtag()
	}
	o, err := b.run(ctx, merchant, r, command(on))
	if err != nil {
		return nil, o, err
	}
	c, err := b.claimAfter(ctx, &o)
	return c, o, err
}

// answer ends a handler: it gives the response, or the error alone.
func answer[R any](r *R, err error) (*R, error) {
	if err != nil {
		return nil, err
	}
	return r, nil
}

// referenceAt names the field of a reference that was refused as used already.
func referenceAt(field string, err error) error {
	if f, ok := fault.As(err); ok && f.Reason == fault.ReferenceAlreadyUsed {
		f.At(field)
	}
	return err
}

// anchor is the merchant to read from; empty for any.
func anchor(merchant string) string {
	if merchant == anyMerchant {
		return ""
	}
	return merchant
}

// readClaim reads a claim that the caller may see.
func readClaim(ctx context.Context, r postgres.Reader, merchant, id, name string) (*claim.Claim, error) {
	c, found, err := r.Claim(ctx, anchor(merchant), id)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, claimNotFound(id)
	}
	return &c, callerOf(ctx).mayRead(c.MerchantID, claimNotFound(id), name)
}

func claimNotFound(id string) *fault.Error {
	return fault.New(fault.ClaimNotFound, "there is no claim with the id %s", id).With("claimId", id)
}

// readHead reads the row of a book. It refuses a merchant who has none, with
// MERCHANT_NOT_FOUND.
func readHead(ctx context.Context, r postgres.Reader, merchant string) (*book.Head, error) {
	h, found, err := r.Head(ctx, merchant)
	if err == nil && !found {
		err = reading.NoBook(merchant)
	}
	return &h, err
}

// readBook reads how a book stands at one moment.
func (b *backend) readBook(ctx context.Context, merchant string) (*tenfoldv1.Book, error) {
	var p *tenfoldv1.Book
	err := b.db.Snapshot(ctx, func(r postgres.Reader) error {
		h, err := readHead(ctx, r, merchant)
		if err != nil {
			return err
		}
		sums, err := r.DebtSums(ctx, merchant, "")
		if err != nil {
			return err
		}
		p = bookOf(&book.Standing{Head: *h, Debts: sumsOfAge(sums, h.Currency, 0)})
		return nil
	})
	return p, err
}

// readRefunded reads a line with its refunds, which no claim need have shown, and says
// whether one has.
func (b *backend) readRefunded(ctx context.Context, merchant, id string) (p *tenfoldv1.OrderLine, seen bool, err error) {
	err = b.db.Snapshot(ctx, func(r postgres.Reader) error {
		line, refunds, found, err := r.OrderLine(ctx, merchant, id)
		if err != nil {
			return err
		}
		if seen = found; found {
			p = orderLineOf(line, refunds)
			return nil
		}
		h, err := readHead(ctx, r, merchant)
		if err != nil {
			return err
		}
		p = unseenLineOf(merchant, id, h.Currency, refunds)
		return nil
	})
	return p, seen, err
}

// readLine reads an order line with its refunds.
func (b *backend) readLine(ctx context.Context, merchant, id string) (*tenfoldv1.OrderLine, error) {
	line, refunds, found, err := b.db.Reader().OrderLine(ctx, merchant, id)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, orderLineNotFound(merchant, id).At("name")
	}
	return orderLineOf(line, refunds), nil
}

func orderLineNotFound(merchant, id string) *fault.Error {
	return fault.New(fault.OrderLineNotFound, "order line %s of merchant %s is not stored", id, merchant).With("orderLineId", id)
}
