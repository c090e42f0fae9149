package formats

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/tenfold-claims/tenfold/internal/reconcile/formats/formatstest"
)

// change is one thing that is wrong with a file, and how it must be named.
type change struct {
	name   string
	format Format
	// edit changes the text of the sample; options change what is said of it.
	edit    func(string) string
	options func(*Options)
	code    Code
	line    int
	column  string
	// text must stand in the sentence.
	text string
	// notice says that the file is taken all the same.
	notice bool
}

func replaced(old, with string) func(string) string {
	return func(s string) string { return strings.Replace(s, old, with, 1) }
}

func joined(s string) string { return s + strings.TrimPrefix(s, "\ufeff") }

// afterLine puts text behind a line.
func afterLine(n int, text string) func(string) string {
	return func(s string) string {
		lines := strings.SplitAfter(s, "\n")
		return strings.Join(slices.Insert(lines, n, text), "")
	}
}

// changes are kinds of bad input, by format. Each code stands here, as a test sees to.
func changes() []change {
	same := func(s string) string { return s }
	return slices.Concat(changesOfBills(), changesOfLists(), changesOfTables(), changesOfStatements(), []change{
		{name: "no bytes", format: WeChatTrade, edit: func(string) string { return "" }, code: Empty},
		{name: "only a mark", format: WeChatTrade, edit: func(string) string { return "\ufeff" }, code: Empty},
		{name: "the answer that there is no bill", format: WeChatTrade, edit: func(string) string { return "<xml><err_code_des>No Bill Exist</err_code_des></xml>" }, code: NoBill},
		{name: "another format than was said", format: WeChatTrade, edit: same, options: func(o *Options) { o.Format = WeChatFundFlow }, code: UnknownFormat, line: 1, text: "it reads as wechat-trade"},
		{name: "no format", format: WeChatTrade, edit: func(string) string { return "hello\n" }, options: func(o *Options) { o.Format = "" }, code: UnknownFormat},
		{name: "a line without end", format: WeChatTrade, edit: func(s string) string { return s + strings.Repeat("x", lineMax) }, code: TooLarge, line: 8},
		{name: "UTF-16", format: WeChatTrade, edit: func(s string) string {
			got, _ := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(s)
			return got
		}, code: Encoding, line: 1, text: "UTF-16"},
		{name: "converted to GBK", format: WeChatTrade, edit: func(s string) string {
			got, _ := simplifiedchinese.GB18030.NewEncoder().String(strings.TrimPrefix(s, "\ufeff"))
			return got
		}, code: Encoding, line: 1, text: "GB18030"},
		{name: "a byte that is no character", format: WeChatTrade, edit: replaced("`SUCCESS,`OTHERS", "`\xffSUCCESS,`OTHERS"), code: Encoding, line: 2},
		{name: "zero bytes", format: WeChatFundFlow, edit: replaced("`system", "`\x00"), code: Encoding, line: 2},
		{name: "wrong account", format: WeChatTrade, edit: same, options: func(o *Options) { o.Account = "1900000002" }, code: WrongAccount, line: 2, text: "of account 1900000001, not of 1900000002"},
		{name: "two accounts", format: WeChatTrade, edit: replaced("`1900000001,`0,`,`4200000002", "`1900000009,`0,`,`4200000002"), code: WrongAccount, line: 3, column: "商户号"},
		{name: "another day", format: WeChatTrade, edit: same, options: func(o *Options) { o.Day = day.AddDate(0, 0, 1) }, code: WrongDay, text: "no line is of 2026-03-02; the first is of 2026-03-01"},
		{name: "lines of another day", format: WeChatTrade, edit: replaced("2026-03-01 12:00:00", "2026-02-28 23:59:59"), code: OtherDays, line: 5, notice: true},
		{name: "told totals that are not those", format: WeChatTrade, edit: same, options: func(o *Options) { o.Told = &Told{Lines: 5, Sum: 5000} }, code: SummaryDiffers, text: "the file has 4 lines, and 5 were told"},
	})
}

