package booktest

import (
	"cmp"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// reservation is who holds a reference, and by how many tries.
type reservation struct {
	merchantID, holder string
	tries              int
}

// reserve claims a reference for a holder in a book, or says who holds it.
func (s *Shelf) reserve(r book.Reference, merchantID, holder string) (held *reservation, ours bool) {
	held = s.reservations[plain(r)]
	switch {
	case held == nil:
		held = &reservation{merchantID: merchantID, holder: holder, tries: 1}
		s.reservations[plain(r)] = held
	case held.merchantID == merchantID && held.holder == holder:
		held.tries++
	default:
		return held, false
	}
	return held, true
}

// unreserve takes one try back; the last one frees the reference.
func (s *Shelf) unreserve(list []book.Reference) {
	for _, r := range list {
		held := s.reservations[plain(r)]
		if held.tries--; held.tries == 0 {
			delete(s.reservations, plain(r))
		}
	}
}

// plain is a reference without the holder that it asks for.
func plain(r book.Reference) book.Reference { return book.Reference{Kind: r.Kind, Value: r.Value} }

// Reserved says whether somebody holds a reference.
func (s *Shelf) Reserved(r book.Reference) bool { return s.reservations[r] != nil }

// Send reserves a payout's out-number, as a worker does before it tells the gateway.
func (s *Shelf) Send(p payout.Payout) {
	if _, ours := s.reserve(book.Reference{Kind: book.OutNumber, Value: p.OutNumber}, p.MerchantID, p.ID); !ours {
		s.breaks("out-number %s of payout %s is another's", p.OutNumber, p.ID)
	}
}

// address finds book and payout of the out-number that a command names, if any. A
// header without a merchant takes the payout's.
func (s *Shelf) address(h *request.Header, cmd book.Addressed) error {
	outNumber, payoutID := cmd.Address()
	if outNumber == "" {
		return nil
	}
	held := s.reservations[book.Reference{Kind: book.OutNumber, Value: outNumber}]
	switch {
	case held == nil:
		return fault.New(fault.PayoutNotFound, "no payout was instructed under the out-number %s", outNumber).
			With("outNumber", outNumber).At("out_number")
	case h.MerchantID != "" && h.MerchantID != held.merchantID:
		return book.PayoutNotFound(h.MerchantID, outNumber)
	}
	h.MerchantID, *payoutID = held.merchantID, held.holder
	return nil
}

// underReservations runs a command that may complete only while its request holds
// its references, and gives them back when the command was refused.
func (s *Shelf) underReservations(h request.Header, cmd book.Command) (book.Outcome, error) {
	r, ok := cmd.(book.Referring)
	if !ok || h.ValidateOnly {
		return s.one(h, cmd)
	}
	holder := h.Principal.Workload + "/" + h.Method + "/" + h.RequestID
	var ours []book.Reference
	for _, reference := range r.References() {
		held, reserved := s.reserve(reference, h.MerchantID, cmp.Or(reference.Holder, holder))
		if !reserved {
			s.unreserve(ours)
			return book.Outcome{}, s.used(cmd, reference, held)
		}
		if reference.Looked {
			s.unreserve([]book.Reference{reference})
			continue
		}
		ours = append(ours, reference)
	}
	o, err := s.one(h, cmd)
	if _, refused := fault.As(err); refused {
		s.unreserve(ours)
	}
	return o, err
}

// used refuses a reference that another request holds.
func (s *Shelf) used(cmd book.Command, r book.Reference, held *reservation) error {
	recording, ok := cmd.(*book.RecordResult)
	if !ok {
		return book.ReferenceUsed(r.Value)
	}
	for id, x := range s.Rows(held.merchantID).Results {
		if x.AuthenticatorID == recording.Result.AuthenticatorID && claim.PlainReport(x.ReportNumber) == claim.PlainReport(recording.Result.ReportNumber) {
			return book.ResultRecorded(id)
		}
	}
	return fault.New(fault.TransactionContended, "another request is recording report %s right now", recording.Result.ReportNumber).
		After(100 * time.Millisecond)
}
