package rpc

import (
	"context"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func (s *bookService) GetExposure(ctx context.Context, r *tenfoldv1.GetExposureRequest) (*tenfoldv1.GetExposureResponse, error) {
	var at time.Time
	if r.GetRecordedBy() != nil {
		var err error
		if at, err = s.past(r.GetRecordedBy(), "recorded_by"); err != nil {
			return nil, err
		}
	}
	name, _ := nameOf(r.GetName())
	merchant := anchor(name)
	out := &tenfoldv1.GetExposureResponse{}
	err := s.db.Snapshot(ctx, func(read postgres.Reader) error {
		weeks, err := exposureAt(ctx, read, merchant, at)
		out.Weeks = each(weeks, func(w *postgres.ExposureWeek) *tenfoldv1.ExposureWeek {
			return &tenfoldv1.ExposureWeek{
				StartsAt: stamp(w.StartsAt), Exposure: moneyOf(w.Exposure, w.Currency), Held: moneyOf(w.Held, w.Currency), Claims: w.Claims,
			}
		})
		return err
	})
	return answer(out, err)
}

// exposureAt reads the exposure of a book, or of all books, as of a time; the zero time is now.
func exposureAt(ctx context.Context, read postgres.Reader, merchant string, at time.Time) ([]postgres.ExposureWeek, error) {
	if at.IsZero() {
		if err := checkBook(ctx, read, merchant); err != nil {
			return nil, err
		}
		return read.ExposureByWeek(ctx, merchant)
	}
	currency := ""
	if merchant != "" {
		h, err := readHead(ctx, read, merchant)
		if err != nil {
			return nil, err
		}
		currency = h.Currency
	}
	if err := checkKnown(ctx, read, merchant, at, "recorded_by"); err != nil {
		return nil, err
	}
	if merchant == "" {
		return read.ExposureOfAllAt(ctx, at)
	}
	return read.ExposureAt(ctx, merchant, currency, at)
}

// checkKnown refuses a time before debts and exposure are known. Books that were there when their
// history began are known from then on, others from their beginning.
func checkKnown(ctx context.Context, read postgres.Reader, merchant string, at time.Time, field string) error {
	from, err := read.KnownFrom(ctx, merchant)
	if err != nil || !at.Before(from) {
		return err
	}
	return fault.New(fault.AsOfUnknown, "debts and exposure are known from %s on, and not as of %s", from.Format(time.RFC3339Nano),
		at.UTC().Format(time.RFC3339Nano)).
		With("knownFrom", from.Format(time.RFC3339Nano)).At(field)
}
