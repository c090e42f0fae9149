// Package formatstest writes the files that internal/reconcile/formats reads, from entries that
// a test or a measurement makes up. It knows the layouts of the channels, and shares no code
// with the readers.
package formatstest

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Entry is one movement of money that a file should tell of. Its words are those of the files.
type Entry struct {
	// Minor is the amount in fen: above zero came in, below zero left.
	Minor int64
	At    time.Time
	// OutNumber is our number, Reference the channel's, Original and OriginalOut those of the
	// payment that a refund gives back.
	OutNumber, Reference, Original, OriginalOut string
	OrderID                                     string
	// Refund says that it gives back a payment, and Status how far that has come; empty is SUCCESS.
	Refund bool
	Status string
	// Word is the channel's word for what happened; empty gives that of a transfer.
	Word string
	// Name is the name of the goods.
	Name string
}

var shanghai = time.FixedZone("", 8*60*60)

func clock(at time.Time) string { return at.In(shanghai).Format(time.DateTime) }

// yuan writes fen with two decimals.
func yuan(minor int64) string {
	sign := ""
	if minor < 0 {
		sign, minor = "-", -minor
	}
	return fmt.Sprintf("%s%d.%02d", sign, minor/100, minor%100)
}

func size(minor int64) int64 { return max(minor, -minor) }

// WeChatTrade writes a trade bill of the account.
func WeChatTrade(w io.Writer, account string, entries iter.Seq[Entry]) error {
	b := bufio.NewWriter(w)
	fmt.Fprint(b, "\ufeff交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,"+
		"微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\r\n")
	var n, paid, refunded int64
	for e := range entries {
		n++
		trade, out, state, refund, refundOut, status := e.Reference, e.OutNumber, "SUCCESS", "0", "0", ""
		in, back := size(e.Minor), int64(0)
		if e.Refund {
			trade, out, state, refund, refundOut, status = e.Original, e.OriginalOut, "REFUND", e.Reference, e.OutNumber, e.Status
			in, back = 0, in
			if status == "" {
				status = "SUCCESS"
			}
		}
		paid, refunded = paid+in, refunded+back
		fmt.Fprintf(b, "`%s,`wx1,`%s,`0,`,`%s,`%s,`u1,`JSAPI,`%s,`OTHERS,`CNY,`%s,`0.00,`%s,`%s,`%s,`0.00,`,`%s,`%s,`,`0.00000,`0.60%%,`%s,`%s,`\r\n",
			clock(e.At), account, trade, out, state, yuan(in), refund, refundOut, yuan(back), status, e.Name, yuan(in), yuan(back))
	}
	fmt.Fprint(b, "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n")
	fmt.Fprintf(b, "`%d,`%s,`%s,`0.00,`0.00000,`%s,`%s\r\n", n, yuan(paid), yuan(refunded), yuan(paid), yuan(refunded))
	return b.Flush()
}

// WeChatFundFlow writes a fund-flow bill.
func WeChatFundFlow(w io.Writer, entries iter.Seq[Entry]) error {
	b := bufio.NewWriter(w)
	fmt.Fprint(b, "\ufeff记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额（元）,账户结余（元）,资金变更提交申请人,备注,业务凭证号\r\n")
	var n, in, out, earned, spent, balance int64
	for e := range entries {
		n++
		direction, word := "收入", e.Word
		if e.Minor < 0 {
			direction, out, spent = "支出", out+1, spent-e.Minor
		} else {
			in, earned = in+1, earned+e.Minor
		}
		if word == "" {
			word = "商家转账"
		}
		balance += e.Minor
		fmt.Fprintf(b, "`%s,`%s,`F%09d,`%s,`%s,`%s,`%s,`%s,`system,`%s,`%s\r\n",
			clock(e.At), e.Reference, n, word, word, direction, yuan(size(e.Minor)), yuan(balance), e.Name, e.OutNumber)
	}
	fmt.Fprint(b, "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n")
	fmt.Fprintf(b, "`%d.0,`%d.0,`%s,`%d.0,`%s\r\n", n, in, yuan(earned), out, yuan(spent))
	return b.Flush()
}

