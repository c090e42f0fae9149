package book

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// staging stages an event and a debt, and panics at a step of its own.
type staging struct {
	panics string
	line   string
	debt   string
}

func (s *staging) at(step string) {
	if s.panics == step {
		panic("poison")
	}
}

func (s *staging) Cover(*request.Digest) {}
func (s *staging) need(c *Call, n *Needs) {
	n.debtSums(c.Header.MerchantID)
	if s.line != "" {
		n.line(c.Header.MerchantID, s.line)
	}
	s.at("need")
}
func (s *staging) follow(_ *Book, _ *Needs, round int) {
	if round == 1 {
		s.at("follow")
	}
}
func (s *staging) decide(b *Book) (Outcome, error) {
	b.record(event.EvidenceAdded, "")
	b.debts.add(debtKey{debt.TopUp, s.debt}, debt.Debt{MerchantID: "m1", Kind: debt.TopUp, ID: s.debt, Open: 7}, b.command)
	s.at("decide")
	return Outcome{}, nil
}

// stagingLate panics while its outcome is shown, which is the last step at which a
// command can fail.
type stagingLate struct{ staging }

func (s *stagingLate) showsLine() string { s.at("finish"); return "" }

// decided runs commands as one batch without rows, with what damage tells of.
func decided(b *Book, damage func(Books), commands ...Command) []*Call {
	books := Books{b.merchantID: b}
	n := NewNeeds(books)
	var calls []*Call
	for _, of := range commands {
		c := NewCall(request.Header{
			MerchantID: b.merchantID, Method: "Test", Principal: principal.Principal{Workload: "test", Role: principal.RoleOperator},
		}, of)
		calls = append(calls, &c)
		c.Reset()
	}
	b.Refresh(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), new(Catalog))
	for _, c := range calls {
		c.Need(n)
	}
	if damage != nil {
		damage(books)
	}
	for round := range Rounds {
		for _, c := range calls {
			c.Follow(b, n, round)
		}
	}
	for _, c := range calls {
		n.Bar(c)
		b.Run(c)
	}
	return calls
}

func opened() *Book {
	b := New("m1", new(claim.IDs), new(Settings))
	b.SetHead(Head{MerchantID: "m1", Currency: "CNY", Version: 1, EventNumber: 1})
	b.owed.known = true
	return b
}

// Would catch a command that panics at a step where nobody looks for it, and takes the
// process with it, or leaves an event, a number or a sum in the book of its neighbours.
func TestPanicsAreOfTheirCommandAlone(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"need", "follow", "decide", "finish"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			var poison Command = &staging{panics: step, debt: "poison"}
			if step == "finish" {
				poison = &stagingLate{staging{panics: step, debt: "poison"}}
			}
			b, without := opened(), opened()
			calls := decided(b, nil, &staging{debt: "a"}, poison, &staging{debt: "b"})
			decided(without, nil, &staging{debt: "a"}, &staging{debt: "b"})
			if calls[0].Err != nil || calls[2].Err != nil {
				t.Errorf("its neighbours were answered %v and %v", calls[0].Err, calls[2].Err)
			}
			if err := calls[1].Err; err == nil || !strings.Contains(err.Error(), "poison") || !strings.Contains(err.Error(), step) {
				t.Errorf("it was answered %v", err)
			}
			if got, want := b.Head(), without.Head(); !cmp.Equal(got, want) {
				t.Errorf("the book is another: %s", cmp.Diff(want, got))
			}
			if got, want := b.owed.sums, without.owed.sums; !cmp.Equal(got, want) || got[debt.TopUp].Count != 2 {
				t.Errorf("the debts sum up to %v, want %v", got, want)
			}
			if len(b.events.list) != 2 || len(b.debts.changed) != 2 {
				t.Errorf("%d events and %d debts are staged", len(b.events.list), len(b.debts.changed))
			}
		})
	}
}

// Would catch a command that is decided as if a row that it needs were not there, one
// that is refused for a row that it does not need, and damage that is remembered after it
// was mended.
func TestDamagedRowsBarTheCommandsThatNeedThem(t *testing.T) {
	t.Parallel()
	refusal := fault.New(fault.OrderLineDamaged, "damaged")
	b := opened()
	damaged := func(bs Books) {
		bs.TakeDamagedLine(Key{MerchantID: "m1", ID: "bad"}, refusal)
		bs.TakeDamagedClaim(Key{MerchantID: "m1", ID: "bad"}, refusal)
		bs.TakeDamagedResult(Key{MerchantID: "m1", ID: "bad"}, refusal)
		bs.TakeDamagedSibling(SiblingKey{MerchantID: "m1", ClaimantID: "bad", ProductID: "p"}, refusal)
	}
	calls := decided(b, damaged,
		&staging{debt: "a", line: "good"}, &staging{debt: "b", line: "bad"}, &staging{debt: "c"},
		&AddEvidence{ClaimID: "bad", Kind: "PHOTO", Reference: "files/1"}, &AddEvidence{ClaimID: "missing", Kind: "PHOTO", Reference: "files/1"},
		&FileClaim{Line: &order.Line{MerchantID: "m1", ID: "good", ProductID: "p"}, ClaimantID: "bad"},
		&RecordResult{Result: claim.Result{ClaimID: "bad"}},
	)
	for i, want := range []error{nil, refusal, nil, refusal, fault.ClaimNotFound, refusal, refusal} {
		if err := calls[i].Err; !errors.Is(err, want) {
			t.Errorf("command %d: %v, want %v", i, err, want)
		}
	}
	// The next commands ask again, for the line and for the owners of its units.
	n := NewNeeds(Books{"m1": b})
	b.Refresh(b.now, new(Catalog))
	n.line("m1", "good")
	n.line("m1", "bad")
	n.units("m1", "bad")
	n.claim("m1", "bad")
	if len(n.Lines) != 1 || n.Lines[0].ID != "bad" || len(n.UnitsOf) != 1 || len(n.Claims) != 1 {
		t.Errorf("asked again for the lines %v, the units of %v, the claims %v", n.Lines, n.UnitsOf, n.Claims)
	}
}
