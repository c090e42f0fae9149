package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/rulefile"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// policyPage is the size of the pages in which policies, proposals and days are read.
const policyPage = 200

func newPolicy() *cobra.Command {
	cmd := &cobra.Command{Use: "policy", Short: "Show, compare, propose and approve policy versions", Args: cobra.NoArgs, RunE: help}
	cmd.AddCommand(newPolicyPublish(), newPolicyList(), newPolicyShow(), newPolicyDiff(), newPolicyProposals(), newPolicyApprove(),
		newPolicyReject(), newPolicyWithdraw())
	return group(cmd, policyVerbs())
}

// policyID is what a policy may be called.
var policyID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// policyName is what a person may write for a policy, a version or a proposal.
var policyName = regexp.MustCompile(`^(?:policies/)?([A-Za-z0-9_-]{1,64})(?:/(?:(versions|proposals)/)?([1-9][0-9]{0,8}))?$`)

// policyRef is a policy, one of its versions or one of its proposals.
type policyRef struct {
	policy     string
	collection string
	number     string
}

// name is the name in the contract.
func (r policyRef) name() string {
	return "policies/" + r.policy + "/" + r.collection + "/" + r.number
}

// policyRefOf reads promise-tenfold, promise-tenfold/2, promise-tenfold/proposals/1 and
// the names of the contract. What has a number and no more is a version.
func policyRefOf(text string) (policyRef, error) {
	m := policyName.FindStringSubmatch(text)
	if m == nil {
		return policyRef{}, usageError{fmt.Errorf("%q names no policy, version or proposal; write promise-tenfold, promise-tenfold/2 or promise-tenfold/proposals/1", text)}
	}
	r := policyRef{policy: m[1], collection: m[2], number: m[3]}
	if r.number != "" && r.collection == "" {
		r.collection = "versions"
	}
	return r, nil
}

// proposalNameOf reads the name of a proposal.
func proposalNameOf(text string) (string, error) {
	r, err := policyRefOf(text)
	if err != nil {
		return "", err
	}
	if r.collection != "proposals" {
		return "", usageError{fmt.Errorf("%q names no proposal; write promise-tenfold/proposals/1", text)}
	}
	return r.name(), nil
}

func newPolicyPublish() *cobra.Command {
	var c remote
	var validateOnly bool
	var note string
	cmd := c.command(principal.RoleOperator, &cobra.Command{
		Use:   "publish FILE",
		Short: "Propose a policy version from a file; it is published once two other people approve it",
		Long: "Propose a policy version from a YAML file (docs/policies.md). The command prints what the version changes for which\n" +
			"categories. Two people other than the proposer approve it with `tenfold policy approve`; the second approval publishes it.",
		Args: cobra.ExactArgs(1),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		p, err := readPolicyFile(args[0])
		if err != nil {
			return err
		}
		if note == "" && !validateOnly {
			return usageError{errors.New("--note must say why, for the approvers")}
		}
		if note == "" {
			note = "tried"
		}
		got, err := tenfoldv1.NewPolicyProposalServiceClient(conn).ProposePolicyVersion(cmd.Context(), &tenfoldv1.ProposePolicyVersionRequest{
			RequestId: newRequestID(), ValidateOnly: validateOnly, PolicyVersion: rpc.PolicyVersionMessage(&p.Version), Note: note,
		})
		if err != nil {
			return atLines(p, err)
		}
		if c.out.isJSON() {
			return c.out.json(got)
		}
		printChanges(&c.out, got.GetChanges())
		if validateOnly {
			fmt.Fprintf(c.out.w, "%s is valid; nothing was proposed\n", got.GetPolicyProposal().GetPolicyVersion().GetName())
			return nil
		}
		fmt.Fprintf(c.out.w, "proposed: %s\n", got.GetPolicyProposal().GetName())
		return nil
	})
	cmd.Flags().BoolVar(&validateOnly, "validate-only", false, "check the file and the version, and propose nothing")
	cmd.Flags().StringVar(&note, "note", "", "why the version is proposed, for the approvers")
	saidOnce(cmd.Flags(), "note")
	return cmd
}

// readRules reads a file of rules, and no more of it than shows that it is too large.
func readRules(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(f, rulefile.SizeMax+1))
	return content, errors.Join(err, f.Close())
}

// readPolicyFile reads a policy file. What is wrong with it is a matter of the caller.
func readPolicyFile(path string) (*rulefile.Policy, error) {
	content, err := readRules(path)
	if err != nil {
		return nil, usageError{fmt.Errorf("read the policy: %w", err)}
	}
	p, err := rulefile.ReadPolicy(path, content)
	if err != nil {
		return nil, usageError{err}
	}
	return p, nil
}