// changesOfBills are about bills of WeChat Pay.
func changesOfBills() []change {
	bill := func(name string, edit func(string) string, code Code, line int, column, text string) change {
		return change{name: "bill: " + name, format: WeChatTrade, edit: edit, code: code, line: line, column: column, text: text}
	}
	first := func(old, with string) func(string) string { return replaced(old, with) }
	all := []change{
		bill("a column left out", replaced("微信订单号,", ""), ColumnMissing, 1, "微信订单号", ""),
		bill("a column renamed", replaced("退款状态,", "退款情况,"), ColumnMissing, 1, "退款状态", "other columns of refunds"),
		bill("a column twice", replaced("付款银行", "商户号"), ColumnTwice, 1, "商户号", ""),
		bill("saved by a spreadsheet", replaced("`2026", "2026"), Malformed, 2, "", "back-tick"),
		bill("a value less", first(",`JSAPI,", ",`"), ColumnCount, 2, "", "has 26 values, and the header 27"),
		bill("joined with itself", joined, AfterEnd, 8, "", ""),
		bill("header in the middle", func(s string) string {
			head, _, _ := strings.Cut(s, "\n")
			return afterLine(3, head+"\n")(s)
		}, HeaderTwice, 4, "", ""),
		bill("no summary", func(s string) string { at := strings.Index(s, "总交易单数"); return s[:at] }, SummaryMissing, 0, "", ""),
		bill("only the head of the summary", func(s string) string { return s[:strings.LastIndex(strings.TrimSpace(s), "\n")] }, Truncated, 6, "", ""),
		bill("wrong count", replaced("\n`4,`100.01", "\n`5,`100.01"), SummaryDiffers, 7, "总交易单数", "the summary says 5, and there are 4"),
		bill("a count that is none", replaced("\n`4,`100.01", "\n`four,`100.01"), AmountInvalid, 7, "总交易单数", ""),
		bill("total off by one fen", replaced("`4,`100.01", "`4,`100.02"), SummaryDiffers, 7, "应结订单总金额", "the summary says 100.02, and the lines give 100.01"),
		bill("total of refunds off", replaced(",`50.01,`0.00,`0.00000,`", ",`50.00,`0.00,`0.00000,`"), SummaryDiffers, 7, "退款总金额", ""),
		bill("fen in place of yuan", replaced("`CNY,`100.00", "`CNY,`10000"), AmountInvalid, 2, "应结订单金额", "minor units"),
		bill("thousands", replaced("`CNY,`100.00", "`CNY,`1 00.00"), AmountInvalid, 2, "应结订单金额", ""),
		bill("full-width digits", replaced("`CNY,`100.00", "`CNY,`１00.00"), AmountInvalid, 2, "应结订单金额", ""),
		bill("an exponent", replaced("`CNY,`100.00", "`CNY,`1e2"), AmountInvalid, 2, "应结订单金额", ""),
		bill("a huge amount", replaced("`CNY,`100.00", "`CNY,`99999999999999.00"), AmountInvalid, 2, "应结订单金额", "largest"),
		bill("a very long amount", replaced("`CNY,`100.00", "`CNY,`"+strings.Repeat("9", 300)+".00"), AmountInvalid, 2, "应结订单金额", "too long"),
		bill("a negative amount", replaced("`CNY,`100.00", "`CNY,`-100.00"), AmountInvalid, 2, "应结订单金额", "negative"),
		bill("no amount", replaced("`CNY,`100.00", "`CNY,`"), ValueMissing, 2, "应结订单金额", ""),
		bill("a formula as an amount", replaced("`CNY,`100.00", "`CNY,`=99+1"), Formula, 2, "应结订单金额", "=99+1"),
		bill("a formula as a number", replaced("`T2", "`=HYPERLINK(1)"), Formula, 3, "商户订单号", ""),
		bill("a rounded number", replaced("`4200000002", "`4.2E+27"), NumberInvalid, 3, "微信订单号", "spreadsheet has rounded"),
		bill("a number of letters that are not ASCII", replaced("`T2", "`Ｔ２"), NumberInvalid, 3, "商户订单号", ""),
		bill("a number that is too long", replaced("`T2", "`"+strings.Repeat("T", 65)), NumberInvalid, 3, "商户订单号", ""),
		bill("no number", replaced("`4200000002,`T2,`u1,`JSAPI,`SUCCESS", "`,`T2,`u1,`JSAPI,`SUCCESS"), ValueMissing, 3, "微信订单号", ""),
		bill("a time of another form", replaced("`2026-03-01 10:00:00", "`2026/3/1 10:00"), TimeInvalid, 2, "交易时间", ""),
		bill("a day that is none", replaced("`2026-03-01 10:00:00", "`2026-02-30 10:00:00"), TimeInvalid, 2, "交易时间", ""),
		bill("a year before there were bills", replaced("`2026-03-01 10:00:00", "`1926-03-01 10:00:00"), TimeInvalid, 2, "交易时间", "2000"),
		bill("no time", replaced("`2026-03-01 10:00:00", "`"), ValueMissing, 2, "交易时间", ""),
		bill("an unknown status", replaced("`SUCCESS,`OTHERS", "`PENDING,`OTHERS"), WordUnknown, 2, "交易状态", "PENDING"),
		bill("an unknown status of a refund", replaced("`PROCESSING", "`HELD"), WordUnknown, 5, "退款状态", "HELD"),
		bill("a currency that is none", replaced("`CNY", "`yuan"), WordUnknown, 2, "货币种类", ""),
		bill("two currencies", replaced("`CNY,`0.01", "`USD,`0.01"), CurrencyDiffers, 3, "", "is in USD"),
		bill("a trade twice", func(s string) string { return afterLine(2, strings.SplitAfter(s, "\n")[1])(s) }, LineTwice, 3, "", "4200000001"),
		{name: "flow: a direction that is none", format: WeChatFundFlow, edit: replaced("`支出", "`存入"), code: WordUnknown, line: 4, column: "收支类型"},
		{name: "flow: sum of what was spent", format: WeChatFundFlow, edit: replaced("`1.0,`50.00\r", "`1.0,`50.01\r"), code: SummaryDiffers, line: 7, column: "支出金额"},
		{name: "flow: a negative amount", format: WeChatFundFlow, edit: replaced("`50.00", "`-50.00"), code: AmountInvalid, line: 4, column: "收支金额(元)"},
	}
	for _, notice := range []change{
		bill("a new column", func(s string) string {
			lines := strings.Split(s, "\r\n")
			lines[0] += ",优惠明细"
			for i := 1; i < 5; i++ {
				lines[i] += ",`"
			}
			return strings.Join(lines, "\r\n")
		}, ColumnUnknown, 1, "优惠明细", ""),
		bill("separators in a name", replaced("`糖,盐", "`糖,`盐,`"), SeparatorInText, 2, "商品名称", ""),
		bill("a formula in a name", func(s string) string { return s }, FormulaInText, 3, "商品名称", ""),
		bill("fees", replaced("`0.00000,`0.60%", "`0.60000,`0.60%"), FeesDiffer, 7, "手续费总金额", ""),
	} {
		notice.notice = true
		all = append(all, notice)
	}
	return all
}

