package main

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout/gatewaycheck"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// checkGateway is the command that checks a payment service.
type checkGateway struct {
	proof gatewayProof
	out   output
	form  string
	with  gatewaycheck.Config
}

func newGatewayCheck() *cobra.Command {
	var c checkGateway
	cmd := &cobra.Command{
		Use:   "check ADDRESS",
		Short: "Check a payment service against the rules of the payout gateway",
		Long: "Check a payment service against the rules of the payout gateway, which docs/gateway.md explains. The check makes\n" +
			"payments of --amount to the destinations that are named: use the test environment of the payment service. It says\n" +
			"which rules are kept and broken, and which out-numbers must have been paid, each once. Compare these with the\n" +
			"account of the payment service: what has left twice can only be seen there.\n\n" +
			"The exit code is 3 if a rule is broken.",
		Example: "  tenfold gateway check payments-test.example:443 --gateway-ca ca.pem --gateway-token-file token \\\n" +
			"      --destination test-wallet-1 --fail-destination closed-wallet-1 --amount 100 --currency CNY",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd, args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&c.with.Destination, "destination", "", "destination that can be paid")
	f.StringVar(&c.with.FailDestination, "fail-destination", "", "destination that cannot be paid; empty leaves out the rules about failures")
	f.StringVar(&c.with.WaitDestination, "wait-destination", "", "destination whose payments stay under way until not_after; empty leaves out the rule about them")
	f.Int64Var(&c.with.Amount, "amount", 0, "amount of each payment, in minor units")
	f.StringVar(&c.with.Currency, "currency", "", "currency of the payments, such as CNY")
	f.StringVar(&c.with.PaymentID, "original-payment", "gateway-check", "original payment that the instructions name")
	f.StringVar(&c.form, "form", "cash", "form of the payments: cash, wallet or coupon")
	f.DurationVar(&c.with.CallMax, "call-limit", gatewayCallMax, "how long a call may take")
	f.DurationVar(&c.with.Wait, "wait", time.Minute, "how long a payment may be under way")
	f.DurationVar(&c.with.Skew, "skew", 30*time.Second, "how far the clock of the payment service may be off")
	f.DurationVar(&c.with.Life, "life", 5*time.Second, "how long the payment to --wait-destination may be paid")
	c.proof.flags(f)
	c.out.flag(cmd)
	return cmd
}

// The forms of the settings of a check.
var (
	destinationForm = regexp.MustCompile(`^[!-~]{1,200}$`)
	paymentForm     = regexp.MustCompile(`^[A-Za-z0-9_-]{1,60}$`)
	currencyForm    = regexp.MustCompile(`^[A-Z]{3}$`)
)

// check returns an error that names the flag and the setting of a wrong or missing setting.
func (c *checkGateway) check(address string) error {
	if err := c.proof.check("ADDRESS", []string{address}); err != nil {
		return err
	}
	for _, d := range []struct {
		setting, value string
		needed         bool
	}{
		{"--destination (TENFOLD_DESTINATION)", c.with.Destination, true},
		{"--fail-destination (TENFOLD_FAIL_DESTINATION)", c.with.FailDestination, false},
		{"--wait-destination (TENFOLD_WAIT_DESTINATION)", c.with.WaitDestination, false},
	} {
		if d.value == "" && d.needed {
			return fmt.Errorf("%s is missing; set it to a destination for tests, because the check makes payments to it", d.setting)
		}
		if d.value != "" && !destinationForm.MatchString(d.value) {
			return fmt.Errorf("%s must have between 1 and 200 printable ASCII characters, not %.80q", d.setting, d.value)
		}
	}
	if c.with.FailDestination == c.with.Destination || c.with.WaitDestination == c.with.Destination ||
		c.with.FailDestination != "" && c.with.FailDestination == c.with.WaitDestination {
		return errors.New("--destination (TENFOLD_DESTINATION), --fail-destination (TENFOLD_FAIL_DESTINATION) and --wait-destination (TENFOLD_WAIT_DESTINATION) must differ")
	}
	if c.with.Amount < 1 || c.with.Amount >= int64(money.MaxAmount) {
		return fmt.Errorf("--amount (TENFOLD_AMOUNT) must be above 0 and below %d minor units, not %d", int64(money.MaxAmount), c.with.Amount)
	}
	if !currencyForm.MatchString(c.with.Currency) {
		return fmt.Errorf("--currency (TENFOLD_CURRENCY) must be three capital letters such as CNY, not %.80q", c.with.Currency)
	}
	if !paymentForm.MatchString(c.with.PaymentID) {
		return fmt.Errorf("--original-payment (TENFOLD_ORIGINAL_PAYMENT) must match [A-Za-z0-9_-]{1,60}, not %.80q", c.with.PaymentID)
	}
	return c.checkTimes()
}