// atLines is a refusal with the lines of the file at which its fields stand.
func atLines(p *rulefile.Policy, err error) error {
	told := refusal(err)
	for _, v := range violations(err) {
		if strings.HasPrefix(v.GetField(), "policy_version.") {
			told = fmt.Errorf("%w\n%w", told, p.At(v.GetField(), v.GetDescription()))
		}
	}
	return told
}

func newPolicyList() *cobra.Command {
	var c remote
	return c.command(principal.RoleOperator, &cobra.Command{
		Use:   "list [POLICY]",
		Short: "List the published versions of one policy or of all",
		Args:  cobra.MaximumNArgs(1),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		of, err := policyOr(args, "-")
		if err != nil {
			return err
		}
		all, err := listVersions(cmd.Context(), conn, of)
		if err != nil {
			return err
		}
		return show(&c.out, all, printVersions)
	})
}

// policyOr is the policy of an optional argument.
func policyOr(args []string, otherwise string) (string, error) {
	if len(args) == 0 {
		return otherwise, nil
	}
	r, err := policyRefOf(args[0])
	if err == nil && r.number != "" {
		err = usageError{fmt.Errorf("%q names more than a policy; write promise-tenfold", args[0])}
	}
	return r.policy, err
}

func listVersions(ctx context.Context, conn *grpc.ClientConn, policy string) (*tenfoldv1.ListPolicyVersionsResponse, error) {
	rules, all := tenfoldv1.NewPolicyServiceClient(conn), &tenfoldv1.ListPolicyVersionsResponse{}
	err := everyPage(func(token string) (*tenfoldv1.ListPolicyVersionsResponse, error) {
		return rules.ListPolicyVersions(ctx, &tenfoldv1.ListPolicyVersionsRequest{Parent: "policies/" + policy, PageSize: policyPage, PageToken: token})
	}, func(page *tenfoldv1.ListPolicyVersionsResponse) {
		all.PolicyVersions = append(all.PolicyVersions, page.GetPolicyVersions()...)
	})
	return all, err
}

func newPolicyShow() *cobra.Command {
	var c remote
	var asFile bool
	cmd := c.command(principal.RoleOperator, &cobra.Command{
		Use:   "show POLICY|VERSION|PROPOSAL",
		Short: "Show a policy version with all its terms, or a proposal; of a policy, its newest version",
		Args:  cobra.ExactArgs(1),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		r, err := policyRefOf(args[0])
		if err != nil {
			return err
		}
		if r.collection == "proposals" && !asFile {
			return showProposal(cmd.Context(), &c.out, conn, r.name())
		}
		v, err := readVersion(cmd.Context(), conn, r)
		switch {
		case err != nil:
			return err
		case asFile:
			return writeVersion(&c.out, v)
		case c.out.isJSON():
			return c.out.json(v)
		}
		return printVersion(&c.out, v)
	})
	cmd.Flags().BoolVar(&asFile, "as-file", false, "write the version as a file for `tenfold policy publish`")
	return cmd
}

func writeVersion(o *output, m *tenfoldv1.PolicyVersion) error {
	v, err := rpc.PolicyVersionOfMessage(m)
	if err != nil {
		return err
	}
	content, err := rulefile.WritePolicy(&v)
	if err != nil {
		return err
	}
	_, err = o.w.Write(content)
	return err
}

// readVersion reads a version, that of a proposal, or the newest one of a policy.
func readVersion(ctx context.Context, conn *grpc.ClientConn, r policyRef) (*tenfoldv1.PolicyVersion, error) {
	switch r.collection {
	case "proposals":
		got, err := tenfoldv1.NewPolicyProposalServiceClient(conn).GetPolicyProposal(ctx, &tenfoldv1.GetPolicyProposalRequest{Name: r.name()})
		return got.GetPolicyProposal().GetPolicyVersion(), refusal(err)
	case "versions":
		got, err := tenfoldv1.NewPolicyServiceClient(conn).GetPolicyVersion(ctx, &tenfoldv1.GetPolicyVersionRequest{Name: r.name()})
		return got.GetPolicyVersion(), refusal(err)
	}
	all, err := listVersions(ctx, conn, r.policy)
	if err != nil {
		return nil, err
	}
	n := len(all.GetPolicyVersions())
	if n == 0 {
		return nil, fmt.Errorf("policy %s has no versions", r.policy)
	}
	return all.GetPolicyVersions()[n-1], nil
}

