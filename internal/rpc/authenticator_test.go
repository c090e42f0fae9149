package rpc_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch a field of a body or of a change that is lost between the wire and the store,
// a result that a batch records although its body is suspended, trust that is widened by one
// person over the wire, a list that leaves a change out or tells it twice, and contacts that
// strangers see.
func TestRegistryOverTheWire(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	lab := &tenfoldv1.Authenticator{
		Kind: tenfoldv1.AuthenticatorKind_AUTHENTICATOR_KIND_ACCREDITED_LAB, DisplayName: "CTI", Categories: []string{"food", "beauty"},
		Brands: []string{"Dior"}, TrademarkNumbers: []string{"3159141"}, Methods: []string{"GB/T 29679"},
		Accreditations: []*tenfoldv1.Accreditation{{Scheme: "CNAS", Number: "L1", ValidFrom: "2024-02-01", ValidUntil: "2027-01-31"}},
		Contacts:       []*tenfoldv1.AuthenticatorContact{{Role: "reports", DisplayName: "Desk", Email: "lab@example.com", Phone: "021"}},
	}
	registered, err := f.results.RegisterAuthenticator(f.asPerson("operator", "oscar"), &tenfoldv1.RegisterAuthenticatorRequest{
		RequestId: f.id(), AuthenticatorId: "cti", Authenticator: lab,
	})
	if err != nil {
		t.Fatal(err)
	}
	said := func(a *tenfoldv1.Authenticator) *tenfoldv1.Authenticator {
		a = proto.CloneOf(a)
		a.Name, a.RegisteredAt, a.State, a.Revision, a.LastAppliedNumber = "", nil, 0, 0, 0
		return a
	}
	a := registered.GetAuthenticator()
	if !proto.Equal(said(a), lab) || a.GetRevision() != 1 || a.GetState() != tenfoldv1.AuthenticatorState_AUTHENTICATOR_STATE_ACTIVE || a.GetRegisteredAt() == nil {
		t.Errorf("registered: %v", a)
	}
	if got, err := f.results.GetAuthenticator(f.as("merchant"), &tenfoldv1.GetAuthenticatorRequest{Name: a.GetName()}); err != nil || len(got.GetAuthenticator().GetContacts()) > 0 {
		t.Errorf("a merchant reads %v, %v", got, err)
	}
	if list, err := f.results.ListAuthenticators(f.as("support"), &tenfoldv1.ListAuthenticatorsRequest{PageSize: 1}); err != nil || list.GetAuthenticators()[0].GetName() != a.GetName() || list.GetNextPageToken() == "" {
		t.Errorf("listed: %v, %v", list, err)
	}

	wider := proto.CloneOf(lab)
	wider.Methods, wider.Accreditations[0].ValidUntil = nil, "2030-01-31"
	revise := &tenfoldv1.ReviseAuthenticatorRequest{Name: a.GetName(), RequestId: f.id(), Authenticator: wider, Revision: 1, Note: "renewed"}
	if got := refusal(errorOf(f.registry.ReviseAuthenticator(f.asPerson("operator", ""), revise))); got.reason != "PERSON_REQUIRED" {
		t.Errorf("widened by nobody: %+v", got)
	}
	impossible := proto.CloneOf(revise)
	impossible.Authenticator.Accreditations[0].ValidFrom = "2024-02-30"
	if got := refusal(errorOf(f.registry.ReviseAuthenticator(f.asPerson("operator", "oscar"), impossible))); got.code != codes.InvalidArgument || got.field != "authenticator.accreditations[0].valid_from" {
		t.Errorf("on 30 February: %+v", got)
	}
	asked, err := f.registry.ReviseAuthenticator(f.asPerson("operator", "oscar"), revise)
	if err != nil {
		t.Fatal(err)
	}
	c := asked.GetChange()
	if c.GetState() != tenfoldv1.AuthenticatorChangeState_AUTHENTICATOR_CHANGE_STATE_OPEN || c.GetRevision() != 2 || c.GetProposedBy() != "oscar" ||
		!slices.Equal(c.GetWidens(), []string{"methods", "accreditations"}) || !proto.Equal(said(c.GetAuthenticator()), wider) ||
		c.GetNote() != "renewed" || !proto.Equal(said(asked.GetAuthenticator()), lab) {
		t.Errorf("asked for: %v", asked)
	}
	f.outcome(revise.GetRequestId(), "merchants/-", "AuthenticatorService/ReviseAuthenticator", c.GetName())
	open, err := f.registry.ListOpenAuthenticatorChanges(f.as("approver"), &tenfoldv1.ListOpenAuthenticatorChangesRequest{})
	if err != nil || len(open.GetChanges()) != 1 || !proto.Equal(open.GetChanges()[0], c) {
		t.Errorf("open: %v, %v", open, err)
	}
	approve := &tenfoldv1.ApproveAuthenticatorChangeRequest{Name: c.GetName(), RequestId: f.id(), Note: "in the register of CNAS"}
	if got := refusal(errorOf(f.registry.ApproveAuthenticatorChange(f.asPerson("approver", "Oscar"), approve))); got.reason != "SAME_PERSON" {
		t.Errorf("approved by the same person: %+v", got)
	}
	done, err := f.registry.ApproveAuthenticatorChange(f.asPerson("approver", "anna"), approve)
	if err != nil || !proto.Equal(said(done.GetAuthenticator()), wider) || done.GetAuthenticator().GetRevision() != 2 ||
		done.GetChange().GetDecidedBy() != "anna" || done.GetChange().GetDecisionNote() != approve.GetNote() {
		t.Errorf("approved: %v, %v", done, err)
	}
	if got, err := f.registry.GetAuthenticatorChange(f.as("auditor"), &tenfoldv1.GetAuthenticatorChangeRequest{Name: c.GetName()}); err != nil || !proto.Equal(got.GetChange(), done.GetChange()) {
		t.Errorf("read: %v, %v", got, err)
	}
	f.registryFound(wider)
	f.registryDecisions(a.GetName())
	f.suspendedInBatch(a.GetName())
	f.changesInOrder(a.GetName())
}

