package pdf

// Language is that of the words of a statement. Names of accounts and kinds are written beside
// their codes, which are the same in every language.
type Language string

// The languages.
const (
	English Language = "en"
	Chinese Language = "zh"
)

// words are the words of a statement in one language.
type words struct {
	title, book, all, from, until, basis, recorded, effective, made string
	state, provisional                                              string
	accounts, account, opening, debits, credits, closing            string
	totals, kind, count, amount                                     string
	lines, line, debit, credit, debitAfter, creditAfter             string
	claim, order                                                    string
	end, sum, digest, listed, attached, page                        string
	// names are those of accounts and kinds of transfer; English has the codes alone.
	names map[string]string
}

var english = words{
	title: "Statement", book: "Book", all: "all merchants", from: "From", until: "Until (not included)", basis: "Transfers by",
	recorded: "time of recording", effective: "time of effect", made: "Made",
	state: "State", provisional: "provisional: the time reaches into a month that is not closed",
	accounts: "Accounts", account: "Account", opening: "Opening", debits: "Debits", credits: "Credits", closing: "Closing",
	totals: "Transfers by kind", kind: "Kind", count: "Number", amount: "Amount",
	lines: "Lines", line: "Line", debit: "Debit", credit: "Credit", debitAfter: "Debit balance",
	creditAfter: "Credit balance", claim: "Claim", order: "Order",
	end: "End", sum: "Sum of the lines", digest: "SHA-256 of the raw CSV",
	listed:   "The first %d lines are listed. The attached CSV has all of them.",
	attached: "The raw CSV of this digest is attached to this document.", page: "Page",
}

