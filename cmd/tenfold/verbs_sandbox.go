package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func newSandbox() *cobra.Command {
	cmd := newGroup("sandbox", "Move the clock of a sandbox, let its work be done, or begin anew", sandboxVerbs())
	cmd.AddCommand(newSandboxReset())
	cmd.Long = "Move the clock of a server that was started with --sandbox, and let its work be done. docs/sandbox.md lists the test ids\n" +
		"by which products and payout destinations behave."
	return cmd
}

func sandboxVerbs() []verb {
	return []verb{
		{
			use: "clock", method: "SandboxService/GetClock", role: principal.RoleOperator,
			short: "Show the clock of the sandbox", long: "Show the clock of the sandbox. It goes on by itself, or stands still until it is moved.",
			examples: []string{"sandbox clock"},
		},
		{
			use: "advance BY|TIME", method: "SandboxService/AdvanceClock", role: principal.RoleOperator,
			short: "Move the clock forward", long: "Move the clock forward by a duration such as 7d or 36h, or to a time. Nothing happens before `tenfold sandbox run`.",
			examples: []string{"sandbox advance 7d", "sandbox advance 2026-04-01T09:00:00Z"},
			args:     []input{{name: "BY|TIME", required: true, put: advance}},
		},
		{
			use: "run", method: "SandboxService/RunDueWork", role: principal.RoleOperator,
			short:    "Do all work that is due",
			long:     "Do all work that is due at the clock of the sandbox: deadlines, scripted results, payouts, sweeps and holds.",
			examples: []string{"sandbox run"},
		},
	}
}

// advance reads how far, or to when, the clock moves.
func advance(x *call, texts []string) error {
	r := x.request.(*tenfoldv1.AdvanceClockRequest)
	if by, err := durationOf(texts[0]); err == nil {
		r.Target = &tenfoldv1.AdvanceClockRequest_By{By: by}
		return nil
	}
	to, err := timeOf(texts[0], x.remote.out.place)
	if err != nil {
		return fmt.Errorf("must be a duration such as 7d or 36h, or a time such as 2026-04-01T09:00:00Z, not %s", shown(texts[0]))
	}
	r.Target = &tenfoldv1.AdvanceClockRequest_To{To: to}
	return nil
}
