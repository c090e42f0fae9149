package formats

import "time"

// alipayAccount is the list of movements of the account (账务明细).
var alipayAccount = alipayLayout{
	title: "#支付宝账务明细查询", begins: "账务流水号",
	known: []columnSpec{
		{name: "账务流水号", required: true},
		{name: "业务流水号", required: true},
		{name: "商户订单号", required: true},
		{name: "商品名称"},
		{name: "发生时间", required: true},
		{name: "对方账号"},
		{name: "收入金额(+元)", required: true},
		{name: "支出金额(-元)", required: true},
		{name: "账户余额(元)", required: true},
		{name: "交易渠道"},
		{name: "业务类型", required: true},
		{name: "备注"},
		{name: "业务描述"},
		{name: "业务账单来源"},
		{name: "业务基础订单号"},
	},
	totals: []alipayTotal{
		{"#支出合计", []alipaySum{{"共", "支出金额(-元)"}}},
		{"#收入合计", []alipaySum{{"共", "收入金额(+元)"}}},
	},
	row: alipayAccountRow,
}

// alipayAccountRow reads a movement: it has an amount in one of two columns, and what left the
// account stands below zero.
func alipayAccountRow(a *alipayFile, w *row) *Line {
	in, out := w.text("收入金额(+元)"), w.text("支出金额(-元)")
	l := &Line{
		Place: w.line, Status: Done, Currency: "CNY", At: w.when("发生时间", time.DateTime, china),
		Reference: w.number("业务流水号", true), OutNumber: w.number("商户订单号", false), identity: w.number("账务流水号", true),
	}
	w.yuan("账户余额(元)", "CNY")
	switch isIn, isOut := in != "" && in != "0.00", out != "" && out != "0.00"; {
	case isIn && isOut:
		w.problem(AmountInvalid, "支出金额(-元)", "the row has money that came in and money that left")
	case isOut:
		l.Amount = w.yuan("支出金额(-元)", "CNY")
		a.add("#支出合计", w)
	default:
		l.Amount = w.yuan("收入金额(+元)", "CNY")
		a.add("#收入合计", w)
	}
	if in != "" && l.Amount < 0 && out == "" || out != "" && l.Amount > 0 && in == "" {
		w.problem(AmountInvalid, "支出金额(-元)", "the sign of the amount is not that of its column")
	}
	l.Kind = flowKind(w.text("业务类型"), l.Amount)
	return l
}