// alipayHead writes what begins a list of Alipay.
func alipayHead(b io.Writer, kind, account string, day time.Time) {
	fmt.Fprintf(b, "#支付宝%s查询\r\n#账号：[%s0156]\r\n", kind, account)
	const form = "2006年01月02日 15:04:05"
	fmt.Fprintf(b, "#起始日期：[%s]   终止日期：[%s]\r\n", day.Format(form), day.AddDate(0, 0, 1).Format(form))
	fmt.Fprintf(b, "#-----------------------------------------%s列表----------------------------------------\r\n", kind)
}

// AlipayTrade writes a list of trades of a day, in GB18030.
func AlipayTrade(w io.Writer, account string, day time.Time, entries iter.Seq[Entry]) error {
	b := bufio.NewWriter(simplifiedchinese.GB18030.NewEncoder().Writer(w))
	alipayHead(b, "业务明细", account, day)
	fmt.Fprint(b, "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,"+
		"集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注\r\n")
	var trades, refunds, paid, refunded int64
	for e := range entries {
		trade, out, word, refund := e.Reference, e.OutNumber, "交易", ""
		if e.Refund {
			trade, out, word, refund = e.Original, e.OriginalOut, "退款", e.OutNumber
			refunds, refunded = refunds+1, refunded+e.Minor
		} else {
			trades, paid = trades+1, paid+e.Minor
		}
		fmt.Fprintf(b, "%s\t,%s\t,%s,%s,%s,%s,,,,,a***@b.example,%s,%s,0.00,0.00,0.00,0.00,0.00,,0.00,0.00,%s\t,0.00,0.00,\r\n",
			trade, out, word, quoted(e.Name), clock(e.At), clock(e.At), yuan(e.Minor), yuan(e.Minor), refund)
	}
	fmt.Fprint(b, "#-----------------------------------------业务明细列表结束------------------------------------\r\n")
	fmt.Fprintf(b, "#交易合计：%d笔，商家实收共%s元，商家优惠共0.00元\r\n", trades, yuan(paid))
	fmt.Fprintf(b, "#退款合计：%d笔，商家实收退款共%s元，商家优惠退款共0.00元\r\n", refunds, yuan(refunded))
	return b.Flush()
}

// AlipayAccount writes a list of movements of a day, in GB18030.
func AlipayAccount(w io.Writer, account string, day time.Time, entries iter.Seq[Entry]) error {
	b := bufio.NewWriter(simplifiedchinese.GB18030.NewEncoder().Writer(w))
	alipayHead(b, "账务明细", account, day)
	fmt.Fprint(b, "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注\r\n")
	var n, in, out, earned, spent, balance int64
	for e := range entries {
		n++
		income, outlay, word := "", "", e.Word
		if e.Minor < 0 {
			outlay, out, spent = yuan(e.Minor), out+1, spent+e.Minor
		} else {
			income, in, earned = yuan(e.Minor), in+1, earned+e.Minor
		}
		if word == "" {
			word = "转账"
		}
		balance += e.Minor
		fmt.Fprintf(b, "B%09d\t,%s\t,%s\t,%s,%s,a***@b.example,%s,%s,%s,支付宝,%s,\r\n",
			n, e.Reference, e.OutNumber, quoted(e.Name), clock(e.At), income, outlay, yuan(balance), word)
	}
	fmt.Fprint(b, "#-----------------------------------------账务明细列表结束------------------------------------\r\n")
	fmt.Fprintf(b, "#支出合计：%d笔，共%s元\r\n#收入合计：%d笔，共%s元\r\n", out, yuan(spent), in, yuan(earned))
	return b.Flush()
}

func quoted(text string) string {
	if strings.ContainsAny(text, ",\"\n") {
		return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
	}
	return text
}

