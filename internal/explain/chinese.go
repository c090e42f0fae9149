package explain

import (
	"text/template"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

var chinese = &catalogue{
	states: map[claim.State]string{
		claim.Authenticating:   "等待对每件索赔商品的鉴定结果。",
		claim.InReview:         "等待人工审核：仅凭鉴定结果无法判定。",
		claim.Notified:         "等待商家确认，或违约通知期届满。",
		claim.Appealed:         "等待申诉评审。",
		claim.AwaitingApproval: "等待两名复核人复核金额。",
		claim.Paying:           "等待支付渠道的结果，或等待补足资金。",
		claim.PayoutFailed:     "等待运营人员重试失败或退回的赔付打款。",
		claim.Paid:             "已结束：应赔金额已全部到达消费者。",
		claim.Rejected:         "已结束：无需赔付。",
		claim.Withdrawn:        "已结束：索赔人撤回了索赔。",
		claim.Expired:          "已结束：始终未收到证明。",
	},
	names: map[claim.State]string{
		claim.Authenticating: "鉴定中", claim.InReview: "人工审核中", claim.Notified: "已通知商家", claim.Appealed: "申诉中",
		claim.AwaitingApproval: "待复核", claim.Paying: "赔付中", claim.PayoutFailed: "打款失败", claim.Paid: "已赔付",
		claim.Rejected: "已驳回", claim.Withdrawn: "已撤回", claim.Expired: "已失效",
	},
	money: map[claim.State]string{
		claim.Authenticating:   "资金不动。复检时已冻结的金额保持冻结。",
		claim.InReview:         "资金不动。已冻结的金额在人工决定前保持冻结。",
		claim.Notified:         "按规则约定的扣款顺序冻结应赔金额，以各来源现有余额为限。",
		claim.Appealed:         "资金不动，保持冻结。",
		claim.AwaitingApproval: "资金不动，保持冻结。",
		claim.Paying:           "扣划冻结金额，不足部分从各来源扣款，其余在规则限额内先行垫付；已到位的每部分发起打款。重试时重新发起失败的打款。",
		claim.PayoutFailed:     "失败或退回的打款金额重新待付。",
		claim.Paid:             "最后一笔打款记为到账。应赔金额为零时无需打款即进入本状态。",
		claim.Rejected:         "解冻。",
		claim.Withdrawn:        "解冻。",
		claim.Expired:          "解冻。",
	},
	triggers: map[claim.Trigger]string{
		claim.Filed:               "消费者通过订单服务提交了索赔",
		claim.ResultCounterfeit:   "充分的鉴定结果认定至少一件为假货",
		claim.ResultGenuine:       "充分的鉴定结果认定全部为正品",
		claim.ResultUndecided:     "鉴定结果相互矛盾、没有结论，或不足以单独定案",
		claim.ResultLapsed:        "等待鉴定结果的期限届满",
		claim.ReviewUpheld:        "审核人认定有商品为假货",
		claim.ReviewRejected:      "审核人认定无需赔付",
		claim.ReviewRetest:        "审核人要求重新鉴定",
		claim.ReviewExpired:       "审核人因始终未收到证明而结案",
		claim.Accepted:            "商家确认了赔付",
		claim.NoticeLapsed:        "违约通知期届满而商家未答复",
		claim.PaidInFull:          "应赔金额的最后一部分已到达消费者",
		claim.PayoutFailedForGood: "支付渠道告知一笔打款最终失败",
		claim.PayoutRetried:       "运营人员重新发起了失败的打款",
		claim.PayoutReturned:      "一笔已到账的打款被退回",
		claim.WithdrawnByClaimant: "索赔人撤回了索赔",
	},
	parties: map[claim.Party]string{
		claim.PartyAuthenticator: "鉴定机构出具结果", claim.PartyReviewer: "审核人作出决定", claim.PartyMerchant: "商家答复",
		claim.PartyAppealPanel: "申诉评审作出决定", claim.PartyApprovers: "两名复核人复核金额", claim.PartyGateway: "支付渠道告知结果",
		claim.PartyOperator: "运营人员再次打款", claim.PartyNobody: "无需任何人处理，索赔已结束",
	},
	actions: map[claim.Action]string{
		claim.ActionRecordResult: "录入鉴定结果", claim.ActionDecideReview: "作出审核决定", claim.ActionConfirmNotice: "确认通知已送达",
		claim.ActionAccept: "确认赔付", claim.ActionWithdraw: "撤回索赔", claim.ActionRetryPayout: "重试打款",
	},
	deadlines: map[claim.Deadline]string{
		claim.DeadlineResult:         "等待鉴定结果的期限届满，转人工审核",
		claim.DeadlineReview:         "审核超时，升级给专人处理，索赔状态不变",
		claim.DeadlineNoticeDelivery: "通知未送达，升级给专人处理，索赔状态不变，不扣款",
		claim.DeadlineNotice:         "违约通知期届满，索赔成立并向商家扣款",
	},
	verdicts: map[claim.Verdict]string{
		claim.Pending: "待定", claim.Counterfeit: "假货", claim.Genuine: "正品", claim.Inconclusive: "无结论",
	},
	bases: map[policy.LegalBasis]string{
		policy.Promise: "假一赔十承诺", policy.FoodSafety148: "《食品安全法》第一百四十八条",
		policy.ConsumerProtection55: "《消费者权益保护法》第五十五条", policy.Best: "最有利的依据",
	},
	effects: map[claim.MoneyEffect]*template.Template{
		claim.EffectHold:         phrase("冻结{{.Amount}}"),
		claim.EffectRelease:      phrase("解冻{{.Amount}}"),
		claim.EffectCapture:      phrase("扣划冻结的{{.Amount}}"),
		claim.EffectFund:         phrase("另从商家各来源扣款或先行垫付至多{{.Amount}}"),
		claim.EffectInstruct:     phrase("向消费者打款至多{{.Amount}}"),
		claim.EffectPayableAgain: phrase("{{.Amount}}重新待付"),
		claim.EffectConfirm:      phrase("{{.Amount}}记为已到账"),
	},
	roles: map[string]string{
		"order-service": "订单服务", "support": "客服", "adjudicator": "审核人", "approver": "复核人", "finance": "财务",
		"merchant": "商家", "authenticator": "鉴定机构", "operator": "运营人员", "auditor": "审计人员", "system": "系统",
	},
	phrases: phrases{
		why:       phrase("索赔{{.Claim}}自{{.Since}}起处于“{{.State}}”，原因：{{.Trigger}}；操作方：{{.Role}}。"),
		note:      phrase("附言：“{{.Note}}”。"),
		result:    phrase("依据的鉴定结果：{{.Authenticator}}的报告{{.Report}}，证据等级{{.Rank}}（共8级），结论：{{.Units}}。"),
		turn:      phrase("下一步：{{.Party}}。"),
		escalated: phrase("已标记需专人处理：期限已过，或支付渠道的说法前后矛盾。"),
		time:      phrase("{{.At}}：{{.What}}。"),
		timeless:  phrase("没有到期自动发生的事项。"),
		awarded: phrase("第{{.Revision}}次结论认定为{{.Verdict}}，应赔{{.Total}}：退款{{.Refund}}，惩罚性赔偿{{.Compensation}}；" +
			"依据{{.Basis}}，规则{{.Policy}}第{{.Version}}版；{{.AllUnits}}件中{{.Units}}件计入，基数{{.Base}}，倍数{{.Multiplier}}。"),
		floor:     phrase("适用合并计算的保底金额。"),
		cap:       phrase("适用合并计算的封顶金额。"),
		funding:   phrase("目前已到位{{.Funded}}，打款途中{{.InFlight}}，已到达消费者{{.Paid}}。"),
		held:      phrase("已为此冻结{{.Held}}。"),
		shortfall: phrase("尚有差额{{.Shortfall}}无人承担。"),
		noAward:   phrase("尚无应赔金额。"),
		choice:    phrase("{{.Action}}（{{.Roles}}）：{{.What}}。"),
		stays:     phrase("索赔仍为“{{.State}}”"),
		moves:     phrase("{{.Trigger}}，索赔转为“{{.State}}”"),
		unpriced:  phrase("冻结金额在结论定价后得知"),
		deadline:  phrase("如无其他事项，{{.At}}{{.What}}"),
	},
	timeForm: "北京时间2006年1月2日15:04",
	and:      "；",
	none:     "无人",
}
