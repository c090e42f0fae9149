package event

import (
	"strconv"
	"time"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// ExposureChange is what the claim of an event could still cost the merchant before its command
// and can cost after it. It stands in the row of the event beside the content. The content tells
// of what can be cost after it, among the facts of the claim.
type ExposureChange struct{ Before, After Exposure }

// Exposure is what a claim can still cost the merchant.
type Exposure struct {
	Amount money.Amount
	// Held is the part of it that is set aside.
	Held money.Amount
	// Due is the claim's deadline; zero where none runs.
	Due time.Time
}

// The keys of the facts that tell of an exposure.
const (
	exposureKey     = "exposure_minor"
	exposureHeldKey = "exposure_held_minor"
	exposureDueKey  = "exposure_due_at"
)

// Facts are the facts of a claim that tell of the exposure. An amount that is zero, and a
// deadline that does not run, are left out, but not the exposure itself.
func (x Exposure) Facts() []Detail {
	facts := []Detail{{exposureKey, strconv.FormatInt(int64(x.Amount), 10)}}
	if x.Held > 0 {
		facts = append(facts, Detail{exposureHeldKey, strconv.FormatInt(int64(x.Held), 10)})
	}
	if !x.Due.IsZero() {
		facts = append(facts, Detail{exposureDueKey, Stamp(x.Due)})
	}
	return facts
}

// ExposureTold is what an event tells in its content of the exposure of its claim; nil where it
// tells nothing. A fact that cannot be read counts as nothing.
func (e *Event) ExposureTold() *Exposure {
	for i := range e.Rows {
		if r := &e.Rows[i]; r.Table == "claims" {
			if x := exposureIn(r.Facts); x != nil {
				return x
			}
		}
	}
	return nil
}

func exposureIn(facts []Detail) *Exposure {
	var x Exposure
	told := false
	for _, f := range facts {
		switch f.Key {
		case exposureKey:
			told = true
			x.Amount = amountIn(f.Value)
		case exposureHeldKey:
			x.Held = amountIn(f.Value)
		case exposureDueKey:
			at, err := time.Parse(time.RFC3339, f.Value)
			if err == nil {
				x.Due = at.UTC()
			}
		}
	}
	if !told {
		return nil
	}
	return &x
}

func amountIn(text string) money.Amount {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return money.Amount(n)
}
