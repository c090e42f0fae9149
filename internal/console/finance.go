package console

import (
	"net/http"
	"slices"

	"google.golang.org/protobuf/reflect/protoreflect"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// listBooks lists the merchants' books with what they have and owe.
func (s *console) listBooks(v *visit) error {
	r, err := s.books.ListBooks(v.ctx, &tenfoldv1.ListBooksRequest{PageSize: rowsMax, PageToken: v.query("page")})
	if err != nil {
		return err
	}
	v.render(http.StatusOK, "books", "books", struct {
		Books []*tenfoldv1.Book
		More  string
	}{r.GetBooks(), v.more(r.GetNextPageToken())})
	return nil
}

// showBook shows the book of a merchant: what it has, what it owes, and its last transfers.
func (s *console) showBook(v *visit) error {
	name := "merchants/" + v.r.PathValue("merchant")
	got, err := s.deposits.GetBook(v.ctx, &tenfoldv1.GetBookRequest{Name: name})
	if err != nil {
		return err
	}
	debts, err := may(s.deposits.ListDebts(v.ctx, &tenfoldv1.ListDebtsRequest{Parent: name, PageSize: rowsMax}))
	if err != nil {
		return err
	}
	transfers, err := may(s.deposits.ListTransfers(v.ctx, &tenfoldv1.ListTransfersRequest{
		Parent: name, PageSize: rowsMax, PageToken: v.query("page"), OrderBy: "recorded_at desc",
	}))
	if err != nil {
		return err
	}
	v.render(http.StatusOK, "book", v.r.PathValue("merchant"), struct {
		Book      *tenfoldv1.Book
		Debts     []*tenfoldv1.Debt
		Transfers []*tenfoldv1.Transfer
		More      string
	}{got.GetBook(), debts.GetDebts(), transfers.GetTransfers(), v.more(transfers.GetNextPageToken())})
	return nil
}

// listProposals lists the proposals that wait for a second person.
func (s *console) listProposals(v *visit) error {
	r, err := s.money.ListProposals(v.ctx, &tenfoldv1.ListProposalsRequest{
		Parent: v.parent(), State: tenfoldv1.ProposalState_PROPOSAL_STATE_OPEN, PageSize: rowsMax, PageToken: v.query("page"),
	})
	if err != nil {
		return err
	}
	v.render(http.StatusOK, "proposals", "proposals", struct {
		Proposals         []*tenfoldv1.Proposal
		Approves, Refuses bool
		RequestID, More   string
	}{
		r.GetProposals(), v.me.Role == "approver", slices.Contains([]string{"finance", "approver", "operator"}, v.me.Role),
		v.requestID(), v.more(r.GetNextPageToken()),
	})
	return nil
}

// vote approves a proposal, or refuses it.
func (s *console) vote(v *visit) (err error) {
	name := "merchants/" + v.r.PathValue("merchant") + "/proposals/" + v.r.PathValue("id")
	done := "done.approved"
	switch v.posted("action") {
	case "approve":
		_, err = s.money.ApproveProposal(v.ctx, &tenfoldv1.ApproveProposalRequest{Name: name, RequestId: v.requestID(), Note: v.posted("note")})
	case "refuse":
		done = "done.refused"
		_, err = s.money.RefuseProposal(v.ctx, &tenfoldv1.RefuseProposalRequest{Name: name, RequestId: v.requestID(), Note: v.posted("note")})
	default:
		return v.missing()
	}
	if err != nil {
		return err
	}
	return v.to("/proposals", done)
}

// listBreaks lists the breaks that nobody has closed, the first due first.
func (s *console) listBreaks(v *visit) error {
	r, err := s.reconciled.ListBreaks(v.ctx, &tenfoldv1.ListBreaksRequest{
		State: tenfoldv1.BreakState_BREAK_STATE_OPEN, PageSize: rowsMax, PageToken: v.query("page"), Merchant: v.query("merchant"),
	})
	if err != nil {
		return err
	}
	v.render(http.StatusOK, "breaks", "breaks", struct {
		Breaks []*tenfoldv1.Break
		More   string
	}{r.GetBreaks(), v.more(r.GetNextPageToken())})
	return nil
}

// showBreak shows a break with what was done about it.
func (s *console) showBreak(v *visit) error {
	r, err := s.reconciled.GetBreak(v.ctx, &tenfoldv1.GetBreakRequest{Name: "breaks/" + v.r.PathValue("id")})
	if err != nil {
		return err
	}
	v.render(http.StatusOK, "break", "break", struct {
		Break     *tenfoldv1.Break
		Works     bool
		Reasons   []protoreflect.EnumValueDescriptor
		RequestID string
	}{r.GetBreak(), v.me.Role == "finance", valuesOf(tenfoldv1.BreakCloseReason(0).Descriptor()), v.requestID()})
	return nil
}

// changeBreak assigns, comments or closes a break.
func (s *console) changeBreak(v *visit) (err error) {
	name, id, etag, note := "breaks/"+v.r.PathValue("id"), v.requestID(), v.posted("etag"), v.posted("note")
	switch v.posted("action") {
	case "take":
		if v.me.Person == "" {
			return formError("take.nobody")
		}
		_, err = s.reconciled.AssignBreak(v.ctx, &tenfoldv1.AssignBreakRequest{Name: name, RequestId: id, Etag: etag, Assignee: v.me.Person, Note: note})
	case "comment":
		_, err = s.reconciled.CommentBreak(v.ctx, &tenfoldv1.CommentBreakRequest{Name: name, RequestId: id, Etag: etag, Note: note})
	case "close":
		reason := tenfoldv1.BreakCloseReason_value["BREAK_CLOSE_REASON_"+v.posted("reason")]
		_, err = s.reconciled.CloseBreak(v.ctx, &tenfoldv1.CloseBreakRequest{
			Name: name, RequestId: id, Etag: etag, Note: note, Reason: tenfoldv1.BreakCloseReason(reason),
		})
	default:
		return v.missing()
	}
	if err != nil {
		return err
	}
	return v.to("/"+name, "done.break")
}