// Camt053 writes a statement in a version of the message, such as "08".
func Camt053(w io.Writer, version, account string, entries iter.Seq[Entry]) error {
	var body strings.Builder
	var sum int64
	n := 0
	for e := range entries {
		n++
		sum += e.Minor
		side := "CRDT"
		if e.Minor < 0 {
			side = "DBIT"
		}
		status := "<Sts><Cd>BOOK</Cd></Sts>"
		if version < "08" {
			status = "<Sts>BOOK</Sts>"
		}
		returned := ""
		if e.Word == "return" {
			returned = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"
		}
		fmt.Fprintf(&body, `<Ntry><Amt Ccy="CNY">%s</Amt><CdtDbtInd>%s</CdtDbtInd>%s<BookgDt><DtTm>%s</DtTm></BookgDt><AcctSvcrRef>%s</AcctSvcrRef>`+
			`<NtryDtls><TxDtls><Refs><EndToEndId>%s</EndToEndId></Refs>%s</TxDtls></NtryDtls></Ntry>`,
			yuan(size(e.Minor)), side, status, e.At.In(shanghai).Format(time.RFC3339), e.Reference, e.OutNumber, returned)
	}
	balance := func(code string, minor int64) string {
		side := "CRDT"
		if minor < 0 {
			side = "DBIT"
		}
		return fmt.Sprintf(`<Bal><Tp><CdOrPrtry><Cd>%s</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">%s</Amt><CdtDbtInd>%s</CdtDbtInd></Bal>`, code, yuan(size(minor)), side)
	}
	const opening = 100_000
	_, err := fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"+
		`<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.%s"><BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId></GrpHdr><Stmt><Id>S1</Id>`+
		`<Acct><Id><Othr><Id>%s</Id></Othr></Id><Ccy>CNY</Ccy></Acct>%s%s<TxsSummry><TtlNtries><NbOfNtries>%d</NbOfNtries></TtlNtries></TxsSummry>%s</Stmt></BkToCstmrStmt></Document>`+"\n",
		version, account, balance("OPBD", opening), balance("CLBD", opening+sum), n, body.String())
	return err
}

// Compensation writes the marketplace's bill of what it took from shops.
func Compensation(w io.Writer, entries iter.Seq[Entry]) error {
	b := bufio.NewWriter(w)
	fmt.Fprint(b, "accountName,orderNo,itemId,inAmount,outAmount,billTime,expressNo\n")
	for e := range entries {
		in, out := yuan(e.Minor), "0.00"
		if e.Minor < 0 {
			in, out = out, yuan(-e.Minor)
		}
		fmt.Fprintf(b, "消费者补偿,%s,%s,%s,%s,%s,\n", e.OrderID, e.Reference, in, out, clock(e.At))
	}
	return b.Flush()
}

// Table writes a table with the columns number, reference, paid, order, when, amount and status.
func Table(w io.Writer, entries iter.Seq[Entry]) error {
	return table(w, "", entries, func(*Entry) string { return "" })
}

// TableOfKinds writes the same table with a further column kind: refund, or empty.
func TableOfKinds(w io.Writer, entries iter.Seq[Entry]) error {
	return table(w, ",kind", entries, func(e *Entry) string {
		if e.Refund {
			return ",refund"
		}
		return ","
	})
}

func table(w io.Writer, title string, entries iter.Seq[Entry], further func(*Entry) string) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "number,reference,paid,order,when,amount,status%s\n", title)
	for e := range entries {
		status := e.Status
		if status == "" {
			status = "paid"
		}
		fmt.Fprintf(b, "%s,%s,%s,%s,%s,%s,%s%s\n", e.OutNumber, e.Reference, e.Original, e.OrderID, clock(e.At), yuan(e.Minor), status, further(&e))
	}
	return b.Flush()
}

// TableMapping is the mapping of Table in JSON.
const TableMapping = `{"outNumber": "number", "reference": "reference", "original": "paid", "orderId": "order", "amount": "amount", "currency": "CNY",
	"time": "when", "timeForm": "2006-01-02 15:04:05", "zone": "Asia/Shanghai", "status": "status",
	"statuses": {"paid": "done", "under way": "processing", "refused": "failed"}}`
