package commission_test

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// Would catch a step that a commission takes in a state that does not know it, one that it
// does not take, a step that leaves no time, and an ended commission that goes on.
func TestEveryStateTakesItsSteps(t *testing.T) {
	t.Parallel()
	want := map[commission.State]string{
		commission.Offered: "ACCEPTED DECLINED - - REPORTED CANCELLED", commission.Accepted: "- DECLINED SHIPPED RECEIVED REPORTED CANCELLED",
		commission.Shipped: "- DECLINED - RECEIVED REPORTED CANCELLED", commission.Received: "- DECLINED - - REPORTED CANCELLED",
		commission.Reported: "- - - - - -", commission.Declined: "- - - - - -", commission.Cancelled: "- - - - - -",
	}
	for _, s := range commission.States() {
		got := ""
		for _, by := range commission.Steps() {
			x := commission.Commission{ClaimID: "c", Number: 1, State: s}
			err := x.Take(by, now)
			to := "-"
			if err == nil {
				to = string(x.State)
				if at := []time.Time{x.AcceptedAt, x.ShippedAt, x.ReceivedAt, x.EndedAt}; !slices.Contains(at, now) || x.State.Open() != x.EndedAt.IsZero() {
					t.Errorf("%s by %s has the times %v", s, by, at)
				}
			} else if !errors.Is(err, fault.CommissionStateConflict) || x.State != s {
				t.Errorf("%s by %s: %v", s, by, err)
			}
			got += to + " "
		}
		if got != want[s]+" " {
			t.Errorf("%s goes to %s, not %s", s, got, want[s])
		}
	}
}

// Would catch a commission that counts as reported before its last unit, and one that changes
// the units of its copy.
func TestReportsOnUnitsCompleteACommission(t *testing.T) {
	t.Parallel()
	x := commission.Commission{Units: []claim.Unit{{Ordinal: 1, Verdict: claim.Pending}, {Ordinal: 3, Verdict: claim.Pending}}}
	before := x
	if x.Find([]claim.Unit{{Ordinal: 1, Verdict: claim.Genuine}, {Ordinal: 2, Verdict: claim.Counterfeit}}) {
		t.Error("is complete with unit 3 pending")
	}
	if !x.Find([]claim.Unit{{Ordinal: 3, Verdict: claim.Inconclusive}}) {
		t.Errorf("is not complete: %v", x.Units)
	}
	if before.Units[0].Verdict != claim.Pending || x.Units[0].Verdict != claim.Genuine {
		t.Errorf("before %v, after %v", before.Units, x.Units)
	}
}

func seed(n uint64) []byte {
	s := sha256.Sum256(binary.BigEndian.AppendUint64(nil, n))
	return s[:]
}

// Would catch another draw than the page on verification tells: whoever has the record must
// come to the same body, also with another program. The seed is 32 zeros.
func TestADrawCanBeRepeated(t *testing.T) {
	t.Parallel()
	candidates := []commission.Candidate{
		{AuthenticatorID: "lab-3"}, {AuthenticatorID: "lab-1", Load: 3, Cost: 20_000}, {AuthenticatorID: "lab-2", Cost: 30_000},
		{AuthenticatorID: "lab-1", Load: 9},
	}
	winner, record := commission.Draw(make([]byte, commission.SeedLength), candidates)
	want := []string{
		"lab-1 load=3 cost=20000 tickets=250000", "lab-2 load=0 cost=30000 tickets=666666", "lab-3 load=0 cost=0 tickets=666666",
	}
	if !slices.Equal(record, want) {
		t.Fatalf("the record is %q", record)
	}
	// By hand: SHA-256 of the prefix and the seed, its first eight bytes modulo 1,583,332.
	digest := sha256.Sum256(append([]byte("tenfold draw 1\n"), make([]byte, 32)...))
	ticket := binary.BigEndian.Uint64(digest[:8]) % 1_583_332
	byHand := "lab-3"
	if ticket < 250_000 {
		byHand = "lab-1"
	} else if ticket < 916_666 {
		byHand = "lab-2"
	}
	if winner != byHand {
		t.Errorf("ticket %d drew %s, not %s", ticket, winner, byHand)
	}
	read := commission.ReadRecord(append(record, "no record"))
	if len(read) != 3 || read[0].Load != 3 || read[0].Cost != 20_000 || read[0].Tickets != 250_000 || read[2].AuthenticatorID != "lab-3" {
		t.Errorf("read: %+v", read)
	}
}

// Would catch a draw that prefers a body beyond its tickets, or leaves one out.
func TestADrawIsFair(t *testing.T) {
	t.Parallel()
	candidates := []commission.Candidate{{AuthenticatorID: "free"}, {AuthenticatorID: "busy", Load: 3}}
	const draws = 5_000
	won := make(map[string]int)
	for i := range uint64(draws) {
		winner, _ := commission.Draw(seed(i), candidates)
		won[winner]++
	}
	// 4 in 5 for the free one: 4,000, with a standard deviation of 28.
	if won["free"] < 3_850 || won["free"] > 4_150 || won["free"]+won["busy"] != draws {
		t.Errorf("won: %v", won)
	}
}

// Would catch a candidate without a ticket, an overflow of tickets, and a draw without
// candidates that panics.
func TestDrawsAtTheirBounds(t *testing.T) {
	t.Parallel()
	if winner, record := commission.Draw(seed(1), nil); winner != "" || record != nil {
		t.Errorf("nobody: %q, %q", winner, record)
	}
	const dear = 1_000_000_000_000_000
	var crowd []commission.Candidate
	for i := range 300 {
		crowd = append(crowd, commission.Candidate{AuthenticatorID: fmt.Sprint("lab-", i), Load: int64(i) * 1_000_000, Cost: dear})
	}
	crowd[7].Cost = 1
	_, record := commission.Draw(seed(1), crowd)
	for _, e := range commission.ReadRecord(record) {
		if e.Tickets < 1 || e.Tickets > 1_000_000 {
			t.Errorf("%+v", e)
		}
	}
	if len(record) != len(crowd) {
		t.Errorf("%d of %d", len(record), len(crowd))
	}
}
