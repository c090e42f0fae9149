package authenticator

import (
	"encoding/json"
	"regexp"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/signature"
)

const (
	// ResultType is the media type of a signed result, as a header has it.
	ResultType = "vnd.tenfold.result+jws"
	// CredentialType is the media type of a W3C credential that is secured by JOSE.
	CredentialType = "vc+jwt"
	// ReportSchema names the form of a signed report and its version.
	ReportSchema = "tenfold.result/1"
	// credentialContext is the first context of every credential of version 2.
	credentialContext = "https://www.w3.org/ns/credentials/v2"
	// skewMax is more than the clocks of a body, of a caller and of servers may differ.
	skewMax = time.Hour
	// itemsMax is the most units of a signed report.
	itemsMax = 500
)

// Report is what a body has signed: the facts of a result, which a claim is decided by. What
// else ISO/IEC 17025 asks for stays in the signed text.
type Report struct {
	Schema string `json:"schema"`
	Report struct {
		Number   string    `json:"number"`
		IssuedAt time.Time `json:"issuedAt"`
		Digest   string    `json:"digest"`
	} `json:"report"`
	Issuer struct {
		Authenticator string `json:"authenticator"`
	} `json:"issuer"`
	Subject struct {
		Merchant  string `json:"merchant"`
		Claim     string `json:"claim"`
		OrderLine string `json:"orderLine"`
		Order     string `json:"order"`
	} `json:"subject"`
	Methods []struct {
		ID string `json:"id"`
	} `json:"methods"`
	Items []struct {
		Unit     int32         `json:"unit"`
		Verdict  claim.Verdict `json:"verdict"`
		SampleID string        `json:"sampleId"`
	} `json:"items"`
	Dates struct {
		Sampled    string `json:"sampledOn"`
		Received   string `json:"receivedOn"`
		TestedFrom string `json:"testedFrom"`
		TestedTo   string `json:"testedUntil"`
	} `json:"dates"`
	Trademark struct {
		Number string `json:"number"`
	} `json:"trademark"`
	SampleSource  claim.SampleSource `json:"sampleSource"`
	Reinspection  bool               `json:"reinspection"`
	CustodyIntact bool               `json:"custodyIntact"`
	Statement     string             `json:"statement"`
	// ValidFrom is when the credential begins to count whose subject the report is; zero for a
	// report without one.
	ValidFrom time.Time `json:"-"`
}

// ReadReport reads what a statement says, whether or not anybody signed it. Refuses with
// SIGNED_RESULT_INVALID a payload that is not of the published schema, names a unit twice, or
// has days in an order that cannot be, and says which member is at fault.
func ReadReport(s *signature.Statement) (*Report, error) {
	tree, err := signature.ParseJSON(s.Payload)
	if err != nil {
		return nil, unreadable("", err.Error())
	}
	var from time.Time
	switch s.Type {
	case ResultType:
	case CredentialType:
		if tree, from, err = subjectOf(tree); err != nil {
			return nil, err
		}
	default:
		return nil, unreadable("", "the member typ of its header must be "+ResultType+" or "+CredentialType)
	}
	if at, why := reportForm.fits(tree, ""); why != "" {
		return nil, unreadable(at, why)
	}
	plain, err := json.Marshal(tree)
	if err != nil {
		return nil, unreadable("", "it cannot be read")
	}
	var r Report
	if err := json.Unmarshal(plain, &r); err != nil {
		return nil, unreadable("", "it cannot be read")
	}
	r.ValidFrom = from
	return &r, r.check()
}

// subjectOf takes the report out of a credential (W3C VC Data Model 2.0), and the time from which
// that counts. Members that would take something back elsewhere are refused, because nobody asks
// there.
func subjectOf(tree any) (report any, from time.Time, err error) {
	vc, ok := tree.(map[string]any)
	if !ok {
		return nil, from, unreadable("", "must be an object")
	}
	for name := range vc {
		if !slices.Contains([]string{"@context", "id", "type", "issuer", "name", "description", "validFrom", "credentialSchema", "credentialSubject"}, name) {
			return nil, from, unreadable("", "a credential must not have members beside @context, id, type, issuer, name, description, validFrom, credentialSchema and credentialSubject")
		}
	}
	if context, ok := vc["@context"].([]any); !ok || len(context) == 0 || context[0] != credentialContext {
		return nil, from, unreadable("@context", "must be a list that begins with "+credentialContext)
	}
	if types, ok := vc["type"].([]any); !ok || !slices.Contains(types, any("VerifiableCredential")) {
		return nil, from, unreadable("type", "must be a list with VerifiableCredential")
	}
	if vc["issuer"] == nil {
		return nil, from, unreadable("issuer", "is missing")
	}
	if said, given := vc["validFrom"]; given {
		text, _ := said.(string)
		if from, err = time.Parse(time.RFC3339Nano, text); err != nil {
			return nil, from, unreadable("validFrom", "must be a time such as 2026-03-02T10:00:00+08:00")
		}
	}
	subject, ok := vc["credentialSubject"].(map[string]any)
	if !ok {
		return nil, from, unreadable("credentialSubject", "must be an object")
	}
	delete(subject, "id")
	return subject, from, nil
}

