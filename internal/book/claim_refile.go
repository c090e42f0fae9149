package book

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/order"
)

// EvidencePiece is a piece of evidence of a claim, by its digest, with the time at which it
// was first added.
type EvidencePiece struct {
	PieceKey
	AddedAt time.Time
}

// PieceKey names a piece of evidence of a claim by its digest.
type PieceKey struct{ MerchantID, ClaimID, Digest string }

type pieceKey struct{ claim, digest string }

// keepEvidence stages a piece of evidence.
func (b *Book) keepEvidence(e Evidence) {
	b.evidence.add(e)
	if k := (pieceKey{e.ClaimID, e.Digest}); b.pieces.get(k) == nil {
		b.pieces.add(k, EvidencePiece{PieceKey{b.merchantID, e.ClaimID, e.Digest}, e.AddedAt}, b.command)
	}
}

// knew says whether a claim had the evidence with a digest when it came into its present
// state. References and names change, so evidence is known by its digest alone. What was
// added afterwards was not there when the claim was decided, whoever added it.
func (b *Book) knew(c *claim.Claim, digest string) bool {
	p := b.pieces.get(pieceKey{c.ID, digest})
	return p != nil && !p.AddedAt.After(c.StateSince)
}

// followEarlier asks for what tells whether an earlier claim on the line was decided, and on
// which of the evidence that comes with this one.
func (f *FileClaim) followEarlier(b *Book, n *Needs, round int) {
	stored := b.lines.get(f.lineID())
	if stored == nil || f.ClaimantID == "" {
		return // A line that is seen for the first time has no claims.
	}
	if round == 0 {
		for _, party := range parties(stored.line) {
			n.claimsOf(SiblingKey{MerchantID: b.merchantID, ClaimantID: party, ProductID: stored.line.ProductID})
		}
		return
	}
	for _, c := range b.claimsOn(f.lineID()) {
		if c.State.Live() {
			continue
		}
		if c.Revision == 0 {
			n.resultsOf(b.merchantID, c.ID)
		}
		for i := range f.Evidence {
			if digest := f.Evidence[i].Digest; digest != "" {
				n.piece(PieceKey{b.merchantID, c.ID, digest})
			}
		}
	}
}

// checkRefiled refuses a unit on which an earlier claim was decided, whoever of the line's
// parties filed that one, unless there is evidence that no such claim had (rule E3).
func (f *FileClaim) checkRefiled(b *Book, l *order.Line) error {
	if b.lines.get(l.ID) == nil || f.ClaimantID == "" {
		return nil
	}
	earlier := b.claimsOn(l.ID)
	if len(earlier) == 0 {
		return nil
	}
	for _, o := range f.Ordinals {
		var last *claim.Claim
		fresh := make([]bool, len(f.Evidence))
		for i := range f.Evidence {
			fresh[i] = f.Evidence[i].Digest != ""
		}
		for _, c := range earlier {
			if c.State.Live() || !b.foundOn(c, o) {
				continue
			}
			if last == nil || c.StateSince.After(last.StateSince) {
				last = c
			}
			for i := range f.Evidence {
				fresh[i] = fresh[i] && !b.knew(c, f.Evidence[i].Digest)
			}
		}
		if last != nil && !anyOf(fresh) {
			return evidenceRequired(l.ID, o, last.ID, len(f.Evidence) > 0)
		}
	}
	return nil
}

func anyOf(list []bool) bool {
	for _, yes := range list {
		if yes {
			return true
		}
	}
	return false
}

func evidenceRequired(lineID string, ordinal int32, claimID string, given bool) error {
	why := "a new claim needs evidence that claim did not have"
	if given {
		why = "none of the evidence is new: that claim had it, or it has no digest"
	}
	return fault.New(fault.NewEvidenceRequired, "unit %d of order line %s was decided with claim %s; %s", ordinal, lineID, claimID, why).
		With("claimId", claimID).With("ordinal", ordinal).With("orderLineId", lineID).At("evidence")
}

// foundOn says whether anything was found on a unit by an ended claim: a verdict, or a result
// that its authenticator stands by. A claim that was withdrawn before, or that ended because
// no proof came, leaves the unit as if it had never been claimed.
func (b *Book) foundOn(c *claim.Claim, ordinal int32) bool {
	named := false
	for i := range c.Units {
		named = named || c.Units[i].Ordinal == ordinal
	}
	if !named || c.Revision > 0 {
		return named
	}
	for _, id := range b.resultsOf[c.ID] {
		r := b.results.get(id)
		if r == nil || r.Retracted {
			continue
		}
		for i := range r.Units {
			if r.Units[i].Ordinal == ordinal {
				return true
			}
		}
	}
	return false
}