// errorOf is the error of a call.
func errorOf[A any](_ A, err error) error { return err }

// registryFound finds and searches bodies, among them two that a batch registers.
func (f *fixture) registryFound(lab *tenfoldv1.Authenticator) {
	f.t.Helper()
	item := func(id string) *tenfoldv1.AuthenticatorToRegister {
		a := proto.CloneOf(lab)
		a.Accreditations[0].ValidUntil = "2025-12-31"
		return &tenfoldv1.AuthenticatorToRegister{AuthenticatorId: id, Authenticator: a}
	}
	batch := &tenfoldv1.BatchRegisterAuthenticatorsRequest{RequestId: f.id(), Items: []*tenfoldv1.AuthenticatorToRegister{item("old"), item("older")}, Note: "import"}
	got, err := f.registry.BatchRegisterAuthenticators(f.as("operator"), batch)
	if err != nil || len(got.GetItems()) != 2 || got.GetItems()[1].GetAuthenticator() != "authenticators/older" ||
		got.GetItems()[1].GetAction() != tenfoldv1.AuthenticatorAction_AUTHENTICATOR_ACTION_REGISTERED {
		f.t.Errorf("registered together: %v, %v", got, err)
	}
	batch.RequestId, batch.Items = f.id(), slices.Repeat(batch.Items, 1001)
	if got := refusal(errorOf(f.registry.BatchRegisterAuthenticators(f.as("operator"), batch))); got.reason != "BATCH_TOO_LARGE" || got.field != "items" {
		f.t.Errorf("2,002 bodies: %+v", got)
	}
	find := func(day, brand string) (ids []string) {
		f.t.Helper()
		r := &tenfoldv1.FindAuthenticatorsRequest{Category: "beauty/mascara", Brand: brand, AccreditedOn: day, PageSize: 2}
		for {
			page, err := f.registry.FindAuthenticators(f.as("merchant"), r)
			if err != nil {
				f.t.Fatal(err)
			}
			for _, a := range page.GetAuthenticators() {
				ids = append(ids, strings.TrimPrefix(a.GetName(), "authenticators/"))
			}
			if r.PageToken = page.GetNextPageToken(); r.PageToken == "" {
				return ids
			}
		}
	}
	sandbox := []string{"sandbox-brand", "sandbox-lab"}
	if ids := find("", "dior"); !slices.Equal(ids, append([]string{"cti"}, sandbox...)) {
		f.t.Errorf("today %v may judge it", ids)
	}
	if ids := find("2025-12-31", "Dior"); !slices.Equal(ids, append([]string{"cti", "old", "older"}, sandbox...)) {
		f.t.Errorf("on the last day of 2025 %v could judge it", ids)
	}
	if ids := find("", "Chanel"); !slices.Equal(ids, sandbox) {
		f.t.Errorf("goods of another brand %v may judge", ids)
	}
	if got := refusal(errorOf(f.registry.FindAuthenticators(f.as("support"), &tenfoldv1.FindAuthenticatorsRequest{Category: "a", AccreditedOn: "2026-02-30"}))); got.field != "accredited_on" {
		f.t.Errorf("on 30 February: %+v", got)
	}
	search := &tenfoldv1.SearchAuthenticatorsRequest{
		Text: "OLD", Kind: lab.GetKind(), State: tenfoldv1.AuthenticatorState_AUTHENTICATOR_STATE_ACTIVE,
		Brand: "dior", TrademarkNumber: "3159141", Category: "beauty", PageSize: 1,
	}
	page, err := f.registry.SearchAuthenticators(f.as("support"), search)
	if err != nil || len(page.GetAuthenticators()) != 1 || page.GetAuthenticators()[0].GetName() != "authenticators/old" {
		f.t.Fatalf("searched: %v, %v", page, err)
	}
	search.PageToken = page.GetNextPageToken()
	if page, err = f.registry.SearchAuthenticators(f.as("support"), search); err != nil || page.GetAuthenticators()[0].GetName() != "authenticators/older" || page.GetNextPageToken() != "" {
		f.t.Errorf("searched on: %v, %v", page, err)
	}
}