func newPolicyDiff() *cobra.Command {
	var c remote
	return c.command(principal.RoleOperator, &cobra.Command{
		Use:   "diff FILE|VERSION|PROPOSAL [VERSION]",
		Short: "Show what a version changes for which categories, or in which terms two versions differ",
		Long: "Show what a version changes for which categories and legal bases, compared with what applies without it. The version is\n" +
			"in a file, published, or proposed. With two versions, show the terms in which the second one differs from the first.",
		Args: cobra.RangeArgs(1, 2),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		if len(args) == 1 {
			return diffWithForce(cmd.Context(), &c.out, conn, args[0])
		}
		var versions [2]policy.Version
		var names [2]string
		for i, arg := range args {
			v, err := versionOfArgument(cmd.Context(), conn, arg)
			if err != nil {
				return err
			}
			if versions[i], err = rpc.PolicyVersionOfMessage(v); err != nil {
				return err
			}
			names[i] = v.GetName()
		}
		change := &tenfoldv1.PolicyChange{Before: names[0], After: names[1], CurrencyCode: versions[1].Currency}
		for _, t := range policy.Differences(&versions[0], &versions[1]) {
			change.Terms = append(change.Terms, &tenfoldv1.PolicyTermChange{Field: t.Field, Before: t.Before, After: t.After})
		}
		if c.out.isJSON() {
			return c.out.json(change)
		}
		printTerms(&c.out, names[0]+" and "+names[1], change)
		return nil
	})
}

// isPolicyFile says whether an argument names a file and no version.
func isPolicyFile(arg string) bool {
	info, err := os.Stat(arg)
	return err == nil && !info.IsDir()
}

// versionOfArgument is the version of a file, or one that a server has.
func versionOfArgument(ctx context.Context, conn *grpc.ClientConn, arg string) (*tenfoldv1.PolicyVersion, error) {
	if isPolicyFile(arg) {
		p, err := readPolicyFile(arg)
		if err != nil {
			return nil, err
		}
		return rpc.PolicyVersionMessage(&p.Version), nil
	}
	r, err := policyRefOf(arg)
	if err != nil {
		return nil, err
	}
	return readVersion(ctx, conn, r)
}

func diffWithForce(ctx context.Context, o *output, conn *grpc.ClientConn, arg string) error {
	request := &tenfoldv1.PreviewPolicyVersionRequest{}
	var file *rulefile.Policy
	if isPolicyFile(arg) {
		var err error
		if file, err = readPolicyFile(arg); err != nil {
			return err
		}
		request.Version = &tenfoldv1.PreviewPolicyVersionRequest_PolicyVersion{PolicyVersion: rpc.PolicyVersionMessage(&file.Version)}
	} else {
		r, err := policyRefOf(arg)
		if err != nil {
			return err
		}
		if r.number == "" {
			v, err := readVersion(ctx, conn, r)
			if err != nil {
				return err
			}
			r.collection, r.number = "versions", v.GetName()[strings.LastIndexByte(v.GetName(), '/')+1:]
		}
		request.Version = &tenfoldv1.PreviewPolicyVersionRequest_Name{Name: r.name()}
	}
	got, err := tenfoldv1.NewPolicyProposalServiceClient(conn).PreviewPolicyVersion(ctx, request)
	if err != nil && file != nil {
		return atLines(file, err)
	}
	if err != nil {
		return refusal(err)
	}
	return show(o, got, func(o *output, got *tenfoldv1.PreviewPolicyVersionResponse) {
		printChanges(o, got.GetChanges())
		if lacking := got.GetLimitsLacking(); len(lacking) > 0 {
			fmt.Fprintf(o.w, "The version lacks limits: %s.\n", strings.Join(lacking, ", "))
		}
	})
}

func newPolicyProposals() *cobra.Command {
	var c remote
	var state string
	cmd := c.command(principal.RoleOperator, &cobra.Command{
		Use:   "proposals [POLICY]",
		Short: "List the proposals for one policy or for all, with everything that happened to them",
		Args:  cobra.MaximumNArgs(1),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		of, err := policyOr(args, "-")
		if err != nil {
			return err
		}
		number, err := choice("state", state, tenfoldv1.PolicyProposalState_value, "POLICY_PROPOSAL_STATE_",
			"open", "published", "refused", "withdrawn", "expired")
		if err != nil {
			return err
		}
		drafts, all := tenfoldv1.NewPolicyProposalServiceClient(conn), &tenfoldv1.ListPolicyProposalsResponse{}
		err = everyPage(func(token string) (*tenfoldv1.ListPolicyProposalsResponse, error) {
			return drafts.ListPolicyProposals(cmd.Context(), &tenfoldv1.ListPolicyProposalsRequest{
				Parent: "policies/" + of, State: tenfoldv1.PolicyProposalState(number), PageSize: policyPage, PageToken: token,
			})
		}, func(page *tenfoldv1.ListPolicyProposalsResponse) {
			all.PolicyProposals = append(all.PolicyProposals, page.GetPolicyProposals()...)
		})
		if err != nil {
			return err
		}
		return show(&c.out, all, printPolicyProposals)
	})
	cmd.Flags().StringVar(&state, "state", "", "only proposals in this state: open, published, refused, withdrawn or expired")
	return cmd
}

