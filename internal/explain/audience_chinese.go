package explain

import (
	"text/template"

	"github.com/tenfold-claims/tenfold/internal/claim"
)

var chineseConsumer = consumerWords{
	states: map[claim.State]string{
		claim.Authenticating:   "我们已收到您的索赔，商品正在鉴定。",
		claim.InReview:         "仅凭鉴定尚不能定论，您的索赔正由专人审核。",
		claim.Notified:         "鉴定支持您的索赔。正在通知商家，商家仍可提出异议。",
		claim.Appealed:         "商家对您的索赔提出了异议。",
		claim.AwaitingApproval: "您的索赔成立，付款前正在核对金额。",
		claim.Paying:           "您的索赔成立，正在向您付款。",
		claim.PayoutFailed:     "您的索赔成立，但有一笔付款未能成功。",
		claim.Paid:             "您的索赔成立，款项已全部付给您。",
		claim.Rejected:         "您的索赔经审查未获支持，不予赔付。",
		claim.Withdrawn:        "您已撤回索赔。",
		claim.Expired:          "因一直未收到证明，您的索赔已关闭。",
	},
	turns: map[claim.Party]string{
		claim.PartyAuthenticator: "现在等待鉴定机构，您无需操作。",
		claim.PartyReviewer:      "现在由我们作出决定，您无需操作。",
		claim.PartyMerchant:      "现在等待商家，您无需操作。",
		claim.PartyAppealPanel:   "现在由我们就异议作出决定，您无需操作。",
		claim.PartyApprovers:     "现在由我们核对金额，您无需操作。",
		claim.PartyGateway:       "现在等待支付渠道，您无需操作。",
		claim.PartyMerchantFunds: "有一部分款项尚未到位，到位后将立即付给您。",
		claim.PartyOperator:      "现在由我们重新付款。",
		claim.PartyNobody:        "索赔已结束。",
	},
	deadlines: map[claim.Deadline]*template.Template{
		claim.DeadlineResult:         sentence("如果到{{.At}}仍无鉴定结论，将由专人决定。"),
		claim.DeadlineReview:         sentence("预计在{{.At}}之前作出决定。"),
		claim.DeadlineNoticeDelivery: sentence("商家应在{{.At}}之前确认收到通知。"),
		claim.DeadlineNoticeDeemed:   sentence("到{{.At}}，即使商家未答复，也视为已通知。"),
		claim.DeadlineNotice:         sentence("如果商家到{{.At}}未提出异议，您的索赔即成立。"),
		claim.DeadlineAppeal:         sentence("预计在{{.At}}之前就异议作出决定。"),
		claim.DeadlineApproval:       sentence("预计在{{.At}}之前核对完金额。"),
		claim.DeadlineFunds:          sentence("如果到{{.At}}款项仍未到位，我们会专门处理。"),
	},
	actions: map[claim.Action]string{
		claim.ActionWithdraw:   "您可以在提交索赔的地方撤回索赔。",
		claim.ActionReconsider: "如有新的证据，您可以在提交索赔的地方请求我们重新决定。",
	},
	advice: map[claim.State]string{
		claim.Authenticating:   "您可以通过客服补充证据，例如照片或鉴定报告。",
		claim.InReview:         "您可以通过客服补充证据，例如照片或鉴定报告。",
		claim.Notified:         "如有疑问，请联系客服。",
		claim.Appealed:         "您可以通过客服补充证据，例如照片或鉴定报告。",
		claim.AwaitingApproval: "如有疑问，请联系客服。",
		claim.Paying:           "如有疑问，请联系客服。",
		claim.PayoutFailed:     "请与客服核对收款账户是否正确。",
		claim.Paid:             "如未收到款项，请联系客服。",
		claim.Rejected:         "如有异议，请联系客服，也可以拨打12315投诉或向法院起诉。",
		claim.Withdrawn:        "如有疑问，请联系客服。",
		claim.Expired:          "如果您现在有证明，请联系客服，也可以拨打12315投诉或向法院起诉。",
	},
	number:     sentence("关于您的索赔{{.Claim}}（订单{{.Order}}，商品{{.Product}}）："),
	timeless:   sentence("下一步没有固定的时间。"),
	stopped:    sentence("目前时限已中止，下一步没有固定的时间。"),
	stake:      sentence("如果索赔按目前的结论成立，您将获得{{.Total}}：退款{{.Refund}}，赔偿{{.Compensation}}。"),
	due:        sentence("您将获得{{.Total}}：退款{{.Refund}}，赔偿{{.Compensation}}。"),
	reached:    sentence("已付给您{{.Paid}}，另有{{.InFlight}}正在付款途中。"),
	none:       sentence("是否赔付尚未决定。"),
	refundable: sentence("第{{.Units}}件不属于承诺所指的假货，您可以在购买处申请普通退款。"),
	repay:      sentence("此前付给您的款项没有依据，您需要退还{{.Amount}}。"),
}
