package formats

import "time"

// alipayTrade is the list of trades (业务明细).
var alipayTrade = alipayLayout{
	title: "#支付宝业务明细查询", begins: "支付宝交易号",
	known: []columnSpec{
		{name: "支付宝交易号", required: true},
		{name: "商户订单号", required: true},
		{name: "业务类型", required: true},
		{name: "商品名称", required: true},
		{name: "创建时间"},
		{name: "完成时间", required: true},
		{name: "门店编号"},
		{name: "门店名称"},
		{name: "操作员"},
		{name: "终端号"},
		{name: "对方账户"},
		{name: "订单金额(元)", required: true},
		{name: "商家实收(元)", required: true},
		{name: "支付宝红包(元)"},
		{name: "集分宝(元)"},
		{name: "支付宝优惠(元)"},
		{name: "商家优惠(元)"},
		{name: "券核销金额(元)"},
		{name: "券名称"},
		{name: "商家红包消费金额(元)"},
		{name: "卡消费金额(元)"},
		{name: "退款批次号/请求号", required: true},
		{name: "服务费(元)"},
		{name: "分润(元)"},
		{name: "备注"},
	},
	totals: []alipayTotal{
		{"#交易合计", []alipaySum{{"商家实收共", "商家实收(元)"}, {"商家优惠共", "商家优惠(元)"}}},
		{"#退款合计", []alipaySum{{"商家实收退款共", "商家实收(元)"}, {"商家优惠退款共", "商家优惠(元)"}}},
	},
	row: alipayTradeRow,
}

// alipayTradeRow reads a trade, or a refund, whose amounts are below zero.
func alipayTradeRow(a *alipayFile, w *row) *Line {
	l := &Line{
		Place: w.line, Status: Done, Currency: "CNY", At: w.when("完成时间", time.DateTime, china),
		Amount: w.yuan("商家实收(元)", "CNY"), Reference: w.number("支付宝交易号", true), OutNumber: w.number("商户订单号", true),
	}
	switch kind := w.text("业务类型"); kind {
	case "交易":
		l.Kind = Payment
		if l.Amount < 0 {
			w.problem(AmountInvalid, "商家实收(元)", "%s is negative in a trade", w.text("商家实收(元)"))
		}
		l.identity = "t\x00" + l.Reference
		a.add("#交易合计", w)
	case "退款":
		l.Kind = Refund
		if l.Amount > 0 {
			w.problem(AmountInvalid, "商家实收(元)", "%s is positive in a refund", w.text("商家实收(元)"))
		}
		l.Original, l.OriginalOut = l.Reference, l.OutNumber
		l.OutNumber = w.number("退款批次号/请求号", true)
		l.Reference = ""
		l.identity = "r\x00" + l.Original + "\x00" + l.OutNumber
		a.add("#退款合计", w)
	default:
		w.problem(WordUnknown, "业务类型", "%s is not 交易 or 退款", kind)
	}
	return l
}