// changesOfLists are about lists of Alipay, which are changed as text in UTF-8.
func changesOfLists() []change {
	list := func(name string, edit func(string) string, code Code, line int, column string) change {
		return change{name: "list: " + name, format: AlipayTrade, edit: edit, code: code, line: line, column: column}
	}
	return []change{
		list("no end of the rows", replaced("#-----------------------------------------业务明细列表结束------------------------------------\r\n", ""), Malformed, 10, ""),
		list("cut behind the rows", func(s string) string {
			return s[:strings.Index(s, "#-----------------------------------------业务明细列表结束")]
		}, Truncated, 9, ""),
		list("no totals", func(s string) string { return s[:strings.Index(s, "#交易合计")] }, SummaryMissing, 0, ""),
		list("one of two totals", func(s string) string { return s[:strings.Index(s, "#退款合计")] }, SummaryMissing, 0, ""),
		list("total off", replaced("实收共100.01元", "实收共100.02元"), SummaryDiffers, 11, "商家实收(元)"),
		list("count off", replaced("#退款合计：2笔", "#退款合计：3笔"), SummaryDiffers, 12, "退款合计"),
		list("a row behind the end", func(s string) string { return s + strings.Split(s, "\r\n")[5] + "\r\n" }, AfterEnd, 13, ""),
		list("joined with itself", joined, HeaderTwice, 13, ""),
		list("a refund above zero", replaced(",-50.00,-50.00,", ",50.00,50.00,"), AmountInvalid, 8, "商家实收(元)"),
		list("an unknown kind", replaced(",退款,", ",冲正,"), WordUnknown, 8, "业务类型"),
		list("a column renamed", replaced("商家实收（元）", "实收（元）"), ColumnMissing, 5, "商家实收(元)"),
		list("a value more", replaced("4200000001\t,T1\t,", "4200000001\t,T1\t,,"), ColumnCount, 6, ""),
		list("an open quote", replaced(`屏"""`, `屏`), Truncated, 6, ""),
		list("text behind a quote", replaced(`屏"""`, `屏"""x`), Malformed, 6, ""),
		list("a period of another day", replaced("起始日期：[2026年03月01日 00:00:00]   终止日期：[2026年03月02日", "起始日期：[2026年03月05日 00:00:00]   终止日期：[2026年03月06日"), WrongDay, 3, "起始日期"),
		list("a period that is none", replaced("起始日期：[2026年03月01日", "起始日期：[2026年13月01日"), TimeInvalid, 3, "起始日期"),
		{name: "list: both directions", format: AlipayAccount, edit: replaced(",100.00,,", ",100.00,-1.00,"), code: AmountInvalid, line: 6, column: "支出金额(-元)"},
		{name: "list: a sign that is not that of the column", format: AlipayAccount, edit: replaced(",100.00,,", ",-100.00,,"), code: AmountInvalid, line: 6, column: "支出金额(-元)"},
	}
}

