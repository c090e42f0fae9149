package main

// explained are the long texts and examples of the commands that are written by hand, by
// their path.
var explained = map[string]explanation{
	"serve": {examples: []string{
		"serve --sandbox --insecure-loopback --data-dir /tmp/tenfold",
		"serve --database-url postgres://tenfold_app@db/tenfold --gateway payments.example:443 --gateway-ca ca.pem --tls-cert cert.pem --tls-key key.pem " +
			"--workloads-file workloads.yaml --tls-client-ca clients.pem --trust-domain market.example",
	}},
	"migrate": {examples: []string{"migrate --owner-url postgres://tenfold_owner@db/tenfold"}},
	"demo": {
		long:     "Decide and pay published court cases over gRPC, from nothing, and compare the payouts with the awards of the courts.",
		examples: []string{"demo", "demo --output json"},
	},
	"bench": {
		long:     "Measure throughput and latency beside pgbench. docs/bench.md explains the measurements.",
		examples: []string{"bench"},
	},
	"bench lists": {
		long:     "Measure how fast claims are listed and found among very many.",
		examples: []string{"bench lists"},
	},
	"soak watches": {
		long:     "Kill servers and break connections under watches, and prove that every event was received.",
		examples: []string{"soak watches"},
	},
	"chaos": {examples: []string{"chaos", "chaos --output json"}},
	"soak": {
		long:     "Run very many commands on two replicas that are killed and a gateway that fails, and audit the books.",
		examples: []string{"soak --commands 100000"},
	},
	"audit": {
		long:     "Compare the books with the chained events. docs/audit.md says what the audit proves.",
		examples: []string{"audit --database-url postgres://tenfold_app@replica/tenfold"},
	},
	"claim get": {
		long:     "Show a claim: its state, results, award, funding and moves. The claim is named by its name, or by its id in any spelling.",
		examples: []string{"claim get 1KJPW-D6M05-F2S5T-CT5FM", "claim get 1kjpwd6m05f2s5tct5fm --language zh --tz UTC"},
	},
	"claim list": {
		long:     "List the claims of a merchant, by whatever is known of them, or in a queue. docs/reading.md explains filters and queues.",
		examples: []string{"claim list --merchant m1 --state notified", "claim list --queue overdue -o csv --bom", "claim list --order 20260101-77"},
	},
	"claim find": {
		long:     "Find claims by whatever is known of them, and show the history of each.",
		examples: []string{"claim find --order 20260101-77", "claim find --report cti-2026-17"},
	},
	"claim explain": {
		long:     "Explain in words why a claim is where it is, whose turn it is, what happens when its deadline passes, and what can be done.",
		examples: []string{"claim explain 1KJPW-D6M05-F2S5T-CT5FM", "claim explain 1KJPW-D6M05-F2S5T-CT5FM --audience consumer --language zh"},
	},
	"claim history": {
		long:     "Show everything that happened to a claim, in the order of its events.",
		examples: []string{"claim history 1KJPW-D6M05-F2S5T-CT5FM"},
	},
	"claim watch": {examples: []string{"claim watch --merchant m1", "claim watch 1KJPW-D6M05-F2S5T-CT5FM --once"}},
	"claim file": {
		long:     "File a claim from a FileClaimRequest in JSON, or from the standard input for \"-\". The same file again files nothing twice.",
		examples: []string{"claim file claim.json", "claim file -"},
	},
	"claim mine": {
		long:     "List the claims that are assigned to the person of the call, the most urgent first. Needs --person.",
		examples: []string{"claim mine --person rita"},
	},
	"book get": {
		long:     "Show a merchant's accounts, what is free and held, what is owed, and the head of the chain of events.",
		examples: []string{"book get m1"},
	},
	"book debts": {
		long:     "List what a merchant owes and must still set aside, with sums by age.",
		examples: []string{"book debts m1", "book debts m1 --kind advance -o csv"},
	},
	"book proposals": {
		long:     "List the proposals about a merchant's money and the votes on them, as `tenfold proposal list` does.",
		examples: []string{"book proposals m1 --state open"},
	},
	"policy publish": {
		examples: []string{"policy publish promise-tenfold.yaml --note 'a cap for gifts' --person oscar", "policy publish promise-tenfold.yaml --validate-only"},
		calls:    []string{"PolicyProposalService/ProposePolicyVersion"},
	},
	"policy list": {
		long:     "List the published versions of one policy or of all, with the times from which they are in force.",
		examples: []string{"policy list", "policy list promise-tenfold"},
		calls:    []string{"PolicyService/ListPolicyVersions"},
	},
	"policy show": {
		long:     "Show a version or a proposal as a file that `tenfold policy publish` takes.",
		examples: []string{"policy show promise-tenfold", "policy show promise-tenfold/2", "policy show promise-tenfold/proposals/1"},
		calls:    []string{"PolicyService/GetPolicyVersion", "PolicyService/ListPolicyVersions", "PolicyProposalService/GetPolicyProposal"},
	},
	"policy diff": {
		examples: []string{"policy diff promise-tenfold.yaml", "policy diff promise-tenfold/2 promise-tenfold/1"},
		calls:    []string{"PolicyProposalService/PreviewPolicyVersion"},
	},
	"policy proposals": {
		long:     "List the proposals of one policy or of all, the newest first, with the votes on them.",
		examples: []string{"policy proposals", "policy proposals promise-tenfold"},
		calls:    []string{"PolicyProposalService/ListPolicyProposals"},
	},
	"policy approve": {
		long:     "Approve a proposal of a policy version. The second approval publishes the version. Needs --person.",
		examples: []string{"policy approve promise-tenfold/proposals/1 --person anna"},
		calls:    []string{"PolicyProposalService/ApprovePolicyProposal"},
	},
	"policy reject": {
		long:     "Refuse a proposal of a policy version, which ends it. Needs --person.",
		examples: []string{"policy reject promise-tenfold/proposals/1 --person anna --note 'too high'"},
		calls:    []string{"PolicyProposalService/RefusePolicyProposal"},
	},
	"policy withdraw": {
		long:     "Withdraw a proposal of your own, which ends it. Needs --person.",
		examples: []string{"policy withdraw promise-tenfold/proposals/1 --person oscar"},
		calls:    []string{"PolicyProposalService/WithdrawPolicyProposal"},
	},
	"calendar import": {
		examples: []string{"calendar import calendar-2027.yaml"},
		calls:    []string{"PolicyService/SetCalendarDays"},
	},
	"calendar list": {
		long:     "List the days of a year that differ from the ordinary week, and whether the year is set.",
		examples: []string{"calendar list 2026"},
		calls:    []string{"PolicyService/ListCalendarDays"},
	},
	"event list": {
		long:     "List the quarantined events of all books. The command needs the database and no server.",
		examples: []string{"event list --database-url postgres://tenfold_app@db/tenfold"},
	},
	"event show": {
		long:     "Show an event as it is stored, whether it can be read, and how it came into quarantine.",
		examples: []string{"event show m1 17 --database-url postgres://tenfold_app@db/tenfold"},
	},
	"event quarantine": {examples: []string{"event quarantine m1 17 --cause 'readers fail on it' --author oscar"}},
	"event release":    {examples: []string{"event release m1 17 --cause 'readers were mended' --author oscar"}},
	"relay show":       {examples: []string{"relay show --merchant m1 --follow"}},
	"relay replay":     {examples: []string{"relay replay --merchant m1 --after 100 --nats-url nats://broker:4222"}},
	"webhook seal":     {examples: []string{"webhook seal --webhook-keys keys --database-url postgres://tenfold_app@db/tenfold"}},
	"version": {
		long:     "Print the version of this binary, the commit it was built from, and the version of Go.",
		examples: []string{"version", "version -o json"},
	},
}
