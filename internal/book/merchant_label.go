package book

import (
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// SetBookLabels replaces the labels of a book. They decide nothing.
type SetBookLabels struct{ Labels claim.Labels }

func (s *SetBookLabels) need(*Call, *Needs) {}

// Cover implements request.Content.
func (s *SetBookLabels) Cover(d *request.Digest) { d.Texts(string(s.Labels)) }

func (s *SetBookLabels) decide(b *Book) (Outcome, error) {
	if s.Labels == b.head.Labels {
		return Outcome{}, fault.New(fault.RequestInvalid, "the book of merchant %s has exactly these labels", b.head.MerchantID).At("labels")
	}
	b.record(event.BookLabelsSet, "")
	b.head.Labels = s.Labels
	return Outcome{}, nil
}
