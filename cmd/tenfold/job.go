package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func newJob() *cobra.Command {
	cmd := newGroup("job", "Follow, pause, resume and cancel long work of servers", jobVerbs())
	cmd.AddCommand(newJobWatch())
	cmd.Aliases = []string{"jobs"}
	return cmd
}

func aJob(field string) input {
	return input{name: "JOB", field: field, required: true, as: thingOf("jobs")}
}

func jobVerbs() []verb {
	const id = "1KJPW-D6M05-F2S5T-CT5FM"
	return []verb{
		{
			use: "list", method: "JobService/ListJobs", role: principal.RoleOperator, thing: "job",
			short: "List jobs, the newest first", long: "List jobs, the newest first: what they do, who asked for them, and how far they have come.",
			examples: []string{"job list", "job list --state proposed"},
			flags: []input{
				{name: "state", field: "state", usage: "only jobs in this state"},
				{name: "kind", field: "kind", usage: "only jobs of this kind"},
			},
		},
		{
			use: "get JOB", method: "JobService/GetJob", role: principal.RoleOperator,
			short: "Show a job", long: "Show a job: what it is about, how far it has come, and what became of its claims.",
			examples: []string{"job get " + id}, args: []input{aJob("name")},
		},
		{
			use: "items JOB", method: "JobService/ListJobItems", role: principal.RoleOperator, thing: "item",
			short: "List the claims that a job is about", long: "List the claims that a job is about, with what became of each.",
			examples: []string{"job items " + id + " --state refused", "job items " + id + " -o csv"}, args: []input{aJob("parent")},
			flags: []input{{name: "state", field: "state", usage: "only items in this state: waiting, finished or refused"}},
		},
		{
			use: "approve JOB", method: "JobService/ApproveJob", role: principal.RoleApprover,
			short:    "Let a job begin that waits for a second person",
			long:     "Let a job begin that waits for a second person. Needs --person, other than the one who asked for it.",
			examples: []string{"job approve " + id + " --person anna --yes"}, args: []input{aJob("name")},
			risk: "The job begins",
		},
		{
			use: "pause JOB", method: "JobService/PauseJob", role: principal.RoleOperator,
			short: "Have a job wait", long: "Have a job wait after the step that is under way. Needs --person.",
			examples: []string{"job pause " + id + " --person oscar"}, args: []input{aJob("name")},
		},
		{
			use: "resume JOB", method: "JobService/ResumeJob", role: principal.RoleOperator,
			short: "Have a job go on",
			long: "Have a job go on that was paused or failed, or a statement that was cancelled. One that is done tries again what was\n" +
				"refused. Nothing that was done is done twice. Needs --person.",
			examples: []string{"job resume " + id + " --person oscar"}, args: []input{aJob("name")},
		},
		{
			use: "cancel JOB", method: "JobService/CancelJob", role: principal.RoleOperator,
			short: "End a job", long: "End a job after the step that is under way. What it did stays, but for what is written of a statement: that is dropped.\n" +
				"Needs --person.",
			examples: []string{"job cancel " + id + " --person oscar --yes"}, args: []input{aJob("name")},
			risk: "The job ends, and what it has not done stays undone",
		},
	}
}

// watchPause is how often a watch of a job looks.
const watchPause = time.Second

func newJobWatch() *cobra.Command {
	var c remote
	cmd := c.command(principal.RoleOperator, &cobra.Command{
		Use:   "watch JOB",
		Short: "Show how far a job has come until it ends",
		Long: "Show how far a job has come until it is done, failed, paused or cancelled, and then the job. Exits with 1 if it did not\n" +
			"get to its end, or if something was refused.",
		Example: "  tenfold job watch 1KJPW-D6M05-F2S5T-CT5FM",
		Args:    cobra.ExactArgs(1),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		name, err := thingOf("jobs")(args[0])
		if err != nil {
			return usageError{fmt.Errorf("JOB %w", err)}
		}
		p := newProgress(cmd.ErrOrStderr())
		j, err := watchJob(cmd.Context(), tenfoldv1.NewJobServiceClient(conn), name, p)
		p.done()
		if err != nil {
			return refusal(c.client.reached(cmd.Context(), err))
		}
		if err := show(&c.out, j, printJob); err != nil {
			return err
		}
		if j.GetState() != tenfoldv1.JobState_JOB_STATE_DONE {
			return fmt.Errorf("the job is %s", word(j.GetState()))
		}
		if n := j.GetRefusedItems(); n > 0 {
			return fmt.Errorf("%s refused; tenfold job items %s --state refused lists them", counted(int(n), "claim"), idOf(name))
		}
		return nil
	})
	return calling(cmd, "JobService/GetJob")
}

// underWay are the states in which a job may still go on by itself, or by an approval.
var underWay = []tenfoldv1.JobState{
	tenfoldv1.JobState_JOB_STATE_PROPOSED, tenfoldv1.JobState_JOB_STATE_QUEUED, tenfoldv1.JobState_JOB_STATE_RUNNING,
}

// watchJob looks at a job until no server works on it any more.
func watchJob(ctx context.Context, jobs tenfoldv1.JobServiceClient, name string, p *progress) (*tenfoldv1.Job, error) {
	for {
		got, err := jobs.GetJob(ctx, &tenfoldv1.GetJobRequest{Name: name})
		if err != nil {
			return nil, err
		}
		j := got.GetJob()
		if !slices.Contains(underWay, j.GetState()) {
			return j, nil
		}
		total, thing := max(j.GetTotalItems(), j.GetPreview().GetClaims()), "claim"
		if j.GetStatement() != nil {
			thing = "line"
		}
		p.show(word(j.GetKind())+" of "+counted(int(total), thing), int(j.GetDoneItems()), int(total))
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(watchPause):
		}
	}
}

