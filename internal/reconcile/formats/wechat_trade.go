package formats

import (
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// feePlaces are the decimals of fees.
const feePlaces = 5

// weChatTradeColumns are those of all bill types, and of the layout of before 2019.
var weChatTradeColumns = []columnSpec{
	{name: "交易时间", required: true},
	{name: "公众账号ID"},
	{name: "商户号", required: true},
	{name: "特约商户号", was: []string{"子商户号"}},
	{name: "设备号"},
	{name: "微信订单号", required: true},
	{name: "商户订单号", required: true},
	{name: "用户标识"},
	{name: "交易类型"},
	{name: "交易状态", required: true},
	{name: "付款银行"},
	{name: "货币种类", required: true},
	{name: "应结订单金额", was: []string{"总金额"}, required: true},
	{name: "代金券金额", was: []string{"企业红包金额"}},
	{name: "退款申请时间"},
	{name: "退款成功时间"},
	{name: "微信退款单号"},
	{name: "商户退款单号"},
	{name: "退款金额"},
	{name: "充值券退款金额", was: []string{"企业红包退款金额"}},
	{name: "退款类型"},
	{name: "退款状态"},
	{name: "商品名称", required: true},
	{name: "商户数据包", required: true},
	{name: "手续费", required: true},
	{name: "费率"},
	{name: "订单金额"},
	{name: "申请退款金额"},
	{name: "费率备注"},
}

var weChatTradeSummary = []columnSpec{
	{name: "总交易单数", required: true},
	{name: "应结订单总金额", was: []string{"总交易额"}, required: true},
	{name: "退款总金额", was: []string{"总退款金额"}, required: true},
	{name: "充值券退款总金额", was: []string{"总企业红包退款金额"}},
	{name: "手续费总金额"},
	{name: "订单总金额"},
	{name: "申请退款总金额"},
}

// refundColumns belong together: a bill has all of them or none.
var refundColumns = []string{"微信退款单号", "商户退款单号", "退款金额", "退款状态"}

// weChatTotals are the sums of the rows that the summary tells.
type weChatTotals struct {
	rows                                            int
	settled, refunded, vouchers, ordered, requested money.Amount
	fees                                            int64
}

// weChatTrade reads the trade bill. A refund stands in it once it was asked for; its status is
// that of the day of the bill.
func (r *reading) weChatTrade(body io.Reader) {
	var t weChatTotals
	c := weChat{
		reading: r, known: weChatTradeColumns, texts: []string{"商品名称", "商户数据包"},
		begins: "交易时间", ends: "总交易单数", known2: weChatTradeSummary,
	}
	c.row = func(w *row) {
		r.refundsWhole(w)
		if l := t.row(w); l != nil {
			r.line(l)
		}
	}
	c.summary = func(w *row) { t.compare(w) }
	c.read(body)
}

// refundsWhole refuses a header with some of the columns of refunds.
func (r *reading) refundsWhole(w *row) {
	have := 0
	for _, column := range refundColumns {
		if w.header.has(column) {
			have++
		}
	}
	if have == 0 || have == len(refundColumns) {
		return
	}
	for _, column := range refundColumns {
		if !w.header.has(column) {
			r.problem(ColumnMissing, 1, column, "is not in the header, and other columns of refunds are")
		}
	}
	r.stopped = true
}

// optional reads an amount that some layouts lack.
func (w *row) optional(column, currency string) money.Amount {
	if !w.header.has(column) {
		return 0
	}
	return w.yuan(column, currency)
}

// row reads one row and adds it to the totals.
func (t *weChatTotals) row(w *row) *Line {
	w.r.named(w.line, "商户号", w.number("商户号", true))
	l := &Line{
		Place: w.line, Status: Done, At: w.when("交易时间", time.DateTime, china), Currency: w.currency("货币种类"),
		Reference: w.number("微信订单号", true), OutNumber: w.number("商户订单号", true),
	}
	settled, refunded := w.yuan("应结订单金额", l.Currency), w.optional("退款金额", l.Currency)
	vouchers, ordered := w.optional("充值券退款金额", l.Currency), w.optional("订单金额", l.Currency)
	requested := w.optional("申请退款金额", l.Currency)
	fee, wrong := decimal(w.text("手续费"), feePlaces, false)
	if wrong != "" {
		w.amountFault("手续费", wrong)
	}
	refund := w.number("微信退款单号", false, "0")
	state := w.text("交易状态")
	switch state {
	case "SUCCESS":
		l.Kind, l.Amount = Payment, settled
	case "REFUND", "REVOKED":
		t.refund(w, l, refund, refunded)
	default:
		w.problem(WordUnknown, "交易状态", "%s is not SUCCESS, REFUND or REVOKED", state)
	}
	if settled < 0 || refunded < 0 {
		w.problem(AmountInvalid, "应结订单金额", "an amount of the bill is negative; the bill says by the status what was given back")
	}
	if w.bad {
		return nil
	}
	l.identity = state + "\x00" + l.Reference + "\x00" + refund + "\x00" + l.Original
	t.rows++
	t.settled, t.refunded, t.vouchers = plus(t.settled, settled), plus(t.refunded, refunded), plus(t.vouchers, vouchers)
	t.ordered, t.requested = plus(t.ordered, ordered), plus(t.requested, requested)
	t.fees = int64(plus(money.Amount(t.fees), money.Amount(fee)))
	return l
}

// refund reads the columns of a refund.
func (t *weChatTotals) refund(w *row, l *Line, reference string, amount money.Amount) {
	l.Kind, l.Amount = Refund, -amount
	l.Original, l.OriginalOut = l.Reference, l.OutNumber
	l.Reference, l.OutNumber = reference, w.number("商户退款单号", false, "0")
	switch status := w.text("退款状态"); status {
	case "SUCCESS":
	case "PROCESSING":
		l.Status = Processing
	case "FAIL", "CHANGE", "CLOSED":
		l.Status = Failed
	default:
		w.problem(WordUnknown, "退款状态", "%s is not SUCCESS, PROCESSING, FAIL, CHANGE or CLOSED", status)
	}
}

// compare compares the totals with the summary. Fees are rounded by the channel's own rules: a
// difference of theirs is told, and refuses nothing.
func (t *weChatTotals) compare(w *row) {
	w.lineTotal("总交易单数", t.rows)
	w.total("应结订单总金额", int64(t.settled))
	w.total("退款总金额", int64(t.refunded))
	w.total("充值券退款总金额", int64(t.vouchers))
	w.total("订单总金额", int64(t.ordered))
	w.total("申请退款总金额", int64(t.requested))
	if !w.header.has("手续费总金额") {
		return
	}
	told, wrong := decimal(w.text("手续费总金额"), feePlaces, false)
	switch {
	case wrong != "":
		w.amountFault("手续费总金额", wrong)
	case told != t.fees:
		w.r.notice(FeesDiffer, w.line, "手续费总金额", "the summary says %s, and the lines give %s", w.text("手续费总金额"), plainDecimal(t.fees, feePlaces))
	}
}

// plus adds amounts for a comparison: a sum beyond the largest amount stays beyond it, and
// equals no total.
func plus(a, b money.Amount) money.Amount {
	sum, err := a.Add(b)
	if err != nil {
		return money.MaxAmount + 1
	}
	return sum
}

// plainDecimal writes a number of units with its decimals, as files do.
func plainDecimal(n int64, places int) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	digits := strconv.FormatInt(n, 10)
	if pad := places + 1 - len(digits); pad > 0 {
		digits = strings.Repeat("0", pad) + digits
	}
	if places == 0 {
		return sign + digits
	}
	return sign + digits[:len(digits)-places] + "." + digits[len(digits)-places:]
}
