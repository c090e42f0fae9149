package main

import (
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// payment are the flags of an amount and the reference under which it moved.
func payment(reference, usage string) []input {
	field := map[string]string{"payment-reference": "payment_reference", "settlement-reference": "settlement_reference"}[reference]
	return []input{
		{name: "amount", field: "amount", usage: "amount with its currency, such as 5000.00CNY", required: true},
		{name: reference, field: field, usage: usage + "; it can be used once over all merchants", required: true},
	}
}

func effectiveAt() input {
	return input{name: "effective-at", field: "effective_at", usage: "when it happened; now if it is not given"}
}

// bookVerbs are the commands that move a merchant's money in and out.
func bookVerbs() []verb {
	return []verb{
		{
			use: "top-up MERCHANT", method: "DepositService/TopUpDeposit", role: principal.RoleFinance,
			short:    "Book a deposit payment that has arrived",
			long:     "Book a payment of the merchant into the deposit that has arrived at the platform.",
			examples: []string{"book top-up m1 --amount 5000.00CNY --payment-reference bank-17 --yes"},
			args:     []input{aMerchant("name")}, flags: append(payment("payment-reference", "reference of the payment"), effectiveAt()),
			risk: "The amount is booked into the deposit",
		},
		{
			use: "withdraw MERCHANT", method: "DepositService/WithdrawDeposit", role: principal.RoleFinance,
			short:    "Book that free deposit was paid back to the merchant",
			long:     "Book that free deposit was paid back to the merchant, at most the free amount that `tenfold book get` shows.",
			examples: []string{"book withdraw m1 --amount 100.00CNY --payment-reference bank-18 --yes"},
			args:     []input{aMerchant("name")}, flags: append(payment("payment-reference", "reference of the payment"), effectiveAt()),
			risk: "The amount leaves the deposit",
		},
		{
			use: "reverse-top-up MERCHANT", method: "DepositService/ReverseTopUp", role: principal.RoleFinance,
			short:    "Take back a top-up whose payment bounced",
			long:     "Take back a top-up whose payment bounced. What is no longer free becomes a debt of the merchant.",
			examples: []string{"book reverse-top-up m1 --payment-reference bank-17 --yes", "book reverse-top-up m1 --transfer m1/12"},
			args:     []input{aMerchant("name")},
			flags: []input{
				{name: "payment-reference", field: "payment_reference", usage: "reference of the payment that bounced"},
				{name: "transfer", field: "transfer", usage: "transfer of the top-up, such as m1/12", as: under("transfers")},
				effectiveAt(),
			},
			choose: []string{"payment-reference", "transfer"}, risk: "The whole top-up is taken back",
		},
		{
			use: "hand-over MERCHANT", method: "DepositService/HandOverShopFunds", role: principal.RoleFinance,
			short:    "Book sales proceeds that the settlement system hands over",
			long:     "Book sales proceeds of the merchant that the settlement system hands over to Tenfold.",
			examples: []string{"book hand-over m1 --amount 800.00CNY --settlement-reference s-2026-03-02 --yes"},
			args:     []input{aMerchant("name")},
			flags:    append(payment("settlement-reference", "reference of the settlement system"), effectiveAt()),
			risk:     "The amount is booked into the shop funds",
		},
		{
			use: "take-back MERCHANT", method: "DepositService/TakeBackShopFunds", role: principal.RoleFinance,
			short:    "Give free sales proceeds back to the settlement system",
			long:     "Give free sales proceeds back to the settlement system, at most the free amount that `tenfold book get` shows.",
			examples: []string{"book take-back m1 --amount 800.00CNY --settlement-reference s-2026-03-09 --yes"},
			args:     []input{aMerchant("name")},
			flags:    append(payment("settlement-reference", "reference of the settlement system"), effectiveAt()),
			risk:     "The amount leaves the shop funds",
		},
	}
}

// bookReads are the lists of a book.
func bookReads() []verb {
	return []verb{
		{
			use: "list", method: "BookService/ListBooks", role: principal.RoleFinance, thing: "book",
			short: "List the books of all merchants, by the merchant's id",
			long: "List the books of all merchants, by the merchant's id, or those of merchants who owe something, are asked to fill up the\n" +
				"deposit, leave or have left. The open shortfall is summed with --with-debts alone.",
			examples: []string{"book list --standing owing", "book list --limit 100000 -o csv --bom", "book list --with-debts -o jsonl"},
			flags: []input{
				{name: "standing", field: "standing", usage: "only merchants who stand so: owing, demanded, lapsed, leaving or left"},
				{name: "currency", field: "currency_code", usage: "only books in this currency, such as CNY"},
				{name: "with-debts", field: "with_debts", usage: "also sum the debts of each book"},
				byFilter("receivable >= 100000 AND deposit_available <= 0"), inOrder("name or 'name desc'"),
			},
		},
		{
			use: "trial-balance MERCHANT", method: "BookService/GetTrialBalance", role: principal.RoleFinance, sheet: true,
			short: "Show every account of a book, or of all books together, now or as of a time",
			long: "Show every account of a book, or the sums over all books (\"-\") by currency, with the totals by kind of transfer: now, as it\n" +
				"was recorded by a time, or with everything that took effect by a time.",
			examples: []string{
				"book trial-balance m1", "book trial-balance - --recorded-by 2026-03-31T23:59:59.999999+08:00 -o csv",
				"book trial-balance m1 --effective-by 2026-03-31T23:59:59.999999+08:00",
			},
			args: []input{aMerchant("name")},
			flags: []input{
				{name: "recorded-by", field: "recorded_by", usage: "only transfers that were recorded by this time"},
				{name: "effective-by", field: "effective_by", usage: "only transfers that took effect by this time, as they are known now"},
			},
			either: []string{"recorded-by", "effective-by"},
		},
		{
			use: "exposure MERCHANT", method: "BookService/GetExposure", role: principal.RoleFinance, sheet: true,
			short: "Show what open claims may still cost, by the week of their deadline, now or as of a time",
			long: "Show what the open claims of a merchant, or of all merchants (\"-\"), may still cost, by the week in which their deadline\n" +
				"runs out: now, or as it was recorded by a time. Weeks begin on Monday in Beijing; claims for which no deadline runs come last.",
			examples: []string{"book exposure m1", "book exposure - -o csv", "book exposure m1 --recorded-by 2026-03-31T23:59:59.999999+08:00"},
			args:     []input{aMerchant("name")},
			flags:    []input{{name: "recorded-by", field: "recorded_by", usage: "the exposure as it was recorded by this time"}},
		},
		{
			use: "transfers MERCHANT", method: "DepositService/ListTransfers", role: principal.RoleFinance, thing: "transfer",
			short: "List the transfers of a book or of all books, oldest first",
			long: "List the transfers of a book, or of all books (\"-\"), oldest first: all, those of one claim, or those that a filter finds.\n" +
				"Each names its order, the revision of the verdict, and the payment channel's reference. docs/finance.md lists the fields of the filter.",
			examples: []string{
				"book transfers m1 -o csv --bom", "book transfers m1 --claim 1KJPW-D6M05-F2S5T-CT5FM",
				`book transfers - --filter 'kind = PAYOUT_CONFIRMED AND recorded_at >= "2026-03-01T00:00:00+08:00"' --limit 100000 -o jsonl`,
				"book transfers m1 --order-by 'effective_at desc'",
			},
			args: []input{aMerchant("parent")},
			flags: []input{
				ofClaim(), byFilter(`kind = DEPOSIT_CAPTURED AND recorded_at >= "2026-03-01T00:00:00+08:00"`),
				inOrder("recorded_at, effective_at (of one merchant), or either with desc"),
			},
		},
		{
			use: "holds MERCHANT", method: "DepositService/ListHolds", role: principal.RoleFinance, thing: "hold",
			short:    "List what is held for claims, oldest claim first",
			long:     "List the holds of a book, or of all books (\"-\"), or those of one claim, by merchant and claim.",
			examples: []string{"book holds m1 --state held", "book holds - --state held -o csv"},
			args:     []input{aMerchant("parent")},
			flags: []input{
				ofClaim(), {name: "state", field: "state", usage: "only holds in this state"},
				byFilter(`source = DEPOSIT AND held_at <= "2026-03-01T00:00:00+08:00"`),
			},
		},
	}
}

// exitVerbs are the commands on a merchant who leaves.
func exitVerbs() []verb {
	return []verb{
		{
			use: "label MERCHANT", method: "LabelService/SetBookLabels", role: principal.RoleSupport,
			short: "Replace the labels of a merchant's book",
			long: "Replace all labels of a merchant's book. It decides nothing. Labels that are not given are gone; without --label the\n" +
				"book has none.",
			examples: []string{"book label m1 --label region=east --label tier=2", "book label m1"},
			args:     []input{aMerchant("name")},
			flags:    []input{{name: "label", field: "labels", usage: "a label as KEY=VALUE; may be given more than once", often: true}},
		},
		{
			use: "begin-exit MERCHANT", method: "MerchantMoneyService/BeginExit", role: principal.RoleFinance,
			short:    "Record that a merchant gives notice to leave",
			long:     "Record that a merchant gives notice to leave. The policy's quarantine begins, during which the deposit stays.",
			examples: []string{"book begin-exit m1 --note 'letter of 2 March' --yes"},
			args:     []input{aMerchant("name")}, flags: []input{aNote()}, risk: "The quarantine of the deposit begins",
		},
		{
			use: "cancel-exit MERCHANT", method: "MerchantMoneyService/CancelExit", role: principal.RoleFinance,
			short:    "Record that a merchant stays after all",
			long:     "Record that a merchant who gave notice stays after all. The quarantine ends; a later notice begins it anew.",
			examples: []string{"book cancel-exit m1 --note 'they called'"},
			args:     []input{aMerchant("name")}, flags: []input{aNote()},
		},
		{
			use: "complete-exit MERCHANT", method: "MerchantMoneyService/CompleteExit", role: principal.RoleFinance,
			short:    "Book that a leaving merchant was paid out",
			long:     "Book that the rest of deposit and shop funds was paid out to a merchant who leaves, after the quarantine.",
			examples: []string{"book complete-exit m1 --deposit-reference bank-90 --shop-funds-reference s-90 --yes"},
			args:     []input{aMerchant("name")},
			flags: []input{
				{name: "deposit-reference", field: "deposit_reference", usage: "reference of the payment of the remaining deposit; may be left out if none remains"},
				{name: "shop-funds-reference", field: "shop_funds_reference", usage: "reference of the payment of the remaining shop funds; may be left out if none remain"},
			},
			risk: "Everything that the merchant has leaves the book, and the book is closed",
		},
	}
}

// byFilter is the filter of a list, with an example, and inOrder its order.
func byFilter(example string) input {
	return input{name: "filter", field: "filter", usage: "only those that a filter finds, such as '" + example + "'"}
}

func inOrder(forms string) input {
	return input{name: "order-by", field: "order_by", usage: "order of the list: " + forms}
}

func ofClaim() input {
	return input{name: "claim", field: "claim", usage: "only those of this claim", put: claimInto("claim")}
}
