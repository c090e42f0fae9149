package formats

import (
	"io"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/money"
)

var weChatFlowColumns = []columnSpec{
	{name: "记账时间", required: true},
	{name: "微信支付业务单号", required: true},
	{name: "资金流水单号", required: true},
	{name: "业务名称"},
	{name: "业务类型", required: true},
	{name: "收支类型", required: true},
	{name: "收支金额(元)", required: true},
	{name: "账户结余(元)", required: true},
	{name: "资金变更提交申请人", required: true},
	{name: "备注", required: true},
	{name: "业务凭证号", required: true},
}

var weChatFlowSummary = []columnSpec{
	{name: "资金流水总笔数", required: true},
	{name: "收入笔数", required: true},
	{name: "收入金额", required: true},
	{name: "支出笔数", required: true},
	{name: "支出金额", required: true},
}

// weChatFlow are the totals of a fund-flow bill.
type weChatFlow struct {
	in, out       int
	earned, spent money.Amount
}

// weChatFundFlow reads the fund-flow bill: what was booked on one account of a merchant.
func (r *reading) weChatFundFlow(body io.Reader) {
	var t weChatFlow
	c := weChat{
		reading: r, known: weChatFlowColumns, texts: []string{"资金变更提交申请人", "备注"},
		begins: "记账时间", ends: "资金流水总笔数", known2: weChatFlowSummary,
	}
	c.row = func(w *row) {
		if l := t.row(w); l != nil {
			r.line(l)
		}
	}
	c.summary = func(w *row) {
		w.lineTotal("资金流水总笔数", t.in+t.out)
		w.lineTotal("收入笔数", t.in)
		w.total("收入金额", int64(t.earned))
		w.lineTotal("支出笔数", t.out)
		w.total("支出金额", int64(t.spent))
	}
	c.read(body)
}

func (t *weChatFlow) row(w *row) *Line {
	const currency = "CNY"
	amount := w.yuan("收支金额(元)", currency)
	w.yuan("账户结余(元)", currency)
	l := &Line{
		Place: w.line, Status: Done, At: w.when("记账时间", time.DateTime, china), Currency: currency,
		Reference: w.number("微信支付业务单号", true), OutNumber: w.number("业务凭证号", false),
		identity: w.number("资金流水单号", true),
	}
	if amount < 0 {
		w.problem(AmountInvalid, "收支金额(元)", "%s is negative; the bill says by the direction what was spent", w.text("收支金额(元)"))
	}
	direction := w.text("收支类型")
	if direction != "收入" && direction != "支出" {
		w.problem(WordUnknown, "收支类型", "%s is not 收入 or 支出", direction)
	}
	if w.bad {
		return nil
	}
	if direction == "收入" {
		t.in, t.earned, l.Amount = t.in+1, plus(t.earned, amount), amount
	} else {
		t.out, t.spent, l.Amount = t.out+1, plus(t.spent, amount), -amount
	}
	l.Kind = flowKind(w.text("业务类型"), l.Amount)
	return l
}

// flowKind is the kind of a movement by the channel's word for it.
func flowKind(word string, amount money.Amount) Kind {
	has := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(word, part) {
				return true
			}
		}
		return false
	}
	switch {
	case has("手续费", "服务费", "收费"):
		return Fee
	case has("退回", "撤销", "退票"):
		return Return
	case has("转账", "付款", "赔付", "红包", "提现") && amount > 0:
		return Return
	case has("转账", "付款", "赔付", "红包", "提现"):
		return Transfer
	case has("退款"):
		return Refund
	case has("交易", "在线支付"):
		return Payment
	}
	return Other
}
