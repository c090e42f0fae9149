package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/tenfold-claims/tenfold/internal/demo"
	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	"github.com/tenfold-claims/tenfold/internal/serveproc"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

const (
	// demoClaims is the default load of a demo.
	demoClaims = 300
	// demoCallers is the number of claims that the load works on at once.
	demoCallers = 32
	// demoPatience is how long a call is retried while the server is down.
	demoPatience = time.Minute
)

func newDemo() *cobra.Command {
	var out output
	claims := demoClaims
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Decide and pay published court cases and a load of claims",
		Long: "Starts a throwaway PostgreSQL and a server, files published court cases and a load of claims that end in every\n" +
			"way, and compares the results with the expected ones. Exits with 3 on a difference.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.to(cmd); err != nil {
				return err
			}
			if claims < 0 || claims > 1_000_000 {
				return usageError{errors.New("--claims (TENFOLD_CLAIMS) must be between 0 and 1,000,000")}
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			report, err := runDemo(ctx, claims, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			if out.isJSON() {
				err = out.json(report)
			} else {
				printDemo(&out, report)
			}
			if err == nil && !report.Matches() {
				err = errMismatch
			}
			return err
		},
	}
	out.flag(cmd)
	cmd.Flags().IntVar(&claims, "claims", demoClaims, "number of claims that are filed in addition to the published cases")
	return cmd
}