var chinese = words{
	title: "对账单", book: "账簿", all: "全部商家", from: "起", until: "止（不含）", basis: "取数口径",
	recorded: "按入账时间", effective: "按生效时间", made: "生成时间",
	state: "状态", provisional: "暂定：所涉月份尚未结账",
	accounts: "账户", account: "账户", opening: "期初余额", debits: "借方发生", credits: "贷方发生", closing: "期末余额",
	totals: "按类型汇总", kind: "类型", count: "笔数", amount: "金额",
	lines: "明细", line: "序号", debit: "借方", credit: "贷方", debitAfter: "借方账户余额",
	creditAfter: "贷方账户余额", claim: "赔付申请", order: "订单",
	end: "合计", sum: "明细金额合计", digest: "原始 CSV 的 SHA-256",
	listed:   "本文件列出前 %d 行，全部明细见所附 CSV。",
	attached: "与上述摘要一致的原始 CSV 已作为附件嵌入本文件。", page: "页",
	names: map[string]string{
		"PLATFORM_CASH": "平台付款资金", "SETTLEMENT_CLEARING": "结算往来", "RECEIVABLE": "应收商家", "CONSUMER_RECEIVABLE": "应收消费者",
		"AUTHENTICATION_FEES": "鉴定费用", "REVERSAL_LOSS": "撤销损失", "WRITE_OFF": "核销", "DEPOSIT": "可用保证金",
		"DEPOSIT_HELD": "冻结保证金", "SHOP_FUNDS": "可用货款", "SHOP_FUNDS_HELD": "冻结货款", "CLAIM_PAYABLE": "应付消费者赔付",
		"PAYOUT_CLEARING": "付款在途", "COUPON_LIABILITY": "待核销赔付券", "PENALTY": "扣收保证金", "SUSPENSE": "待查款项",

		"DEPOSIT_TOPPED_UP": "缴纳保证金", "DEPOSIT_WITHDRAWN": "退还保证金", "DEPOSIT_TOP_UP_REVERSED": "保证金缴款退票",
		"DEPOSIT_TOP_UP_REVERSED_OWED": "退票转商家欠款", "SHOP_FUNDS_HANDED_OVER": "货款转入", "SHOP_FUNDS_TAKEN_BACK": "货款转回",
		"DEPOSIT_RELEASED": "解冻保证金", "SHOP_FUNDS_RELEASED": "解冻货款", "DEPOSIT_CAPTURED": "扣划保证金", "SHOP_FUNDS_CAPTURED": "扣划货款",
		"SHORTFALL_ADVANCED": "平台垫付", "PAYOUT_INSTRUCTED": "发起付款", "PAYOUT_CONFIRMED": "付款到账", "PAYOUT_FAILED": "付款失败",
		"PAYOUT_RETURNED": "付款退回", "SUSPENSE_RECEIVED": "重复退回转待查", "DEPOSIT_RESTORED": "返还保证金", "SHOP_FUNDS_RESTORED": "返还货款",
		"ADVANCE_CANCELLED": "冲减垫付", "WRITE_OFF_CANCELLED": "冲减核销", "REVERSAL_LOSS_BORNE": "平台承担损失",
		"REVERSAL_LOSS_REVERSED": "损失转回", "CLAW_BACK_CLAIMED": "向消费者追回", "CLAW_BACK_CANCELLED": "取消追回", "CLAW_BACK_REPAID": "消费者归还",
		"RECOVERED_FROM_DEPOSIT": "保证金清偿欠款", "RECOVERED_FROM_SHOP_FUNDS": "货款清偿欠款", "RECEIVABLE_WRITTEN_OFF": "核销欠款",
		"WRITE_OFF_RECOVERED": "收回已核销", "COUPON_ISSUED": "发放赔付券", "COUPON_REDEEMED": "赔付券核销", "COUPON_LAPSED": "赔付券过期",
		"COUPON_RETURNED": "赔付券退回", "DEPOSIT_FORFEITED": "扣收保证金罚款", "PENALTY_TAKEN": "扣收货款罚款",
		"DEPOSIT_FORFEITURE_REVERSED": "退还保证金罚款", "PENALTY_REVERSED": "退还货款罚款", "FEE_FRONTED": "垫付鉴定费",
		"FEE_OWED": "商家应付鉴定费", "FEE_FORGIVEN": "免除商家鉴定费", "FEE_REFUNDED": "鉴定费退回保证金",
		"FEE_REFUNDED_TO_SHOP_FUNDS": "鉴定费退回货款", "FEE_OWED_BY_CONSUMER": "消费者应付鉴定费", "FEE_FORGIVEN_CONSUMER": "免除消费者鉴定费",
		"SUSPENSE_TAKEN_IN": "待查款项收入（结算往来）", "SUSPENSE_TAKEN_IN_CASH": "待查款项收入（付款资金）",
		"SUSPENSE_GIVEN_BACK": "待查款项退回（结算往来）", "SUSPENSE_GIVEN_BACK_CASH": "待查款项退回（付款资金）",
		"SUSPENSE_TO_DEPOSIT": "待查款项转保证金", "SUSPENSE_TO_SHOP_FUNDS": "待查款项转货款",
		"DEPOSIT_TOP_UP_LOWERED": "调减保证金缴款", "DEPOSIT_TOP_UP_LOWERED_OWED": "调减缴款转商家欠款", "DEPOSIT_TOP_UP_RAISED": "调增保证金缴款",
		"DEPOSIT_RECLASSIFIED": "保证金重分类至货款", "SHOP_FUNDS_RECLASSIFIED": "货款重分类至保证金",
		"CLEARING_RECLASSIFIED": "结算往来重分类至付款资金", "CASH_RECLASSIFIED": "付款资金重分类至结算往来",
	},
}

// of are the words of a language.
func of(l Language) *words {
	if l == Chinese {
		return &chinese
	}
	return &english
}

// named is a code, behind its name where the language has one.
func (w *words) named(code string) string {
	if name := w.names[code]; name != "" {
		return name + " " + code
	}
	return code
}

// short is the name of a code where the language has one, and otherwise the code.
func (w *words) short(code string) string {
	if name := w.names[code]; name != "" {
		return name
	}
	return code
}

// ChineseName is the name of an account or a kind of transfer in Chinese; empty for a code that
// nobody knows.
func ChineseName(code string) string { return chinese.names[code] }