// changesOfTables are about the marketplace's bill and tables with a mapping.
func changesOfTables() []change {
	table := func(name string, edit func(string) string, code Code, line int, column string) change {
		return change{name: "table: " + name, format: CSV, edit: edit, code: code, line: line, column: column}
	}
	bill := func(name string, edit func(string) string, code Code, line int, column string) change {
		return change{name: "compensations: " + name, format: Compensation, edit: edit, code: code, line: line, column: column}
	}
	mapped := func(name string, edit func(*Mapping), column string) change {
		return change{name: "mapping: " + name, format: CSV, edit: func(s string) string { return s }, code: MappingInvalid, column: column,
			options: func(o *Options) { edit(o.Mapping) }}
	}
	same := func(s string) string { return s }
	return []change{
		{name: "table: nothing told", format: CSV, edit: same, options: func(o *Options) { o.Told = nil }, code: SummaryMissing},
		{name: "table: no mapping", format: CSV, edit: same, options: func(o *Options) { o.Mapping = nil }, code: MappingInvalid},
		table("a status that the mapping does not know", replaced("100.00,paid", "100.00,lost"), WordUnknown, 2, "status"),
		table("no number at all", replaced("T1,4200000001,,O1,", ",,,,"), ValueMissing, 2, ""),
		table("a value with a formula", replaced("T1,", "@SUM(A1),"), Formula, 2, "number"),
		table("three decimals", replaced(",100.00,", ",100.001,"), AmountInvalid, 2, "amount"),
		table("a reference twice", replaced("4200000002", "4200000001"), LineTwice, 3, ""),
		table("joined with itself", joined, HeaderTwice, 6, ""),
		table("an end without a line end", func(s string) string { return strings.TrimSuffix(s, "\n") }, Truncated, 5, ""),
		table("a quote that runs over lines", replaced("T1,", `"T1,`), Truncated, 2, ""),
		table("a quote that runs over many lines", func(s string) string { return replaced("T1,", `"T1,`)(s) + strings.Repeat("x\n", 40) }, Malformed, 2, ""),
		mapped("two ways of amounts", func(m *Mapping) { m.In, m.Out = "in", "out" }, "amount"),
		mapped("one of two columns", func(m *Mapping) { m.Amount, m.In = "", "in" }, "amount"),
		mapped("no currency", func(m *Mapping) { m.Currency = "" }, "currency"),
		mapped("a currency that is none", func(m *Mapping) { m.Currency = "yuan" }, "currency"),
		mapped("a zone that nobody knows", func(m *Mapping) { m.Zone = "Asia/Atlantis" }, "zone"),
		mapped("no zone", func(m *Mapping) { m.Zone = "" }, "zone"),
		mapped("a time without a day", func(m *Mapping) { m.TimeForm = "15:04:05" }, "timeForm"),
		mapped("day and month in doubt", func(m *Mapping) { m.TimeForm = "2006-02-02" }, "timeForm"),
		mapped("a separator of two characters", func(m *Mapping) { m.Separator = "||" }, "separator"),
		mapped("an encoding that nobody reads", func(m *Mapping) { m.Encoding = "Big5" }, "encoding"),
		mapped("no number", func(m *Mapping) { m.OutNumber, m.Reference, m.Original, m.OrderID = "", "", "", "" }, "outNumber"),
		mapped("a column for two things", func(m *Mapping) { m.Reference = "number" }, "number"),
		mapped("words without a column", func(m *Mapping) { m.Status = "" }, "statuses"),
		mapped("a word that means nothing", func(m *Mapping) { m.Statuses["paid"] = "PAID" }, "statuses"),
		mapped("a kind that means nothing", func(m *Mapping) { m.Kind, m.Kinds = "kind", map[string]Kind{"x": "LOAN"} }, "kinds"),
		mapped("inverted without a column of signs", func(m *Mapping) { m.Amount, m.In, m.Out, m.Inverted = "", "in", "out", true }, "inverted"),
		mapped("a long text", func(m *Mapping) { m.Amount = strings.Repeat("x", 101) }, ""),
		bill("both directions", replaced(",100.00,0.00,", ",100.00,1.00,"), AmountInvalid, 2, "outAmount"),
		bill("a negative amount", replaced(",0.00,50.00,", ",0.00,-50.00,"), AmountInvalid, 4, "outAmount"),
		bill("no amount", replaced(",100.00,0.00,", ",,,"), ValueMissing, 2, "outAmount"),
		bill("no columns of amounts", replaced("inAmount,outAmount", "in,out"), ColumnMissing, 1, "outAmount"),
		bill("no order", replaced(",O1,", ",,"), ValueMissing, 2, "orderNo"),
		{name: "compensations: two equal rows", format: Compensation, edit: func(s string) string { return afterLine(2, strings.SplitAfter(s, "\n")[1])(s) },
			options: func(o *Options) { o.Told = &Told{Lines: 5, Sum: 20001} }, code: SameValues, line: 3, notice: true},
	}
}