func (c *checkGateway) checkTimes() error {
	for _, d := range []struct {
		setting     string
		value       time.Duration
		least, most time.Duration
	}{
		{"--call-limit (TENFOLD_CALL_LIMIT)", c.with.CallMax, 100 * time.Millisecond, time.Minute},
		{"--wait (TENFOLD_WAIT)", c.with.Wait, 0, time.Hour},
		{"--skew (TENFOLD_SKEW)", c.with.Skew, 0, 15 * time.Minute},
		{"--life (TENFOLD_LIFE)", c.with.Life, time.Second, time.Hour},
	} {
		if d.value < d.least || d.value > d.most {
			return fmt.Errorf("%s must be between %s and %s, not %s", d.setting, d.least, d.most, d.value)
		}
	}
	return nil
}

func (c *checkGateway) run(cmd *cobra.Command, address string) error {
	if err := c.out.to(cmd); err != nil {
		return err
	}
	form, err := choice("form", c.form, tenfoldv1.PayoutForm_value, "PAYOUT_FORM_", "cash", "wallet", "coupon")
	if err == nil && form == 0 {
		err = usageError{errors.New("--form (TENFOLD_FORM) must be cash, wallet or coupon")}
	}
	if err != nil {
		return err
	}
	if err := c.check(address); err != nil {
		return usageError{err}
	}
	conn, err := c.proof.dial([]string{address}, logger(io.Discard))
	if err != nil {
		return err
	}
	defer conn.Close()
	shown := newProgress(cmd.ErrOrStderr())
	defer shown.done()
	c.with.Form, c.with.Run, c.with.Now, c.with.Show = tenfoldv1.PayoutForm(form), runNumber(), time.Now, shown.show
	report, err := c.play(cmd.Context(), tenfoldv1.NewPayoutGatewayServiceClient(conn))
	if err != nil {
		return err
	}
	shown.done()
	if err := show(&c.out, checkedGateway{Address: address, Report: report}, printChecked); err != nil {
		return err
	}
	if broken := report.Broken(); len(broken) > 0 {
		return brokenRules(len(broken))
	}
	return nil
}

func (c *checkGateway) play(ctx context.Context, service tenfoldv1.PayoutGatewayServiceClient) (*gatewaycheck.Report, error) {
	return gatewaycheck.Run(ctx, service, c.with)
}

// brokenRules is the end of a check that found broken rules.
type brokenRules int

func (b brokenRules) Error() string {
	if b == 1 {
		return "1 rule is broken"
	}
	return fmt.Sprint(int(b), " rules are broken")
}

// Is makes it a mismatch, which has an exit code of its own.
func (brokenRules) Is(target error) bool { return target == errMismatch }

// runNumber begins the out-numbers of one run: no other run has it.
func runNumber() string {
	raw := make([]byte, 10)
	_, _ = rand.Read(raw) // It never fails.
	return "CHK" + base32.StdEncoding.EncodeToString(raw)
}

// checkedGateway is the answer of the command.
type checkedGateway struct {
	Address string `json:"address"`
	*gatewaycheck.Report
}

func printChecked(o *output, c checkedGateway) {
	t := o.newTable("Rules of the payout gateway, played against "+c.Address,
		column{title: "Rule"}, column{title: "Result"}, column{title: "What it demands, and what was seen"})
	for _, f := range c.Findings {
		result := string(f.Result)
		if f.Result != gatewaycheck.Skipped {
			result = o.verdict(f.Result == gatewaycheck.Kept, string(gatewaycheck.Kept), string(gatewaycheck.Broken))
		}
		t.AppendRow([]any{f.Rule, result, f.About})
		for _, seen := range f.Seen {
			t.AppendRow([]any{"", "", "  " + strings.TrimSpace(seen)})
		}
	}
	o.render(t)
	fmt.Fprintf(o.w, "%d calls. %s must have left, %s %s in all, each once:\n", c.Calls,
		counted(len(c.Paid), "payment"), amount(c.PaidMinor, c.Currency), c.Currency)
	for _, number := range c.Paid {
		fmt.Fprintln(o.w, "  "+number)
	}
}