func printJobs(o *output, list []*tenfoldv1.Job) {
	if len(list) == 1 && !o.lists {
		printJob(o, list[0])
		return
	}
	t := o.newTable("Jobs", column{title: "Job"}, column{title: "Kind"}, column{title: "State"}, column{title: "About"}, column{"Done", true},
		column{"Of", true}, column{"Refused", true}, column{title: "Asked for"}, column{title: "By"})
	for _, j := range list {
		about := idOf(j.GetRetraction().GetAuthenticator())
		if s := j.GetStatement(); s != nil {
			about = bookOf(s.GetFile())
		}
		t.AppendRow(table.Row{j.GetName(), word(j.GetKind()), word(j.GetState()), about, j.GetDoneItems(),
			max(j.GetTotalItems(), j.GetPreview().GetClaims()), j.GetRefusedItems(), o.when(j.GetCreateTime()), j.GetCreatedBy()})
	}
	o.render(t)
}

func printJob(o *output, j *tenfoldv1.Job) {
	facts := [][2]string{{"job", j.GetName()}, {"kind", word(j.GetKind())}, {"state", word(j.GetState())}}
	if j.GetStatement() != nil {
		facts = append(facts, statementFacts(o, j)...)
	} else {
		facts = append(facts, retractionFacts(o, j)...)
	}
	held := ""
	if j.GetLeaseUntil() != nil {
		held = j.GetLeaseHolder() + " until " + o.when(j.GetLeaseUntil())
	}
	o.facts("", append(facts, [2]string{"failure", j.GetFailure()}, [2]string{"next step", o.since(j.GetRetryTime())},
		[2]string{"server", held}, [2]string{"asked for by", j.GetCreatedBy()}, [2]string{"at", o.since(j.GetCreateTime())},
		[2]string{"approved by", j.GetApprovedBy()}, [2]string{"changed by", j.GetChangedBy()},
		[2]string{"begun", o.since(j.GetStartTime())}, [2]string{"ended", o.since(j.GetEndTime())})...)
}

// statementFacts tell what a statement is about, and how far it is written.
func statementFacts(o *output, j *tenfoldv1.Job) [][2]string {
	s := j.GetStatement()
	return [][2]string{
		{"file", s.GetFile()}, {"time", o.span(s.GetFrom(), s.GetUntil())}, {"basis", word(s.GetBasis())}, {"currency", s.GetCurrencyCode()},
		{"order", s.GetOrderId()}, {"lines", fmt.Sprintf("%d of %d", j.GetDoneItems(), j.GetTotalItems())},
	}
}

// retractionFacts tell what a retraction is about, and what became of its claims.
func retractionFacts(o *output, j *tenfoldv1.Job) [][2]string {
	r, p := j.GetRetraction(), j.GetPreview()
	paid := make([]string, len(p.GetPaid()))
	for i, m := range p.GetPaid() {
		paid[i] = sum(m)
	}
	outcomes := make([]string, len(j.GetOutcomes()))
	for i, c := range j.GetOutcomes() {
		outcomes[i] = fmt.Sprintf("%s %d", word(c.GetOutcome()), c.GetClaims())
	}
	return [][2]string{
		{"body", idOf(r.GetAuthenticator())}, {"cause", word(r.GetCause())}, {"note", r.GetNote()},
		{"recorded", o.span(r.GetRecordedFrom(), r.GetRecordedUntil())}, {"issued", o.span(r.GetIssuedFrom(), r.GetIssuedUntil())},
		{"reports", strings.Join(r.GetReportNumbers(), ", ")},
		{"when asked for", fmt.Sprintf("%s on %s, %d of them paid %s", counted(int(p.GetResults()), "result"), counted(int(p.GetClaims()), "claim"),
			p.GetPaidClaims(), strings.Join(paid, ", "))},
		{"done", fmt.Sprintf("%d of %d, %d refused", j.GetDoneItems(), j.GetTotalItems(), j.GetRefusedItems())},
		{"claims", strings.Join(outcomes, ", ")},
	}
}

func printJobItems(o *output, list []*tenfoldv1.JobItem) {
	t := o.newTable("Items", column{title: "Claim"}, column{title: "State"}, column{title: "Outcome"}, column{title: "Reason"}, column{title: "Detail"},
		column{title: "When"})
	for _, i := range list {
		outcome := ""
		if i.GetOutcome() != tenfoldv1.Reweighed_REWEIGHED_UNSPECIFIED {
			outcome = word(i.GetOutcome())
		}
		t.AppendRow(table.Row{i.GetClaim(), word(i.GetState()), outcome, i.GetReason(), i.GetDetail(), o.since(i.GetDoneTime())})
	}
	o.render(t)
}

// span is a time from one moment to another; empty for any time.
func (o *output) span(from, until *timestamppb.Timestamp) string {
	var parts []string
	if from != nil {
		parts = append(parts, "from "+o.when(from))
	}
	if until != nil {
		parts = append(parts, "until "+o.when(until))
	}
	return strings.Join(parts, " ")
}