// changesOfStatements are about camt.053.
func changesOfStatements() []change {
	statement := func(name string, edit func(string) string, code Code, column, text string) change {
		return change{name: "statement: " + name, format: Camt053, edit: edit, code: code, column: column, text: text}
	}
	const entry = `<Ntry><Amt Ccy="CNY">100.00</Amt>`
	return []change{
		statement("a document type", replaced("<Document", `<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]><Document`), Markup, "", "document type"),
		statement("a bomb of entities", replaced("<Document", `<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><Document`), Markup, "", ""),
		statement("an entity", replaced("<MsgId>M1", "<MsgId>&x;"), Markup, "", "entity"),
		statement("an instruction", replaced("<Document", `<?php x ?><Document`), Markup, "", "instruction"),
		statement("another message", replaced("camt.053.001", "camt.054.001"), UnknownFormat, "Document", "camt.054"),
		statement("no statement", func(s string) string {
			return s[:strings.Index(s, "<Stmt>")] + "</BkToCstmrStmt></Document>"
		}, UnknownFormat, "Stmt", ""),
		statement("tags that cross", replaced("</Stmt></BkToCstmrStmt>", "</BkToCstmrStmt></Stmt>"), Malformed, "", ""),
		statement("another encoding", replaced("UTF-8", "ISO-8859-1"), Encoding, "", "ISO-8859-1"),
		statement("bytes that are no characters", replaced("<MsgId>M1", "<MsgId>\xff"), Encoding, "", ""),
		statement("first of two pages", replaced("</GrpHdr>", "<MsgPgntn><PgNb>1</PgNb><LastPgInd>false</LastPgInd></MsgPgntn></GrpHdr>"), PageMissing, "MsgPgntn", "not the last page"),
		statement("last of two pages", replaced("</GrpHdr>", "<MsgPgntn><PgNb>2</PgNb><LastPgInd>true</LastPgInd></MsgPgntn></GrpHdr>"), PageMissing, "MsgPgntn", "page 2"),
		statement("pages of the statement", replaced("<Id>S1</Id>", "<Id>S1</Id><StmtPgntn><PgNb>1</PgNb><LastPgInd>false</LastPgInd></StmtPgntn>"), PageMissing, "StmtPgntn", ""),
		statement("a balance off", replaced(`<Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">1100.01`, `<Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">1100.02`), BalanceDiffers, "Bal", "closing balance is 1100.02"),
		statement("no closing balance", replaced("CLBD", "ITBD"), SummaryMissing, "Bal", ""),
		statement("a wrong count", replaced("<NbOfNtries>4", "<NbOfNtries>5"), SummaryDiffers, "TtlNtries", "says 5 entries, and there are 4"),
		statement("an entry in another currency", replaced(entry, `<Ntry><Amt Ccy="USD">100.00</Amt>`), CurrencyDiffers, "Ntry/Amt", ""),
		statement("three decimals", replaced(entry, `<Ntry><Amt Ccy="CNY">100.001</Amt>`), AmountInvalid, "Ntry/Amt", "decimals"),
		statement("a sign", replaced(entry, `<Ntry><Amt Ccy="CNY">-100.00</Amt>`), AmountInvalid, "Ntry/Amt", "direction"),
		statement("no amount", replaced(entry, `<Ntry>`), CurrencyDiffers, "Ntry/Amt", ""),
		statement("an empty amount", replaced(entry, `<Ntry><Amt Ccy="CNY"></Amt>`), ValueMissing, "Ntry/Amt", ""),
		statement("a direction that is none", replaced(entry+"<CdtDbtInd>CRDT", entry+"<CdtDbtInd>IN"), WordUnknown, "Ntry/CdtDbtInd", ""),
		statement("an unknown status", replaced("<Cd>BOOK", "<Cd>SENT"), WordUnknown, "Sts", "SENT"),
		statement("a date that is none", replaced("<BookgDt><DtTm>2026-03-01", "<BookgDt><DtTm>2026-02-30"), TimeInvalid, "BookgDt", ""),
		statement("a number with a space", replaced("<EndToEndId>T1", "<EndToEndId>T 1"), NumberInvalid, "EndToEndId", ""),
		statement("payments that are not the entry", replaced("</NtryDtls>", `<TxDtls><Amt Ccy="CNY">1.00</Amt></TxDtls></NtryDtls>`), ValueMissing, "TxDtls/Amt", ""),
		statement("a batch with a payment less", replaced("<NtryDtls>", `<NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch>`), ColumnCount, "NbOfTxs", ""),
		statement("deep elements", replaced("<MsgId>", strings.Repeat("<x>", 50)+"<MsgId>"), TooLarge, "x", ""),
		statement("a long text", replaced("<MsgId>M1", "<MsgId>"+strings.Repeat("x", 5000)), TooLarge, "MsgId", ""),
		statement("a longer text", replaced("<MsgId>M1", "<MsgId>"+strings.Repeat("x", 2<<20)), TooLarge, "", ""),
		statement("more behind the end", func(s string) string { return s + "<Document/>" }, AfterEnd, "Document", ""),
		statement("an entry twice", func(s string) string {
			at, end := strings.Index(s, "<Ntry>"), strings.Index(s, "</Ntry>")+len("</Ntry>")
			return s[:end] + s[at:end] + s[end:]
		}, LineTwice, "", ""),
		{name: "statement: pending", format: Camt053, edit: func(s string) string {
			return replaced("<TxsSummry><TtlNtries><NbOfNtries>4</NbOfNtries></TtlNtries></TxsSummry>",
				`<Ntry><Amt Ccy="CNY">7.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>PDNG</Cd></Sts></Ntry>`)(s)
		}, code: NotBooked, line: 1, column: "Sts", notice: true},
	}
}

