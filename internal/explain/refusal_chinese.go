package explain

import (
	"text/template"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

var chineseRefusals = refusals{
	reasons: map[fault.Reason]*template.Template{
		fault.RequestInvalid:    sentence("请求无效{{if .Field}}：字段{{.Field}}{{if .Rule}}{{.Rule}}{{else}}不符合要求{{end}}{{end}}。"),
		fault.AmountOutOfRange:  sentence("金额超出允许范围{{if .Field}}：字段{{.Field}}{{end}}{{if .maxMinor}}，最多{{.maxMinor}}{{if not .currency}}（最小货币单位）{{end}}{{end}}。"),
		fault.PageTokenInvalid:  sentence("翻页标记不属于该列表，请从第一页重新开始。"),
		fault.FilterUnsupported: sentence("不支持这样筛选或排序索赔{{if .Field}}（字段{{.Field}}）{{end}}。"),
		fault.BatchTooLarge:     sentence("批量过大{{if .maxPerRequest}}，每次最多{{.maxPerRequest}}项{{end}}。"),

		fault.RequestIDReused:      sentence("请求编号{{.requestId}}已用于另一个内容不同的请求。"),
		fault.RequestNotFound:      sentence("没有受理过该编号的请求{{if .requestId}}：{{.requestId}}{{end}}。"),
		fault.ClaimChanged:         sentence("索赔{{.claimId}}在此期间已有变化，请重新读取。"),
		fault.TransactionContended: sentence("另一项变更正在进行，本次未作任何变更，请重试。"),
		fault.QueueFull:            sentence("该商家等待处理的请求过多，请稍后重试。"),
		fault.DatabaseUnavailable:  sentence("服务暂时不可用，请再次发送同一请求。"),
		fault.OutcomeUnknown:       sentence("尚不清楚请求是否已执行，请用相同的请求编号再次发送以确认。"),

		fault.WatchTokenInvalid: sentence("订阅的续传标记无效，请不带标记重新开始。"),
		fault.WatchTooSlow:      sentence("订阅接收过慢，请用最后的标记继续。"),
		fault.WatchEnded:        sentence("服务器结束了订阅，请用最后的标记继续。"),
		fault.WatchersFull:      sentence("服务器的订阅数已满{{if .watchersMax}}（{{.watchersMax}}个）{{end}}，请换一台服务器。"),

		fault.CredentialMissing:       sentence("需要证明您的身份{{if .metadata}}：缺少{{.metadata}}{{end}}。"),
		fault.CredentialInvalid:       sentence("您的身份证明无效{{if .metadata}}：{{.metadata}}{{end}}{{if .spiffeId}}（{{.spiffeId}}）{{end}}。"),
		fault.AccessDenied:            sentence("您无权执行此操作{{if .role}}（角色{{.role}}）{{end}}{{if .method}}：{{.method}}{{end}}。"),
		fault.PersonRequired:          sentence("此操作须由具体人员执行，但请求未指明人员。"),
		fault.SamePerson:              sentence("此操作须由另一人执行。"),
		fault.AuthenticatorNotTrusted: sentence("鉴定机构{{.authenticatorId}}未获准鉴定该类商品。"),
		fault.RateLimited:             sentence("调用过于频繁{{if .callsPerSecond}}，每秒最多{{.callsPerSecond}}次{{end}}。"),

		fault.MerchantNotFound:        sentence("商家{{.merchantId}}没有账簿。"),
		fault.MerchantAlreadyOpened:   sentence("商家{{.merchantId}}已有账簿。"),
		fault.ClaimNotFound:           sentence("没有该编号的索赔{{if .claimId}}：{{.claimId}}{{end}}，请核对是否输错。"),
		fault.OrderLineNotFound:       sentence("订单行{{.orderLineId}}不存在。"),
		fault.OrderLineChanged:        sentence("订单行{{.orderLineId}}与首次收到的内容不一致。"),
		fault.OrderLineDamaged:        sentence("已存储的订单行{{.orderLineId}}受损，需运营人员处理。"),
		fault.PolicyNotFound:          sentence("没有适用的规则{{if .policyId}}：{{.policyId}}{{end}}。"),
		fault.PolicyAlreadyPublished:  sentence("规则{{.policyId}}的该版本已发布。"),
		fault.PolicyNoticeTooShort:    sentence("规则须在公示至少七日后生效{{if .earliestEffectiveFrom}}，最早为{{.earliestEffectiveFrom}}{{end}}。"),
		fault.AuthenticatorNotFound:   sentence("鉴定机构{{.authenticatorId}}未登记。"),
		fault.AuthenticatorRegistered: sentence("鉴定机构{{.authenticatorId}}已登记。"),
		fault.PayoutNotFound:          sentence("没有该笔打款{{if .payoutId}}：{{.payoutId}}{{else if .outNumber}}：{{.outNumber}}{{end}}。"),
		fault.ResultNotFound:          sentence("没有该鉴定结果{{if .resultId}}：{{.resultId}}{{end}}。"),
		fault.TransferNotFound:        sentence("没有该笔保证金缴款{{if .reference}}：{{.reference}}{{end}}。"),
		fault.WebhookNotFound:         sentence("没有该推送地址{{if .webhookId}}：{{.webhookId}}{{end}}。"),
		fault.EventNotFound:           sentence("没有该事件{{if .eventNumber}}：{{.eventNumber}}{{end}}。"),
		fault.ResultAlreadyRecorded:   sentence("该报告已录入{{if .resultId}}，结果编号{{.resultId}}{{end}}。"),
		fault.ReferenceAlreadyUsed:    sentence("凭证号{{.reference}}已被使用。"),

		fault.ClaimAlreadyFiled:   sentence("{{if .unit}}第{{.unit}}件商品{{else}}该商品{{end}}已提交过索赔{{if .claimId}}：{{.claimId}}{{end}}。"),
		fault.ClaimWindowClosed:   sentence("已超过可以索赔的期限{{if .closedAt}}（截止{{.closedAt}}）{{end}}，仍可向法院起诉或拨打12315投诉。"),
		fault.OrderNotEligible:    sentence("订单行{{.orderLineId}}不符合索赔条件。"),
		fault.ClaimantNotEligible: sentence("只有付款人或收货人可以索赔。"),
		fault.UnitsOutOfRange:     sentence("{{if .unit}}第{{.unit}}件{{else}}所列商品{{end}}不在该订单行之内{{if .quantity}}，该订单行共{{.quantity}}件{{end}}。"),
		fault.UnitNotClaimed:      sentence("{{if .unit}}第{{.unit}}件{{else}}该商品{{end}}不在索赔{{.claimId}}之内。"),
		fault.PricingGroupFull:    sentence("同一商品合并计价的索赔过多{{if .membersMax}}，最多{{.membersMax}}件{{end}}。"),

		fault.ClaimStateConflict:     sentence("索赔{{.claimId}}目前不能进行此操作{{if .state}}：当前状态为“{{.state}}”{{end}}。"),
		fault.PayoutStateConflict:    sentence("打款{{.payoutId}}目前不能进行此操作{{if .state}}：当前状态为“{{.state}}”{{end}}{{if .notAfter}}，在{{.notAfter}}之前仍可能支付{{end}}。"),
		fault.NoticeAlreadyConfirmed: sentence("通知送达已确认{{if .confirmedAt}}，送达时间：{{.confirmedAt}}{{end}}。"),
		fault.AppealWindowClosed:     sentence("申诉期限已过{{if .closedAt}}，截止{{.closedAt}}{{end}}。"),
		fault.AppealAlreadyDecided:   sentence("对该结论{{if .revision}}（第{{.revision}}次）{{end}}的申诉已有决定。"),
		fault.ReconsiderationUsed:    sentence("该决定不能再次复议{{if .claimId}}（索赔{{.claimId}}）{{end}}。"),
		fault.ReconsiderationTooLate: sentence("请求复议的期限已过{{if .closedAt}}，截止{{.closedAt}}{{end}}。"),
		fault.EvidenceNotNew:         sentence("索赔{{.claimId}}已有该证据，复议须提交新的证据。"),
		fault.ApprovalVoid:           sentence("索赔已有变化，原复核不再有效。"),
		fault.ClockStateConflict:     sentence("索赔{{.claimId}}的时限已处于所要求的状态，或没有正在计算的时限。"),
		fault.ResultAlreadyRetracted: sentence("鉴定结果{{.resultId}}已撤回。"),

		fault.WebhookURLRefused: sentence("不能向该地址推送事件。"),
		fault.WebhookLimit:      sentence("推送地址数量已达上限{{if .webhooksMax}}（{{.webhooksMax}}个）{{end}}。"),

		fault.CurrencyMismatch:        sentence("币种不符{{if .expected}}：应为{{.expected}}{{end}}{{if .given}}，而不是{{.given}}{{end}}。"),
		fault.DepositInsufficient:     sentence("保证金不足{{if .availableMinor}}：可用{{.availableMinor}}{{end}}{{if .requiredMinor}}，需要{{.requiredMinor}}{{end}}。"),
		fault.ShopFundsInsufficient:   sentence("店铺货款不足{{if .availableMinor}}：可用{{.availableMinor}}{{end}}{{if .requiredMinor}}，需要{{.requiredMinor}}{{end}}。"),
		fault.TransferAlreadyReversed: sentence("该笔缴款已冲回{{if .transferNumber}}（转账{{.transferNumber}}）{{end}}。"),
		fault.HoldAlreadyCaptured:     sentence("冻结金额已扣划{{if .hold}}（冻结{{.hold}}）{{end}}。"),
		fault.HoldAlreadyReleased:     sentence("冻结金额已解冻{{if .hold}}（冻结{{.hold}}）{{end}}。"),
		fault.HoldExceeded:            sentence("冻结金额不足{{if .leftMinor}}：剩余{{.leftMinor}}{{end}}。"),
		fault.HoldAlreadyExpired:      sentence("冻结已到期{{if .hold}}（冻结{{.hold}}）{{end}}。"),
		fault.HoldNotFound:            sentence("索赔{{.claimId}}没有冻结金额。"),
		fault.FreeAmountExceeded:      sentence("超出可用金额{{if .freeMinor}}：可用{{.freeMinor}}{{end}}{{if .askedMinor}}，申请{{.askedMinor}}{{end}}。"),
		fault.SweepDue:                sentence("入账资金正在用于清偿欠款，可用金额待其完成后得知。"),
		fault.DebtNotFound:            sentence("没有该笔欠款{{if .debtId}}：{{.debtId}}{{end}}。"),
		fault.DebtExceeded:            sentence("欠款不足所涉金额{{if .openMinor}}：未清{{.openMinor}}{{end}}{{if .askedMinor}}，申请{{.askedMinor}}{{end}}。"),
		fault.ClawBackExceeded:        sentence("超出消费者应退还的金额{{if .owedMinor}}：应退{{.owedMinor}}{{end}}{{if .askedMinor}}，告知{{.askedMinor}}{{end}}。"),
		fault.CouponExceeded:          sentence("超出优惠券余额{{if .leftMinor}}：剩余{{.leftMinor}}{{end}}{{if .askedMinor}}，告知{{.askedMinor}}{{end}}。"),
		fault.ExitNotPossible:         sentence("商家尚不能退出{{if .possibleFrom}}，最早为{{.possibleFrom}}{{end}}。"),
		fault.ExitStateConflict:       sentence("商家{{.merchantId}}目前的退出状态不允许此操作。"),
		fault.ProposalNotFound:        sentence("没有该处理建议{{if .proposalNumber}}：{{.proposalNumber}}{{end}}。"),
		fault.ProposalStateConflict:   sentence("处理建议{{.proposalNumber}}目前不能进行此操作。"),
	},
	rules: []rule{
		{"REQUIRED", "必填"}, {"PATTERN", "格式不正确"}, {"MAX_LEN", "过长"}, {"MAX_BYTES", "过长"}, {"MIN_LEN", "过短"},
		{"MAX_ITEMS", "项数过多"}, {"MIN_ITEMS", "项数过少"}, {"UNIQUE", "有重复项"}, {"DEFINED_ONLY", "不是允许的取值"},
		{"NOT_IN", "不是允许的取值"}, {"IN", "不是允许的取值"}, {"GTE_LTE", "超出允许范围"}, {"GT_LTE", "超出允许范围"},
		{"GTE", "过小"}, {"GT", "过小"}, {"LTE", "过大"}, {"LT", "过大"},
	},
	outages: map[string]string{
		"DeadlineExceeded": "等待答复超时，尚不清楚请求是否已受理，请用相同的请求编号再次发送。",
		"Canceled":         "调用已取消，尚不清楚请求是否已受理。",
		"Internal":         "服务内部出错，请将调用编号告知运营人员。",
		"Unimplemented":    "服务不支持该调用。",
	},
	states: map[payout.State]string{
		payout.Instructed: "打款途中", payout.Succeeded: "已到账", payout.Failed: "已失败", payout.Returned: "已退回",
	},
	retry: sentence("请在{{.After}}后重试。"),
	other: "请求未能执行。",
}
