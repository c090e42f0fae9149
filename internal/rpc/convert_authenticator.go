package rpc

import (
	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/signature"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// contentOf is what a message says of a body.
func contentOf(a *tenfoldv1.Authenticator) authenticator.Content {
	c := authenticator.Content{
		Kind: authenticatorKinds.domain(a.GetKind()), DisplayName: a.GetDisplayName(), Categories: a.GetCategories(),
		Brands: a.GetBrands(), Trademarks: a.GetTrademarkNumbers(), Methods: a.GetMethods(),
		SignedOnly: a.GetSignedOnly(),
	}
	for _, x := range a.GetAccreditations() {
		c.Accreditations = append(c.Accreditations, authenticator.Accreditation{
			Scheme: x.GetScheme(), Number: x.GetNumber(), From: x.GetValidFrom(), Until: x.GetValidUntil(),
		})
	}
	for _, x := range a.GetSignatureAlgorithms() {
		c.Algorithms = append(c.Algorithms, signature.Algorithm(x))
	}
	for _, x := range a.GetContacts() {
		c.Contacts = append(c.Contacts, authenticator.Contact{Role: x.GetRole(), Name: x.GetDisplayName(), Email: x.GetEmail(), Phone: x.GetPhone()})
	}
	return c
}

// contentMessage is a content of an authenticator without its standing.
func contentMessage(id string, c *authenticator.Content) *tenfoldv1.Authenticator {
	out := &tenfoldv1.Authenticator{
		Name: authenticatorName(id), Kind: authenticatorKinds.proto(c.Kind), DisplayName: c.DisplayName, Categories: c.Categories,
		Brands: c.Brands, TrademarkNumbers: c.Trademarks, Methods: c.Methods, SignedOnly: c.SignedOnly,
	}
	for _, x := range c.Accreditations {
		out.Accreditations = append(out.Accreditations, &tenfoldv1.Accreditation{
			Scheme: x.Scheme, Number: x.Number, ValidFrom: x.From, ValidUntil: x.Until,
		})
	}
	for _, x := range c.Algorithms {
		out.SignatureAlgorithms = append(out.SignatureAlgorithms, string(x))
	}
	for _, x := range c.Contacts {
		out.Contacts = append(out.Contacts, &tenfoldv1.AuthenticatorContact{Role: x.Role, DisplayName: x.Name, Email: x.Email, Phone: x.Phone})
	}
	return out
}

func authenticatorOf(b *authenticator.Body) *tenfoldv1.Authenticator {
	out := contentMessage(b.ID, &b.Content)
	out.RegisteredAt, out.State, out.Revision, out.LastAppliedNumber = stamp(b.RegisteredAt), authenticatorStates.proto(b.State()), b.Revision, b.Version
	if b.State() == authenticator.Stopped {
		out.SuspendedAt, out.SuspensionReason = stamp(b.Suspended.At), b.Suspended.Reason
	}
	return out
}

// changeShown shows a change. A key that it adds has no state: the change does not know whether the
// key became the body's, and what became of it since; the key itself tells.
func (b *backend) changeShown(c *authenticator.Change) *tenfoldv1.AuthenticatorChange {
	out := &tenfoldv1.AuthenticatorChange{
		Name: c.Name(), Action: authenticatorActions.proto(c.Action), State: authenticatorChangeStates.proto(c.State),
		Authenticator: contentMessage(c.ID, &c.Content), Revision: c.Revision, Widens: c.Widens, Note: c.Proposed.Note,
		ProposedBy: c.Proposed.Principal.Person, Workload: c.Proposed.Principal.Workload, ProposedAt: stamp(c.Proposed.At),
		ExpiresAt: stamp(c.ExpiresAt), DecidedBy: c.Decided.Principal.Person, DecisionNote: c.Decided.Note,
		EndedAt: stamp(c.EndedAt), AppliedNumber: c.Applied, UpdateTime: stamp(c.Proposed.At),
		Key: authenticatorKeyOf(c.ID, c.SigningKey, b.engine.Now()),
	}
	if out.Key != nil && c.Action != authenticator.KeyRevoked {
		out.Key.State = tenfoldv1.AuthenticatorKeyState_AUTHENTICATOR_KEY_STATE_UNSPECIFIED
	}
	if !c.EndedAt.IsZero() {
		out.UpdateTime = stamp(c.EndedAt)
	}
	return out
}

// CheckAuthenticator refuses what the registry would refuse of an authenticator, for programs
// that read one from a file.
func CheckAuthenticator(a *tenfoldv1.Authenticator) error {
	c := contentOf(a)
	return c.Check("")
}