// Would catch bad input that is taken, taken in part, or refused with a word that does not say
// what is wrong and where; and a code that no input meets.
func TestProblemsAreNamed(t *testing.T) {
	t.Parallel()
	byFormat := make(map[Format]sample)
	for _, s := range samples(t) {
		byFormat[s.format] = s
	}
	met := map[Code]bool{Archive: true, EntryIgnored: true}
	for _, c := range changes() {
		met[c.code] = true
		s := byFormat[c.format]
		o := s.options()
		if c.options != nil {
			c.options(&o)
		}
		raw := s.raw
		if c.format == AlipayTrade || c.format == AlipayAccount {
			raw = []byte(decoded(raw))
		}
		edited := c.edit(string(raw))
		if edited == string(raw) && c.options == nil && c.code != FormulaInText {
			t.Errorf("%s: nothing was changed", c.name)
		}
		r, _ := read(t, []byte(edited), o)
		found := r.Problems
		if c.notice {
			found = r.Notices
		}
		named := slices.ContainsFunc(found, func(p Problem) bool {
			return p.Code == c.code && (c.line == 0 || p.Line == c.line) && (c.column == "" || p.Column == c.column) && strings.Contains(p.Text, c.text)
		})
		if !named || r.Whole() != c.notice || c.notice != (r.Proof != "") {
			t.Errorf("%s: want %s at %d %s, %q; got %v and %v, proof %q", c.name, c.code, c.line, c.column, c.text, r.Problems, r.Notices, r.Proof)
		}
		for _, p := range slices.Concat(r.Problems, r.Notices) {
			if len(p.String()) > 1200 {
				t.Errorf("%s: a text of %d bytes", c.name, len(p.String()))
			}
		}
	}
	for _, code := range Codes() {
		if !met[code] {
			t.Errorf("no bad input meets %s", code)
		}
	}
}