// registryDecisions refuses one change and withdraws another.
func (f *fixture) registryDecisions(name string) {
	f.t.Helper()
	suspended := f.suspend("sandbox-brand")
	ask := func() string {
		f.t.Helper()
		got, err := f.registry.ReinstateAuthenticator(f.asPerson("operator", "oscar"), &tenfoldv1.ReinstateAuthenticatorRequest{
			Name: suspended.GetAuthenticator().GetName(), RequestId: f.id(), Note: "inspected",
		})
		if err != nil {
			f.t.Fatal(err)
		}
		return got.GetChange().GetName()
	}
	refused, err := f.registry.RefuseAuthenticatorChange(f.asPerson("approver", "anna"), &tenfoldv1.RefuseAuthenticatorChangeRequest{Name: ask(), RequestId: f.id(), Note: "not yet"})
	if err != nil || refused.GetChange().GetState() != tenfoldv1.AuthenticatorChangeState_AUTHENTICATOR_CHANGE_STATE_REFUSED || refused.GetChange().GetDecidedBy() != "anna" {
		f.t.Errorf("refused: %v, %v", refused, err)
	}
	withdraw := &tenfoldv1.WithdrawAuthenticatorChangeRequest{Name: ask(), RequestId: f.id()}
	if got := refusal(errorOf(f.registry.WithdrawAuthenticatorChange(f.asPerson("operator", "otto"), withdraw))); got.reason != "ACCESS_DENIED" {
		f.t.Errorf("withdrawn by another person: %+v", got)
	}
	withdrawn, err := f.registry.WithdrawAuthenticatorChange(f.asPerson("operator", "oscar"), withdraw)
	if err != nil || withdrawn.GetChange().GetState() != tenfoldv1.AuthenticatorChangeState_AUTHENTICATOR_CHANGE_STATE_WITHDRAWN ||
		withdrawn.GetAuthenticator().GetState() != tenfoldv1.AuthenticatorState_AUTHENTICATOR_STATE_SUSPENDED {
		f.t.Errorf("withdrawn: %v, %v", withdrawn, err)
	}
	if name == suspended.GetAuthenticator().GetName() {
		f.t.Error("the wrong body was suspended")
	}
}

// suspendedInBatch records results of a body one by one and in a batch, before its
// suspension and after it.
func (f *fixture) suspendedInBatch(name string) {
	f.t.Helper()
	c := f.fileUnits("l1", "o1", 1, 2)
	item := func(report string) *tenfoldv1.ResultToRecord {
		r := f.reported(c, report, 1)
		r.Authenticator = name
		return r
	}
	if before := f.recordAll(f.as("operator"), item("R-1")); before[0].GetStatus().GetCode() != 0 {
		f.t.Fatalf("before the suspension: %v", before)
	}
	f.suspend(strings.TrimPrefix(name, "authenticators/"))
	own := f.reported(c, "R-3", 2)
	after := f.recordAll(f.as("operator"), item("R-2"), own)
	if got := refusal(itemError(after[0].GetStatus())); got.reason != "AUTHENTICATOR_SUSPENDED" || after[1].GetStatus().GetCode() != 0 {
		f.t.Errorf("after the suspension: %v", after)
	}
}

// changesInOrder lists the changes of a body and those of all.
func (f *fixture) changesInOrder(name string) {
	f.t.Helper()
	var numbers []int64
	token := ""
	for {
		page, err := f.registry.ListAppliedAuthenticatorChanges(f.as("auditor"), &tenfoldv1.ListAppliedAuthenticatorChangesRequest{
			PageSize: 2, PageToken: token, AfterAppliedNumber: 2,
		})
		if err != nil {
			f.t.Fatal(err)
		}
		for _, c := range page.GetChanges() {
			numbers = append(numbers, c.GetAppliedNumber())
		}
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	// After the two of the sandbox: three registrations, one revision, two suspensions.
	if !slices.Equal(numbers, []int64{3, 4, 5, 6, 7, 8}) {
		f.t.Errorf("the applied changes have the numbers %v", numbers)
	}
	list, err := f.registry.ListAuthenticatorChanges(f.as("auditor"), &tenfoldv1.ListAuthenticatorChangesRequest{Parent: name, PageSize: 2})
	if err != nil || len(list.GetChanges()) != 2 || list.GetChanges()[0].GetName() != name+"/changes/3" {
		f.t.Fatalf("the changes of %s: %v, %v", name, list, err)
	}
	rest, err := f.registry.ListAuthenticatorChanges(f.as("auditor"), &tenfoldv1.ListAuthenticatorChangesRequest{Parent: name, PageSize: 2, PageToken: list.GetNextPageToken()})
	if err != nil || len(rest.GetChanges()) != 1 || rest.GetChanges()[0].GetName() != name+"/changes/1" {
		f.t.Errorf("the rest of the changes of %s: %v, %v", name, rest, err)
	}
}
