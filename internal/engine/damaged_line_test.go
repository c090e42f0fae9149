package engine_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Would catch an order line that was damaged in the database and takes the batches
// of its lane with it, or is worked on as if it were right.
func TestDamagedOrderLineRefusesItsCommandsAlone(t *testing.T) {
	t.Parallel()
	f := twoBooks(t)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.file(filing(line("m1", "damaged", 2, 20_000), 1))
	admin := f.admin()
	set := func(from, to int) {
		admin.MustExec(fmt.Sprintf(`
			UPDATE order_lines SET content = replace(content::text, '"goods_paid_minor":%d', '"goods_paid_minor":%d')::json
			WHERE order_line_id = 'damaged'`, from, to))
	}
	set(20_000, 2_000)
	number := 0
	commands := func() (list []engine.Asked, want []error) {
		number++
		add := func(merchant, method string, of book.Command, err error) {
			list = append(list, engine.Asked{Header: f.request(merchant, method), Of: of})
			want = append(want, err)
		}
		mate := func(merchant string) {
			l := line(merchant, fmt.Sprintf("mate-%d-%d", number, len(list)), 1, 10_000)
			add(merchant, "FileClaim", new(filing(l, 1)), nil)
		}
		mate("m1")
		add("m1", "FileClaim", new(book.FileClaim{LineID: "damaged", ClaimantID: c.ClaimantID, Ordinals: []int32{2}}), fault.OrderLineDamaged)
		mate("m2")
		mate("m1")
		add("m1", "RecordResult", &book.RecordResult{Result: result(c, claim.Counterfeit, fmt.Sprint("R-", number))}, fault.OrderLineDamaged)
		add("m1", "ReportOrderRefund", &book.ReportOrderRefund{LineID: "damaged", RefundID: "r1", Amount: 1, Currency: "CNY", RefundedAt: start}, fault.OrderLineDamaged)
		add("m1", "AddEvidence", &book.AddEvidence{ClaimID: c.ID, Kind: "PHOTO", Reference: fmt.Sprint("files/", number)}, nil)
		mate("m2")
		mate("m1")
		return list, want
	}

	list, want := commands()
	before := f.commits()
	for i, a := range f.engine.Together(list...) {
		if !errors.Is(a.Err, want[i]) {
			t.Errorf("in one batch, %s: %v, want %v", list[i].Header.Method, a.Err, want[i])
		}
	}
	if n := f.commits() - before; n != 1 {
		t.Errorf("beside a damaged line, the batch was committed in %d parts", n)
	}
	// The lanes of another replica, which has nothing in memory, decide ahead.
	_, e := f.replica(engine.Defaults())
	list, want = commands()
	errs := make([]chan error, len(list))
	for i, one := range list {
		errs[i] = make(chan error, 1)
		go func() { errs[i] <- send(t, e, one) }()
	}
	for i := range errs {
		if err := <-errs[i]; !errors.Is(err, want[i]) {
			t.Errorf("in a lane, %s: %v, want %v", list[i].Header.Method, err, want[i])
		}
	}
	set(2_000, 20_000)
	f.audited()
	// The lane asks again for what it could not read, and for the units of the line.
	if err := send(t, e, engine.Asked{
		Header: f.request("m1", "FileClaim"), Of: new(filing(line("m1", "damaged", 2, 20_000), 1)),
	}); !errors.Is(err, fault.ClaimAlreadyFiled) {
		t.Errorf("a unit of the mended line was claimed twice: %v", err)
	}
	if err := send(t, e, engine.Asked{
		Header: f.request("m1", "RecordResult"), Of: &book.RecordResult{Result: result(c, claim.Counterfeit, "R-mended")},
	}); err != nil {
		t.Errorf("once the line is mended: %v", err)
	}
	f.audited()
}

// Would catch a claim that was damaged in the database and takes the batches of its lane
// with it.
func TestDamagedClaimFailsItsCommandsAlone(t *testing.T) {
	t.Parallel()
	f := twoBooks(t)
	f.authenticator("lab-1", claim.AccreditedLab)
	c, sound := f.file(filing(line("m1", "damaged", 1, 10_000), 1)), f.file(filing(line("m1", "sound", 1, 10_000), 1))
	admin := f.admin()
	for name, poison := range map[string]string{
		"no units":       `UPDATE claims SET units = '[{}]' WHERE claim_id = $1`,
		"no time at all": `UPDATE claims SET deadline_at = 'infinity' WHERE claim_id = $1`,
	} {
		admin.MustExec(`CREATE TABLE kept AS SELECT claim_id, units, deadline_at FROM claims`)
		admin.MustExec(poison, c.ID)
		before := f.commits()
		answers := f.engine.Together(
			engine.Asked{Header: f.request("m1", "FileClaim"), Of: new(filing(line("m1", name, 1, 10_000), 1))},
			engine.Asked{Header: f.request("m1", "RecordResult"), Of: &book.RecordResult{Result: result(c, claim.Counterfeit, name)}},
			engine.Asked{Header: f.request("m1", "AddEvidence"), Of: &book.AddEvidence{ClaimID: sound.ID, Kind: "PHOTO", Reference: "files/" + name}},
			engine.Asked{Header: f.request("m2", "FileClaim"), Of: new(filing(line("m2", name, 1, 10_000), 1))},
		)
		for i, a := range answers {
			if (a.Err != nil) != (i == 1) {
				t.Errorf("%s: command %d was answered %v", name, i, a.Err)
			}
		}
		if n := f.commits() - before; n != 1 {
			t.Errorf("%s: the batch was committed in %d parts", name, n)
		}
		admin.MustExec(`UPDATE claims c SET units = k.units, deadline_at = k.deadline_at FROM kept k WHERE k.claim_id = c.claim_id`)
		admin.MustExec(`DROP TABLE kept`)
	}
	f.audited()
}

// Would catch a line with a text that is stored as another, and so as a line that
// nobody can read again, or a batch that fails for it.
func TestOrderLineThatIsNoTextRefusesItsCommandAlone(t *testing.T) {
	t.Parallel()
	f := twoBooks(t)
	broken := filing(line("m1", "l1", 1, 10_000), 1)
	broken.Line.SKUID = "\xff"
	f.among(engine.Asked{Header: f.request("m1", "FileClaim"), Of: &broken}, fault.RequestInvalid)
}

// send sends a command as its caller would.
func send(t *testing.T, e *engine.Engine, c engine.Asked) error {
	_, err := e.Do(t.Context(), c.Header, c.Of)
	return err
}