// check refuses what the schema cannot say.
func (r *Report) check() error {
	seen := make(map[int32]bool, len(r.Items))
	for i, x := range r.Items {
		if seen[x.Unit] {
			return unreadable("items", "must name each unit once, and item "+itoa(i)+" names one again")
		}
		seen[x.Unit] = true
	}
	before := ""
	for _, d := range []struct{ name, day string }{
		{"dates.sampledOn", r.Dates.Sampled}, {"dates.receivedOn", r.Dates.Received}, {"dates.testedFrom", r.Dates.TestedFrom},
		{"dates.testedUntil", r.Dates.TestedTo}, {"report.issuedAt", dayOf(r.Report.IssuedAt)},
	} {
		if d.day == "" {
			continue
		}
		if d.day < before {
			return unreadable(d.name, "must not be before the day of the step before it, "+before)
		}
		before = d.day
	}
	return nil
}

// TestedOn are the days in Beijing on which the body worked, as far as the report names them.
func (r *Report) TestedOn() []string {
	return slices.DeleteFunc([]string{r.Dates.TestedFrom, r.Dates.TestedTo}, func(d string) bool { return d == "" })
}

// MethodIDs are the methods that the body tested by.
func (r *Report) MethodIDs() []string {
	var ids []string
	for _, m := range r.Methods {
		ids = append(ids, m.ID)
	}
	return ids
}

// Units are the verdicts on units.
func (r *Report) Units() []claim.Unit {
	units := make([]claim.Unit, len(r.Items))
	for i, x := range r.Items {
		units[i] = claim.Unit{Ordinal: x.Unit, Verdict: x.Verdict}
	}
	return units
}

// sampleName is how a sample can be called in a chain of custody. A body may call its items
// anything.
var sampleName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// Sample is the sample of which every item is; empty if the report names none, several, or one
// that no chain of custody can have.
func (r *Report) Sample() string {
	id := r.Items[0].SampleID // A report has an item.
	for _, x := range r.Items {
		if x.SampleID != id {
			return ""
		}
	}
	if !r.SampleSource.Physical() || !sampleName.MatchString(id) {
		return ""
	}
	return id
}

// unreadable refuses a payload, and names the member at fault.
func unreadable(member, why string) error {
	text := why
	if member != "" {
		text = member + " " + why
	}
	return fault.New(fault.SignedResultInvalid, "the signed result is not of the published schema: %s", text).
		With("member", member).At("signed_result")
}

// Recorded is a signed result as its row has it, with the statement and with what stands beside
// it in its book.
type Recorded struct {
	*claim.Result
	// OrderID is the order of its claim.
	OrderID string
	// Drawn says that it answers a commission that was drawn by lot. Such a result may count as
	// a re-inspection without its body's word.
	Drawn bool
}

// VerifySigned proves that a result is what a body signed: that the statement is well formed,
// that a key of the body signed it, which counted when the result was recorded, and that it
// says what the result says. It asks nobody but the body, and gives the same answer years
// later. Refuses as ParseStatement, Verify and ReadReport do, with KEY_NOT_FOUND,
// KEY_NOT_VALID, KEY_REVOKED, and SIGNED_RESULT_MISMATCH.
func (b *Body) VerifySigned(x *Recorded) error {
	s, err := signature.ParseStatement(x.Signed)
	if err != nil {
		return err
	}
	k, err := b.KeyBy(s.KeyID)
	if err != nil {
		return err
	}
	if err := k.verify(s); err != nil {
		return err
	}
	if k.Thumbprint != x.SigningKey {
		return Mismatch("key")
	}
	// A revocation that came later takes nothing back; its own time is that of another clock.
	switch {
	case x.RecordedAt.Before(k.From) || !x.RecordedAt.Before(k.Until):
		return b.notValid(k, x.RecordedAt)
	case !k.RevokedAt.IsZero() && x.RecordedAt.Sub(k.RevokedAt) > skewMax:
		return b.revoked(k)
	}
	r, err := ReadReport(s)
	if err != nil {
		return err
	}
	return r.agrees(x)
}

// verify refuses a statement that the key did not sign.
func (k *SigningKey) verify(s *signature.Statement) error {
	parsed, err := signature.ParseKey(k.JWK, k.Algorithm)
	if err != nil {
		return err
	}
	return s.Verify(parsed)
}

