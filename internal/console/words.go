package console

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// The languages of the console.
const (
	english = "en"
	chinese = "zh"
)

// texts are the words of the pages in both languages. What is told of a claim is not among them:
// the server tells it.
var texts = map[string][2]string{
	"home": {"Work", "工作台"}, "claims": {"Claims", "索赔"}, "found": {"Found claims", "查询结果"}, "books": {"Merchants", "商家"},
	"proposals": {"Proposals", "待批提议"}, "breaks": {"Breaks", "对账差异"}, "break": {"Break", "对账差异"}, "failed": {"Not possible", "无法完成"},
	"confirm": {"Go on?", "确认操作"}, "sign.in": {"Who are you?", "请说明身份"},

	"sign.person": {"Your id", "您的编号"}, "sign.role": {"Role", "角色"}, "sign.merchant": {"Merchant", "商家编号"}, "sign.go": {"Go on", "继续"},
	"sign.why":     {"This console runs on this machine only and believes what you say. Elsewhere a proxy signs people in.", "本控制台仅限本机使用，以您所说为准；正式环境由登录代理认证身份。"},
	"sign.invalid": {"An id has letters, digits, - and _, 64 at most.", "编号只能含字母、数字、- 和 _，最多 64 位。"},
	"sign.missing": {"The proxy in front of this console has not signed you in.", "登录代理未提供您的身份凭证。"},
	"sign.signed":  {"Your role needs the merchant that you work for.", "请填写您所属的商家编号。"},
	"language":     {"中文", "English"},

	"search": {"Find claims", "查找索赔"}, "search.go": {"Find", "查找"},
	"search.empty": {"Nothing to look for was entered.", "请输入要查找的内容。"},
	"search.id":    {"This is not the id of a claim: its check character does not fit. Look for a slip of the pen.", "索赔编号有误：校验位不符，请检查是否输错。"},
	"by.claim":     {"claim id", "索赔编号"}, "by.order_id": {"order", "订单号"}, "by.claimant_id": {"consumer", "消费者"}, "by.payment_id": {"payment", "支付单号"},
	"by.out_number": {"payout number", "打款单号"}, "by.gateway_reference": {"payment service's number", "渠道流水号"}, "by.report_number": {"report", "鉴定报告号"},
	"by.external_reference": {"ticket", "外部单号"}, "by.product_id": {"product", "商品"},

	"queues": {"Queues", "队列"}, "mine": {"Yours", "由您处理"}, "mine.none": {"Nothing waits for you.", "暂无待您处理的索赔。"},
	"take.review": {"Take the next review", "领取下一件审核"}, "take.appeal": {"Take the next appeal", "领取下一件申诉"},
	"none": {"Nothing was found.", "没有记录。"}, "total": {"in all", "合计"}, "next": {"Next page", "下一页"},

	"claim": {"Claim", "索赔"}, "merchant": {"Merchant", "商家"}, "state": {"State", "状态"}, "since": {"since", "始于"}, "turn": {"Turn", "等待"},
	"deadline": {"Deadline", "期限"}, "exposure": {"At stake", "可能金额"}, "assignee": {"With", "处理人"}, "filed": {"Filed", "提出时间"},
	"retest": {"Re-test", "复检"}, "retest.draw": {"drawn at", "抽签时间"},
	"escalated": {"overdue", "已逾期"}, "contested": {"contested, may change", "有争议，可能改变"}, "order": {"Order", "订单"}, "product": {"Product", "商品"}, "consumer": {"Consumer", "消费者"},
	"verdict": {"Verdict", "结论"}, "award": {"Award", "赔付金额"}, "refund": {"Refund", "退款"}, "compensation": {"Compensation", "赔偿"},
	"why": {"What happened and why", "经过与原因"}, "can": {"What can be done", "可以做什么"}, "timeline": {"Timeline", "时间线"},
	"by": {"By", "操作人"}, "when": {"When", "时间"}, "what": {"What", "事项"}, "units": {"Units", "件"}, "unit": {"Unit", "第几件"},
	"results": {"Results", "鉴定结果"}, "body": {"Body", "鉴定机构"}, "report": {"Report", "报告号"}, "rank": {"Rank", "证明力等级"}, "retracted": {"taken back", "已撤回"},
	"payouts": {"Payouts", "打款"}, "part": {"Part", "款项"}, "amount": {"Amount", "金额"}, "number": {"Number", "单号"}, "notes": {"Notes", "备注"},
	"evidence": {"Evidence", "证据"}, "kind": {"Kind", "类型"}, "reference": {"Reference", "编号"},
	"take": {"Take it", "由我处理"}, "release": {"Give it back", "退回队列"}, "note.add": {"Add note", "添加备注"}, "note.text": {"Note", "备注内容"}, "note.for": {"Who reads it", "可见范围"},
	"effect.next": {"The claim would be", "之后状态"}, "effect.unpriced": {"The amount is computed with the verdict.", "金额随结论计算。"},
	"effect.elsewhere": {"Taken by", "由以下系统操作"}, "effect.until": {"until", "截止"},
	"reason": {"Reason", "理由"}, "reason.optional": {"Reason (may be empty)", "理由（可不填）"}, "document": {"Document", "文书编号"}, "destination": {"Another destination (empty: the same)", "更换收款账户（不填则不变）"},
	"override": {"Reason to decide although it is with somebody else", "越过当前处理人作出决定的理由"}, "preview": {"See what would happen", "预览结果"},
	"vote.approve": {"approve", "同意"}, "vote.refuse": {"refuse", "拒绝"}, "go.on": {"Do it", "确认执行"}, "back": {"Back", "返回"},
	"before": {"Now", "现在"}, "after": {"Then", "之后"}, "confirm.why": {"Nothing has been stored yet. This is what the server decides now; if the claim changes in between, nothing is done.", "尚未保存。以下为系统此刻的判定；若其间索赔发生变化，则不会执行。"},

	"free": {"Free", "可用"}, "held": {"Held", "冻结"}, "receivable": {"Owed", "欠款"}, "shortfall": {"Missing", "缺口"}, "deposit": {"Deposit", "保证金"}, "funds": {"Shop funds", "货款"},
	"demand": {"Demanded deposit", "要求补缴"}, "debts": {"Debts", "欠款"}, "transfers": {"Transfers", "资金流水"}, "from": {"From", "转出"}, "to": {"To", "转入"}, "opened": {"Open", "未清"},
	"proposed.by": {"Proposed by", "提议人"}, "approve": {"Approve", "同意"}, "refuse": {"Refuse", "拒绝"}, "votes": {"Approved by", "已同意"},
	"class": {"Class", "类别"}, "side": {"Side", "来源"}, "day": {"Day", "日期"}, "expected": {"Expected", "应有"}, "found.amount": {"Found", "实际"}, "due": {"Due", "处理期限"},
	"comment": {"Comment", "备注"}, "close": {"Close", "关闭"}, "detail": {"Detail", "说明"},

	"done.taken": {"The claim is yours now.", "已领取该索赔。"}, "done.none": {"Nothing waits in this queue.", "该队列暂无待办。"}, "done.take": {"The claim is yours now.", "已由您处理。"},
	"done.release": {"The claim went back to its queue.", "已退回队列。"}, "done.note": {"The note was added.", "备注已添加。"}, "done.decided": {"Done.", "已执行。"},
	"done.approved": {"Your approval is kept.", "已记录您的同意。"}, "done.refused": {"The proposal was refused.", "提议已拒绝。"}, "done.break": {"Done.", "已执行。"},

	"form.unreadable": {"The form cannot be read, or is too large.", "表单无法读取或过大。"}, "form.choice": {"Choose one of the possible decisions.", "请选择一项决定。"}, "form.units": {"Give each unit one verdict.", "请为每件商品选择结论。"},
	"take.nobody":  {"Your token does not tell your id, so nothing can be assigned to you: --person-claim of the console names the claim.", "您的身份凭证未含编号，无法分派给您（见控制台的 --person-claim 设置）。"},
	"page.missing": {"There is no such page.", "页面不存在。"}, "page.broken": {"This page cannot be shown.", "页面无法显示。"},
	"server.away": {"The server cannot be reached, or could not answer. Nothing can be said about what was sent; try again, it is carried out once.", "服务器暂时无法应答，无法确认请求是否已执行；可重试，系统保证只执行一次。"},
}