// Would catch an archive that fills the memory, one that holds two bills of which one is lost,
// and one whose names lead out of a directory.
func TestArchivesAreBounded(t *testing.T) {
	t.Parallel()
	bill := samples(t)[2]
	flow := samples(t)[1].raw
	bomb := slices.Concat(flow[:bytes.IndexByte(flow, '\n')+1], bytes.Repeat([]byte("\n"), 4<<20))
	declared := written(t, func(w io.Writer) error {
		z := zip.NewWriter(w)
		f, err := z.CreateRaw(&zip.FileHeader{Name: "a", Method: zip.Deflate, CompressedSize64: 4, UncompressedSize64: 1 << 40})
		if err == nil {
			_, err = f.Write([]byte("abcd"))
		}
		if err != nil {
			return err
		}
		return z.Close()
	})
	many := make([][]byte, 65)
	summary := []byte("#支付宝业务汇总查询\r\n")
	for _, c := range []struct {
		name string
		raw  []byte
		code Code
	}{
		{"a bomb in gzip", gzipped(t, bomb), TooLarge},
		{"a bomb in zip", zipped(t, bomb), TooLarge},
		{"a size that is a lie", declared, TooLarge},
		{"many files", zipped(t, many...), TooLarge},
		{"no files", zipped(t), Archive},
		{"only a summary", zipped(t, summary), Archive},
		{"two bills", zipped(t, bill.raw, bill.raw), Archive},
		{"an archive in an archive", zipped(t, zipped(t, bill.raw)), UnknownFormat},
		{"an empty file", zipped(t, nil), Empty},
		{"a name that leads out, and a summary", zipped(t, summary, bill.raw), EntryIgnored},
		{"no archive", []byte("PK\x03\x04 and so on"), Archive},
		{"no gzip", []byte("\x1f\x8b and so on, and so on"), Archive},
	} {
		r, _ := read(t, c.raw, Options{})
		if !r.Has(c.code) || r.Whole() != (c.code == EntryIgnored) {
			t.Errorf("%s: want %s, got %v %v", c.name, c.code, r.Problems, r.Notices)
		}
	}
}