// agrees refuses a result that says something else than the report. A report that was issued
// within the skew of clocks ahead of ours was recorded as issued when it came.
func (r *Report) agrees(x *Recorded) error {
	subject := r.Subject
	if id, ok := claim.ParseID(subject.Claim); ok {
		subject.Claim = id // As the claim's row spells it.
	}
	issued := r.Report.IssuedAt.UTC().Truncate(time.Microsecond)
	if issued.After(x.IssuedAt) && issued.Sub(x.RecordedAt) < skewMax && x.RecordedAt.Sub(x.IssuedAt) < skewMax {
		issued = x.IssuedAt
	}
	for _, part := range []struct {
		name string
		same bool
	}{
		{"issuer.authenticator", r.Issuer.Authenticator == x.AuthenticatorID},
		{"subject.merchant", subject.Merchant == x.MerchantID},
		{"subject.claim", subject.Claim == "" || subject.Claim == x.ClaimID},
		{"subject.orderLine", subject.OrderLine == "" || subject.OrderLine == x.OrderLineID},
		{"subject.order", subject.Order == "" || subject.Order == x.OrderID},
		{"report.number", r.Report.Number == x.ReportNumber},
		{"report.issuedAt", issued.Equal(x.IssuedAt)},
		{"report.digest", r.Report.Digest == x.ReportDigest},
		{"items", slices.Equal(r.Units(), x.Units)},
		// Results from before samples were taken over name none.
		{"items.sampleId", x.SampleID == "" || x.SampleID == r.Sample()},
		{"sampleSource", r.SampleSource == x.Sample},
		{"reinspection", r.Reinspection == x.Reinspection || x.Reinspection && x.Drawn},
		{"custodyIntact", r.CustodyIntact == x.CustodyIntact},
		{"statement", r.Statement == x.Statement},
	} {
		if !part.same {
			return Mismatch(part.name)
		}
	}
	return nil
}

// Mismatch refuses a signed result that says something else than what stands beside it.
func Mismatch(member string) error {
	return fault.New(fault.SignedResultMismatch, "the signed result says something else: %s differs", member).With("member", member).At("signed_result")
}

// KeyBy gives the key that signatures of the body call so: by its thumbprint, or by the id
// that the body gave it. KEY_NOT_FOUND.
func (b *Body) KeyBy(id string) (*SigningKey, error) {
	for i := range b.Keys {
		if b.Keys[i].named(id) {
			return &b.Keys[i], nil
		}
	}
	return nil, b.noKey(id)
}

// Verify proves that a key of the body signed a statement, whether or not the key counts at
// present: the same request sent again after a revocation is the one that was recorded.
func (b *Body) Verify(s *signature.Statement) (thumbprint string, err error) {
	k, err := b.KeyBy(s.KeyID)
	if err != nil {
		return "", err
	}
	return k.Thumbprint, k.verify(s)
}

// UsableKey is the thumbprint of a key by which the body can sign at a time: one that counts,
// with an algorithm that is on its list; empty if it has none.
func (b *Body) UsableKey(now time.Time) string {
	for i := range b.Keys {
		if k := &b.Keys[i]; k.At(now) == KeyValid && b.Allows(k.Algorithm) {
			return k.Thumbprint
		}
	}
	return ""
}

// CheckSigner refuses a result that the body cannot sign at a time: with SIGNATURE_REQUIRED
// one without a signature, where the body signs all of its results, with KEY_REVOKED and
// KEY_NOT_VALID one by a key that does not count, and with ALGORITHM_NOT_ALLOWED one by an
// algorithm that was taken from the body's list.
func (b *Body) CheckSigner(thumbprint string, now time.Time) error {
	if thumbprint == "" {
		if b.SignedOnly {
			return fault.New(fault.SignatureRequired, "authenticator %s signs all of its results, and this one is not signed", b.ID).
				With("authenticatorId", b.ID).At("authenticator")
		}
		return nil
	}
	k, err := b.KeyByThumbprint(thumbprint)
	if err != nil {
		return err
	}
	switch {
	case !k.RevokedAt.IsZero():
		return b.revoked(k)
	case k.At(now) != KeyValid:
		return b.notValid(k, now)
	case !b.Allows(k.Algorithm):
		return fault.New(fault.AlgorithmNotAllowed, "authenticator %s may not sign by %s any more", b.ID, k.Algorithm).
			With("authenticatorId", b.ID).With("algorithm", k.Algorithm).At("signed_result")
	}
	return nil
}

func (b *Body) notValid(k *SigningKey, at time.Time) error {
	return fault.New(fault.KeyNotValid, "key %s of authenticator %s counts from %s until %s, and the result comes at %s", k.Thumbprint, b.ID,
		k.From.UTC().Format(time.RFC3339), k.Until.UTC().Format(time.RFC3339), at.UTC().Format(time.RFC3339)).
		With("authenticatorId", b.ID).With("keyId", k.Thumbprint).At("signed_result")
}