// say is a text in a language; a key that is none is shown itself.
func say(language, key string) string {
	t, ok := texts[key]
	switch {
	case !ok:
		return key
	case language == chinese:
		return t[1]
	}
	return t[0]
}

// known says whether there is a text.
func known(key string) bool { _, ok := texts[key]; return ok && strings.HasPrefix(key, "done.") }

// wordOf is the value of an enum without the enum's own name: IN_REVIEW. A value that this
// program does not know is its number.
func wordOf(e protoreflect.Enum) string {
	x := e.Descriptor().Values().ByNumber(e.Number())
	if x == nil {
		return "?"
	}
	return bare(x)
}

// bare is a value's name without the name of its enum.
func bare(x protoreflect.EnumValueDescriptor) string {
	values := x.Parent().(protoreflect.EnumDescriptor).Values()
	return strings.TrimPrefix(string(x.Name()), strings.TrimSuffix(string(values.ByNumber(0).Name()), "UNSPECIFIED"))
}

// named is a value of an enum in words.
func named(language string, e protoreflect.Enum) string {
	x := e.Descriptor().Values().ByNumber(e.Number())
	if x == nil || x.Number() == 0 {
		return ""
	}
	return namedValue(language, x)
}

func namedValue(language string, x protoreflect.EnumValueDescriptor) string {
	if word, ok := chineseWords[string(x.Name())]; ok && language == chinese {
		return word
	}
	return strings.ReplaceAll(strings.ToLower(bare(x)), "_", " ")
}