// Would catch a file with a problem in every line that is told as gigabytes of problems.
func TestProblemsAreBounded(t *testing.T) {
	t.Parallel()
	raw := written(t, func(w io.Writer) error {
		return formatstest.WeChatFundFlow(w, func(yield func(formatstest.Entry) bool) {
			for i := range 500 {
				if !yield(formatstest.Entry{At: day, Minor: 1, Reference: "x y", OutNumber: fmt.Sprint(i), Name: strings.Repeat("z", 100)}) {
					return
				}
			}
		})
	})
	if r, _ := read(t, raw, Options{Day: day}); len(r.Problems) != problemsMax+1 || r.Whole() {
		t.Errorf("%d problems are told", len(r.Problems))
	}
}

// Would catch a table whose columns are read by place, whose units are mixed up, or whose zone
// is that of the machine.
func TestMappings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, raw string
		m         Mapping
		want      []Line
	}{
		{"minor units, out and in, semicolons, another zone", "当日;OUT;IN;号码;状态\n01.03.2026 23:30;1234;;A1;ok\n01.03.2026 23:31;;5;A2;nok\n",
			Mapping{Separator: ";", In: "IN", Out: "OUT", Minor: true, Currency: "USD", Time: "当日", TimeForm: "02.01.2006 15:04", Zone: "America/New_York",
				Reference: "号码", Status: "状态", Statuses: map[string]Status{"ok": Done, "nok": Failed}},
			[]Line{
				{Kind: Transfer, Status: Done, Amount: -1234, Currency: "USD", At: time.Date(2026, 3, 2, 4, 30, 0, 0, time.UTC), Reference: "A1"},
				{Kind: Other, Status: Failed, Amount: 5, Currency: "USD", At: time.Date(2026, 3, 2, 4, 31, 0, 0, time.UTC), Reference: "A2"},
			}},
		{"inverted, a currency without decimals, kinds, quotes", "d,a,c,n,k\n2026-03-01,\"1000\",JPY,\"N,1\",\"fee\n(of March)\"\n",
			Mapping{Amount: "a", Inverted: true, CurrencyColumn: "c", Time: "d", TimeForm: time.DateOnly, Zone: "UTC", OrderID: "n",
				Kind: "k", Kinds: map[string]Kind{"fee\n(of March)": Fee}},
			[]Line{{Kind: Fee, Status: Done, Amount: -1000, Currency: "JPY", At: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), OrderID: "N,1"}}},
	} {
		told := &Told{Lines: len(c.want)}
		for _, l := range c.want {
			told.Sum += l.Amount
		}
		r, lines := read(t, []byte(c.raw), Options{Format: CSV, Mapping: &c.m, Told: told})
		if !r.Whole() || len(lines) != len(c.want) {
			t.Errorf("%s: %v", c.name, r.Problems)
			continue
		}
		for i, l := range lines {
			w := c.want[i]
			if l.Kind != w.Kind || l.Status != w.Status || l.Amount != w.Amount || l.Currency != w.Currency || !l.At.Equal(w.At) || l.Reference != w.Reference || l.OrderID != w.OrderID {
				t.Errorf("%s: line %d is %+v, want %+v", c.name, i+1, l, w)
			}
		}
	}
}