// runDemo starts the processes of the demo, plays it, and removes everything again.
func runDemo(ctx context.Context, claims int, errOut io.Writer) (_ *demo.Report, err error) {
	dir, err := scratchDir("tenfold-demo-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	serverLog, err := os.Create(filepath.Join(dir, "server.log"))
	if err != nil {
		return nil, fmt.Errorf("write the server's log: %w", err)
	}
	defer serverLog.Close()

	clock := demo.NewClock()
	payments := payouttest.New(clock.Now)
	gateway, stopGateway, err := serveGateway(payments)
	if err != nil {
		return nil, err
	}
	defer stopGateway()
	shown := newProgress(errOut)
	defer shown.done()
	shown.show("starting PostgreSQL and the server", 0, 1)
	server, err := serveproc.Start(ctx, serveproc.Config{
		Args: demoServer(filepath.Join(dir, "data"), "127.0.0.1:0", gateway), Log: serverLog,
	})
	if err != nil {
		return nil, errors.Join(err, tail(serverLog.Name()))
	}
	defer func() {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		err = errors.Join(err, server.Stop(stop))
	}()
	return demo.Run(ctx, demo.Config{
		Address: server.Address(), Payments: payments, Clock: clock, Claims: claims, Callers: demoCallers,
		Patience: demoPatience, Progress: shown.show,
	})
}

// demoServer are the arguments of the demo's server.
func demoServer(dataDir, listen, gateway string) []string {
	return []string{
		"--sandbox", "--sandbox-start", demo.Start.Format(time.RFC3339), "--data-dir", dataDir, "--listen", listen, "--gateway", gateway,
		// The demo states its identity without proof, and calls as fast as it can.
		"--insecure-loopback", "--rate-limit", "0",
		// Its merchants bring more at once than one cashier may move.
		"--direct-limit", "none",
		// The demo has no operator.
		"--ops-listen", noOps,
	}
}

// scratchDir makes a directory that the operating system's user of an embedded
// PostgreSQL can enter.
func scratchDir(prefix string) (string, error) {
	dir, err := os.MkdirTemp("", prefix)
	if err != nil {
		return "", fmt.Errorf("make a directory: %w", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", errors.Join(fmt.Errorf("open the directory: %w", err), os.RemoveAll(dir))
	}
	return dir, nil
}

// serveGateway serves the calls to a payment service on a free port.
func serveGateway(payments tenfoldv1.PayoutGatewayServiceServer) (address string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("listen for the payment service: %w", err)
	}
	server := grpc.NewServer()
	tenfoldv1.RegisterPayoutGatewayServiceServer(server, payments)
	go func() { _ = server.Serve(listener) }() // Ends with Stop, which is no error.
	return listener.Addr().String(), server.Stop, nil
}

// tail is the end of a log, as an error.
func tail(path string) error {
	const most = 2000
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return fmt.Errorf("the server's log ends with: %s", raw[max(0, len(raw)-most):])
}

func printDemo(out *output, r *demo.Report) {
	printCases(out, r.Cases)
	printExamined(out, r.Verification)
	printLoad(out, r.Load)
	printBooks(out, r)
	printStatements(out, r.Statements)
	if r.Reckoning != nil {
		printReckoning(out, r.Reckoning)
	}
	debits, credits := r.Totals()
	fmt.Fprintf(out.w, "%d published cases and %d kinds of claim: %s; trial balance %s: %s\n", len(r.Cases), len(r.Load),
		out.verdict(r.Matches(), "everything as it must be", "DIFFERENCES"),
		amount(debits-credits, demoCurrency), out.verdict(debits == credits, "the books balance", "THE BOOKS DO NOT BALANCE"))
}

const demoCurrency = "CNY"

func printCases(out *output, list []demo.CaseReport) {
	t := out.newTable("Published cases, priced with the seeded policies as if bought in 2025 (yuan)",
		column{title: "Case"}, column{title: "Decision"}, column{"Claims", true}, column{"Base", true}, column{"Multiplier", true},
		column{"Floor", true}, column{"Compensation", true}, column{"Refund", true}, column{"Awarded", true}, column{"Awarded refund", true},
		column{title: "Match"})
	for _, c := range list {
		floor, refund := "–", "not stated"
		if c.Floor > 0 {
			floor = amount(c.Floor, demoCurrency)
		}
		if c.FloorApplied {
			floor += " *"
		}
		if c.AwardedRefund != nil {
			refund = amount(*c.AwardedRefund, demoCurrency)
		}
		t.AppendRow(table.Row{
			c.Case, shorten(c.Title, 44), c.Claims, amount(c.Base, demoCurrency), c.Multiplier, floor,
			amount(c.Compensation, demoCurrency), amount(c.Refund, demoCurrency), amount(c.AwardedCompensation, demoCurrency), refund,
			out.verdict(c.Match, "yes", "NO"),
		})
	}
	t.put()
	fmt.Fprintln(out.w, "* the floor decided")
	fmt.Fprintln(out.w)
}

// printExamined prints how bodies were heard, and what became of it.
func printExamined(out *output, list []demo.VerificationReport) {
	t := out.newTable("Verification", column{title: "Shown"}, column{title: "Claim"}, column{title: "Weighed"}, column{title: "Must end"},
		column{title: "Ended"}, column{title: "Match"})
	for _, v := range list {
		t.AppendRow(table.Row{v.What, v.Claim, v.Weighed, v.Expected, v.State, out.verdict(v.Match, "yes", "NO")})
	}
	out.render(t)
}

func printLoad(out *output, list []demo.LoadReport) {
	t := out.newTable("Load: claims by what befell them", column{title: "Product"}, column{title: "Payout destination"},
		column{title: "Merchant"}, column{title: "Must end"}, column{"Claims", true}, column{"So ended", true}, column{title: "Match"})
	for _, l := range list {
		merchant := "lets it lapse"
		if l.Accepted {
			merchant = "accepts"
		}
		t.AppendRow(table.Row{
			l.Product, l.Destination, merchant, l.Expected, l.Claims, l.AsExpected, out.verdict(l.AsExpected == l.Claims, "yes", "NO"),
		})
	}
	out.render(t)
}

func printBooks(out *output, r *demo.Report) {
	t := out.newTable("Accounts of each book (yuan, on the normal side; accounts that never moved are left out)",
		column{title: "Book"}, column{title: "Account"}, column{title: "Side"}, column{"Debits", true}, column{"Credits", true}, column{"Balance", true})
	for _, b := range r.Books {
		name := b.Merchant
		for _, a := range b.Accounts {
			t.AppendRow(table.Row{name, a.Purpose, a.Side, amount(a.Debits, demoCurrency), amount(a.Credits, demoCurrency), amount(a.Balance, demoCurrency)})
			name = ""
		}
	}
	out.render(t)
	t = out.newTable("Trial balance over all books (yuan)", column{title: "Account"}, column{"Debits", true}, column{"Credits", true}, column{"Debits less credits", true})
	for _, a := range r.TrialBalance {
		t.AppendRow(table.Row{a.Purpose, amount(a.Debits, demoCurrency), amount(a.Credits, demoCurrency), amount(a.Debits-a.Credits, demoCurrency)})
	}
	debits, credits := r.Totals()
	t.AppendFooter(table.Row{"Sum", amount(debits, demoCurrency), amount(credits, demoCurrency), amount(debits-credits, demoCurrency)})
	out.render(t)
}

func printStatements(out *output, list []demo.StatementReport) {
	t := out.newTable("Statements over the whole time (yuan)", column{title: "Book"}, column{"Lines", true}, column{"Sum", true},
		column{title: "SHA-256 of the raw CSV"}, column{title: "Ties with the book"})
	for _, s := range list {
		t.AppendRow(table.Row{s.Merchant, s.Lines, amount(s.Amount, demoCurrency), s.Digest[:min(len(s.Digest), 16)] + "…", out.verdict(s.Ties, "yes", "NO")})
	}
	out.render(t)
}

// printReckoning prints which planted breaks were found.
func printReckoning(out *output, r *demo.ReckoningReport) {
	t := out.newTable(fmt.Sprintf("%d days compared with the files of the payment service and of the marketplace: %d payouts, %d lines",
		r.Days, r.Payouts, r.Lines), column{title: "Break"}, column{title: "Planted"}, column{title: "Found"})
	for _, b := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(r.Planted, r.Found)))) {
		has := func(list []string) string { return out.verdict(slices.Contains(list, b), "yes", "NO") }
		t.AppendRow(table.Row{b, has(r.Planted), has(r.Found)})
	}
	out.render(t)
	fmt.Fprintf(out.w, "%d planted breaks, %d found; with the files as they should be %d are left: %s\n\n", len(r.Planted), len(r.Found), len(r.Left),
		out.verdict(r.Matches(), "the bills reconcile", "THE BILLS DO NOT RECONCILE"))
}

// shorten cuts a text to at most n characters.
func shorten(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}