// policyVote is a call that decides a proposal.
type policyVote func(ctx context.Context, drafts tenfoldv1.PolicyProposalServiceClient, name, note string) (*tenfoldv1.PolicyProposal, error)

// newPolicyVote makes a command that decides a proposal. why says whether a note is needed.
func newPolicyVote(cmd *cobra.Command, role principal.Role, why bool, vote policyVote) *cobra.Command {
	var c remote
	var note string
	cmd.Args = cobra.ExactArgs(1)
	cmd = c.command(role, cmd, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		name, err := proposalNameOf(args[0])
		if err != nil {
			return err
		}
		if why && note == "" {
			return usageError{errors.New("--note must say why")}
		}
		got, err := vote(cmd.Context(), tenfoldv1.NewPolicyProposalServiceClient(conn), name, note)
		if err != nil {
			return refusal(err)
		}
		return show(&c.out, got, printPolicyProposal)
	})
	cmd.Flags().StringVar(&note, "note", "", "why; it is kept with the proposal")
	saidOnce(cmd.Flags(), "note")
	return cmd
}

func newPolicyApprove() *cobra.Command {
	return newPolicyVote(&cobra.Command{Use: "approve PROPOSAL", Short: "Approve a proposal; the second approval publishes the version"},
		principal.RoleApprover, false,
		func(ctx context.Context, drafts tenfoldv1.PolicyProposalServiceClient, name, note string) (*tenfoldv1.PolicyProposal, error) {
			got, err := drafts.ApprovePolicyProposal(ctx, &tenfoldv1.ApprovePolicyProposalRequest{Name: name, RequestId: newRequestID(), Note: note})
			return got.GetPolicyProposal(), err
		})
}

func newPolicyReject() *cobra.Command {
	return newPolicyVote(&cobra.Command{Use: "reject PROPOSAL", Aliases: []string{"refuse"}, Short: "Refuse a proposal, which ends it"},
		principal.RoleApprover, true,
		func(ctx context.Context, drafts tenfoldv1.PolicyProposalServiceClient, name, note string) (*tenfoldv1.PolicyProposal, error) {
			got, err := drafts.RefusePolicyProposal(ctx, &tenfoldv1.RefusePolicyProposalRequest{Name: name, RequestId: newRequestID(), Note: note})
			return got.GetPolicyProposal(), err
		})
}

func newPolicyWithdraw() *cobra.Command {
	return newPolicyVote(&cobra.Command{Use: "withdraw PROPOSAL", Short: "Withdraw a proposal of your own, which ends it"},
		principal.RoleOperator, false,
		func(ctx context.Context, drafts tenfoldv1.PolicyProposalServiceClient, name, note string) (*tenfoldv1.PolicyProposal, error) {
			got, err := drafts.WithdrawPolicyProposal(ctx, &tenfoldv1.WithdrawPolicyProposalRequest{Name: name, RequestId: newRequestID(), Note: note})
			return got.GetPolicyProposal(), err
		})
}

func showProposal(ctx context.Context, o *output, conn *grpc.ClientConn, name string) error {
	drafts := tenfoldv1.NewPolicyProposalServiceClient(conn)
	got, err := drafts.GetPolicyProposal(ctx, &tenfoldv1.GetPolicyProposalRequest{Name: name})
	if err != nil {
		return refusal(err)
	}
	if o.isJSON() {
		return o.json(got.GetPolicyProposal())
	}
	changes, err := drafts.PreviewPolicyVersion(ctx, &tenfoldv1.PreviewPolicyVersionRequest{Version: &tenfoldv1.PreviewPolicyVersionRequest_Name{Name: name}})
	if err != nil {
		return refusal(err)
	}
	printPolicyProposal(o, got.GetPolicyProposal())
	printChanges(o, changes.GetChanges())
	return nil
}

// numberOfVersion is the number at the end of a version's name.
func numberOfVersion(name string) string {
	number := name[strings.LastIndexByte(name, '/')+1:]
	if _, err := strconv.Atoi(number); err != nil {
		return name
	}
	return number
}
