package ledger

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// sources gives, for each account that can be held, the transfer kinds of its
// holds.
var sources = map[Purpose]struct{ place, release, capture Kind }{
	Deposit:   {DepositSetAside, DepositReleased, DepositCaptured},
	ShopFunds: {ShopFundsSetAside, ShopFundsReleased, ShopFundsCaptured},
}

// PlaceKind, ReleaseKind and CaptureKind are the transfers of a hold on source.
func PlaceKind(source Purpose) Kind   { return sources[source].place }
func ReleaseKind(source Purpose) Kind { return sources[source].release }
func CaptureKind(source Purpose) Kind { return sources[source].capture }

// Capture takes amount from the hold. It refuses a hold that has ended, and an
// amount above what is left.
func (h *Hold) Capture(amount money.Amount, at time.Time) error {
	if err := h.take(amount); err != nil {
		return err
	}
	h.Captured += amount
	if h.Open() == 0 {
		h.State, h.EndedAt = Captured, at
	}
	return nil
}

// Release gives amount of the hold back.
func (h *Hold) Release(amount money.Amount, at time.Time) error {
	if err := h.take(amount); err != nil {
		return err
	}
	h.Released += amount
	if h.Open() == 0 {
		h.State, h.EndedAt = Released, at
	}
	return nil
}

// Expire releases what is left of the hold because its time ran out.
func (h *Hold) Expire(at time.Time) (left money.Amount, err error) {
	left = h.Open()
	if err := h.take(left); err != nil {
		return 0, err
	}
	h.Released += left
	h.State, h.EndedAt = Expired, at
	return left, nil
}

func (h *Hold) take(amount money.Amount) error {
	switch h.State {
	case Captured:
		return h.refuse(fault.HoldAlreadyCaptured)
	case Released:
		return h.refuse(fault.HoldAlreadyReleased)
	case Expired:
		return h.refuse(fault.HoldAlreadyExpired)
	case Held:
	}
	if amount <= 0 || amount > h.Open() {
		return fault.New(fault.HoldExceeded, "hold %d of claim %s has %d minor units left, not %d",
			h.Number, h.ClaimID, h.Open(), amount).
			With("openMinor", int64(h.Open())).With("askedMinor", int64(amount))
	}
	return nil
}

func (h *Hold) refuse(r fault.Reason) error {
	return fault.New(r, "hold %d of claim %s is already %s", h.Number, h.ClaimID, h.State).
		With("claimId", h.ClaimID).With("hold", h.Number)
}
