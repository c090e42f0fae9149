package authenticator_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/signature"
	"github.com/tenfold-claims/tenfold/internal/signature/signaturetest"
)

var update = flag.Bool("update", false, "write the published files anew")

const (
	schemaFile  = "../../docs/result.schema.json"
	vectorsFile = "../../docs/result-vectors.json"
)

// whole is a report that says everything that the schema knows.
const whole = `{"schema":"tenfold.result/1","report":{"number":"CTI-2026-117","issuedAt":"2026-03-02T10:00:00+08:00","title":"检测报告","pages":4,` +
	`"endMark":"— end —","digest":"` + "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" + `"},` +
	`"issuer":{"authenticator":"cti","name":"CTI Shanghai","address":"Shanghai","placeOfWork":"Suzhou","accreditations":[{"scheme":"CNAS","number":"L1"}]},` +
	`"customer":{"kind":"PLATFORM","reference":"o-17"},"subject":{"merchant":"m1","orderLine":"l1"},` +
	`"methods":[{"id":"GB/T 29679","deviations":"none"}],` +
	`"items":[{"unit":1,"verdict":"COUNTERFEIT","sampleId":"S-1","description":"mascara","condition":"sealed","seals":["A-17"]},{"unit":2,"verdict":"GENUINE"}],` +
	`"dates":{"sampledOn":"2026-02-27","receivedOn":"2026-02-27","testedFrom":"2026-02-28","testedUntil":"2026-03-01"},` +
	`"sampling":{"plan":"all units","place":"warehouse 3"},"sampleSource":"SEALED_PLATFORM_SAMPLE","reinspection":false,"custodyIntact":true,` +
	`"relatesOnlyToItemsTested":true,"authorisedBy":{"name":"A. Li","function":"head of laboratory"},"externalProviders":[{"name":"SGS","part":"GC-MS"}],` +
	`"trademark":{"number":"3159141","appraiser":"B. Wu","powerOfAttorney":"P-7","seal":"Dior"},"statement":"the cap differs\nfrom the reference"}`

// least is a report that says no more than it must.
const least = `{"schema":"tenfold.result/1","report":{"number":"R-1","issuedAt":"2026-03-02T02:00:00Z"},"issuer":{"authenticator":"cti"},` +
	`"subject":{"merchant":"m1","claim":"1KJPW-D6M05-F2S5T-CT5FM"},"items":[{"unit":1,"verdict":"INCONCLUSIVE"}],"sampleSource":"PHOTOS","relatesOnlyToItemsTested":true}`

// everyVerdict is a report with a unit of each verdict.
func everyVerdict() string {
	var items []string
	for i, v := range claim.Findings() {
		items = append(items, fmt.Sprintf(`{"unit":%d,"verdict":%q}`, i+1, v))
	}
	return strings.Replace(least, `{"unit":1,"verdict":"INCONCLUSIVE"}`, strings.Join(items, ","), 1)
}

// credential has a report as its subject.
func credential(report string) string {
	return `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiableCredential"],"issuer":"https://cti.example","credentialSubject":` + report + `}`
}

func statement(t *testing.T, mediaType, payload string) *signature.Statement {
	t.Helper()
	s := signaturetest.Ed25519(1)
	st, err := signature.ParseStatement(s.Raw(`{"alg":"EdDSA","kid":"`+s.Thumbprint+`","typ":"`+mediaType+`"}`, payload))
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// unsound are payloads that no result is, each with the member at fault, and whether the
// schema cannot say so.
var unsound = map[string]struct {
	from, to, member string
	beyond           bool
}{
	"another schema":            {`"tenfold.result/1"`, `"tenfold.result/2"`, "schema", false},
	"no schema":                 {`"schema":"tenfold.result/1",`, ``, "schema", false},
	"an unknown member":         {`"schema"`, `"remark":"x","schema"`, "", false},
	"a member in capitals":      {`"items"`, `"Items"`, "", false},
	"a member twice":            {`"schema"`, `"schema":"tenfold.result/1","schema"`, "", true},
	"no report number":          {`"number":"CTI-2026-117",`, ``, "report.number", false},
	"a report number of spaces": {`"CTI-2026-117"`, `" "`, "report.number", false},
	"a long report number":      {`"CTI-2026-117"`, `"` + strings.Repeat("9", 65) + `"`, "report.number", false},
	"a number as a number":      {`"CTI-2026-117"`, `117`, "report.number", false},
	"an impossible time":        {`2026-03-02T10:00`, `2026-02-30T10:00`, "report.issuedAt", false},
	"a time without a zone":     {`10:00:00+08:00`, `10:00:00`, "report.issuedAt", false},
	"no pages":                  {`"pages":4`, `"pages":0`, "report.pages", false},
	"half a page":               {`"pages":4`, `"pages":4.5`, "report.pages", false},
	"a short digest":            {`0123456789abcdef0`, `0`, "report.digest", false},
	"no body":                   {`"authenticator":"cti",`, ``, "issuer.authenticator", false},
	"two subjects":              {`"orderLine":"l1"`, `"orderLine":"l1","order":"o1"`, "subject", false},
	"no subject":                {`,"orderLine":"l1"`, ``, "subject", false},
	"no items":                  {`"items":[`, `"items":[],"x":[`, "items", false},
	"an unknown verdict":        {`"GENUINE"`, `"FAKE"`, "items[1].verdict", false},
	"a pending verdict":         {`"GENUINE"`, `"PENDING"`, "items[1].verdict", false},
	"a unit of zero":            {`"unit":2`, `"unit":0`, "items[1].unit", false},
	"a unit that is a text":     {`"unit":2`, `"unit":"2"`, "items[1].unit", false},
	"a unit twice":              {`"unit":2`, `"unit":1`, "items", true},
	"an impossible day":         {`"2026-02-28"`, `"2026-02-30"`, "dates.testedFrom", false},
	"a test before the sample":  {`"testedFrom":"2026-02-28"`, `"testedFrom":"2026-02-26"`, "dates.testedFrom", true},
	"a test that ends first":    {`"testedUntil":"2026-03-01"`, `"testedUntil":"2026-02-27"`, "dates.testedUntil", true},
	"issued before its test":    {`"testedUntil":"2026-03-01"`, `"testedUntil":"2026-03-03"`, "report.issuedAt", true},
	"an unknown sample":         {`"SEALED_PLATFORM_SAMPLE"`, `"A_FEELING"`, "sampleSource", false},
	"custody in words":          {`"custodyIntact":true`, `"custodyIntact":"yes"`, "custodyIntact", false},
	"results for other items":   {`"relatesOnlyToItemsTested":true`, `"relatesOnlyToItemsTested":false`, "relatesOnlyToItemsTested", false},
	"an empty statement":        {`"the cap differs\nfrom the reference"`, `""`, "statement", false},
	"a statement beyond bounds": {`"the cap differs\nfrom the reference"`, `"` + strings.Repeat("长", 4001) + `"`, "statement", false},
	"a statement with a NUL":    {`the cap`, `\u0000 the cap`, "statement", true},
}

// Would catch a report that is recorded although the published schema does not know it, one
// that the schema knows and is refused, and a refusal that does not name the member.
func TestReportsAreThoseOfThePublishedSchema(t *testing.T) {
	t.Parallel()
	if *update {
		if err := os.WriteFile(schemaFile, authenticator.SchemaOfReports(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	published, err := os.ReadFile(schemaFile)
	if err != nil || !bytes.Equal(published, authenticator.SchemaOfReports()) {
		t.Fatalf("docs/result.schema.json is not what is accepted; run go test ./internal/authenticator -update (%v)", err)
	}
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(published))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("urn:tenfold:result:1", tree); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("urn:tenfold:result:1")
	if err != nil {
		t.Fatal(err)
	}
	known := func(payload string) bool {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(payload))
		return err == nil && schema.Validate(v) == nil
	}
	for name, payload := range map[string]string{"whole": whole, "least": least, "many-sided": everyVerdict()} {
		r, err := authenticator.ReadReport(statement(t, authenticator.ResultType, payload))
		if err != nil || !known(payload) || r.Issuer.Authenticator != "cti" || len(r.Units()) == 0 {
			t.Errorf("the %s report: %+v, %v, known to the schema: %v", name, r, err, known(payload))
		}
	}
	for name, x := range unsound {
		payload := strings.Replace(whole, x.from, x.to, 1)
		if payload == whole {
			t.Fatalf("%s: nothing was changed", name)
		}
		_, err := authenticator.ReadReport(statement(t, authenticator.ResultType, payload))
		f, ok := fault.As(err)
		if !ok || f.Reason != fault.SignedResultInvalid || f.Field != "signed_result" || fmt.Sprint(f.Fields["member"]) != x.member || len(f.Detail) > 300 {
			t.Errorf("%s: %v %v", name, err, f)
		}
		if !x.beyond && known(payload) {
			t.Errorf("%s: the schema accepts it", name)
		}
	}
}

// Would catch a W3C credential of a result that is not read, and one that could be taken back
// elsewhere, or is of another kind, that is.
func TestResultsMayBeCredentials(t *testing.T) {
	t.Parallel()
	r, err := authenticator.ReadReport(statement(t, "application/vc+jwt", credential(strings.Replace(whole, "{", `{"id":"urn:goods:1",`, 1))))
	if err != nil || r.Report.Number != "CTI-2026-117" || len(r.MethodIDs()) != 1 || len(r.TestedOn()) != 2 {
		t.Errorf("a credential: %+v, %v", r, err)
	}
	from := strings.Replace(credential(whole), "{", `{"validFrom":"2026-03-02T10:00:00+08:00",`, 1)
	if r, err := authenticator.ReadReport(statement(t, "vc+jwt", from)); err != nil || !r.ValidFrom.Equal(time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)) {
		t.Errorf("a credential with its beginning: %+v, %v", r, err)
	}
	for name, x := range map[string]struct{ mediaType, payload string }{
		"a credential of no type":    {"jwt", credential(whole)},
		"a report as a credential":   {"vc+jwt", whole},
		"a credential as a report":   {authenticator.ResultType, credential(whole)},
		"a list":                     {"vc+jwt", "[]"},
		"another context":            {"vc+jwt", strings.Replace(credential(whole), "credentials/v2", "credentials/v1", 1)},
		"another type":               {"vc+jwt", strings.Replace(credential(whole), "VerifiableCredential", "Thing", 1)},
		"no issuer":                  {"vc+jwt", strings.Replace(credential(whole), `"issuer":"https://cti.example",`, "", 1)},
		"no subject":                 {"vc+jwt", credential("null")},
		"two subjects":               {"vc+jwt", credential("[" + whole + "," + whole + "]")},
		"a status elsewhere":         {"vc+jwt", strings.Replace(credential(whole), "{", `{"credentialStatus":{"id":"https://cti.example/status"},`, 1)},
		"an end of its own":          {"vc+jwt", strings.Replace(credential(whole), "{", `{"validUntil":"2020-01-01T00:00:00Z",`, 1)},
		"a beginning in words":       {"vc+jwt", strings.Replace(credential(whole), "{", `{"validFrom":"soon",`, 1)},
		"a beginning without a zone": {"vc+jwt", strings.Replace(credential(whole), "{", `{"validFrom":"2026-03-02T10:00:00",`, 1)},
		"a beginning as a number":    {"vc+jwt", strings.Replace(credential(whole), "{", `{"validFrom":20260302,`, 1)},
		"a subject that is unsound":  {"vc+jwt", credential(strings.Replace(whole, `"unit":2`, `"unit":1`, 1))},
		"a payload that is no JSON":  {authenticator.ResultType, "report"},
		"a payload that is a number": {authenticator.ResultType, "1"},
	} {
		if _, err := authenticator.ReadReport(statement(t, x.mediaType, x.payload)); err == nil {
			t.Errorf("%s is read", name)
		} else if f, ok := fault.As(err); !ok || f.Reason != fault.SignedResultInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// vector is a published example: a signed result, the key of its body, and the refusal that it
// meets; empty for none.
type vector struct {
	About  string          `json:"about"`
	Key    json.RawMessage `json:"key"`
	Signed string          `json:"signed"`
	Reason fault.Reason    `json:"reason,omitempty"`
}

// Would catch published examples that are not accepted or refused as they say, so that a body
// that follows them is refused; and a way of signing that has no example.
func TestPublishedVectorsAreVerifiedAsTheySay(t *testing.T) {
	t.Parallel()
	if *update {
		writeVectors(t)
	}
	text, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	met := make(map[string]bool)
	for _, v := range vectors {
		k, err := signature.ParseKey(string(v.Key), "")
		if err != nil {
			t.Fatalf("%s: %v", v.About, err)
		}
		s, err := signature.ParseStatement(v.Signed)
		if err == nil {
			err = s.Verify(k)
		}
		if err == nil {
			_, err = authenticator.ReadReport(s)
		}
		f, refused := fault.As(err)
		if refused != (v.Reason != "") || refused && f.Reason != v.Reason {
			t.Errorf("%s: %v, want %q", v.About, err, v.Reason)
		}
		met[string(v.Reason)+string(k.Algorithm)] = true
	}
	for _, a := range signature.Algorithms() {
		if !met[string(a)] {
			t.Errorf("there is no vector by %s", a)
		}
	}
	for _, reason := range []fault.Reason{fault.SignatureInvalid, fault.AlgorithmNotAllowed, fault.SignedResultInvalid} {
		if !met[string(reason)+"EdDSA"] {
			t.Errorf("there is no vector that is %s", reason)
		}
	}
}

// writeVectors signs the published examples with keys that are forgotten.
func writeVectors(t *testing.T) {
	t.Helper()
	s := signaturetest.Ed25519(7)
	v := func(about string, s *signaturetest.Signer, signed string, reason fault.Reason) vector {
		return vector{about, json.RawMessage(s.Public), signed, reason}
	}
	plain := s.Sign(s.Header(authenticator.ResultType), []byte(least))
	parts := strings.Split(plain, ".")
	list := []vector{v("the least that a result says, by EdDSA", s, plain, "")}
	for _, other := range []*signaturetest.Signer{signaturetest.ES256(), signaturetest.RSA("RS256"), signaturetest.RSA("PS256")} {
		list = append(list, v("everything that a result can say, by "+other.Algorithm, other, other.Sign(other.Header(authenticator.ResultType), []byte(whole)), ""))
	}
	list = append(list,
		v("every verdict that a result can give", s, s.Sign(s.Header(authenticator.ResultType), []byte(everyVerdict())), ""),
		v("a W3C credential whose subject is the result", s, s.Sign(s.Header("vc+jwt"), []byte(credential(least))), ""),
		v("a signature of another content", s, s.Sign(s.Header(authenticator.ResultType), []byte(whole))[:len(parts[0])]+"."+parts[1]+".AAAA", fault.SignatureInvalid),
		v("a header with a key of its own", s, s.Raw(`{"alg":"EdDSA","kid":"k","jwk":`+s.Public+`}`, least), fault.SignatureInvalid),
		v("a header without an algorithm", s, s.Raw(`{"alg":"none","kid":"`+s.Thumbprint+`"}`, least), fault.AlgorithmNotAllowed),
		v("a member that stands twice", s, s.Sign(s.Header(authenticator.ResultType), []byte(strings.Replace(least, "{", `{"schema":"tenfold.result/1",`, 1))), fault.SignedResultInvalid),
		v("a header of another media type", s, s.Sign(s.Header("jwt"), []byte(least)), fault.SignedResultInvalid))
	text, err := json.MarshalIndent(list, "", "  ")
	if err == nil {
		err = os.WriteFile(vectorsFile, append(text, '\n'), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Would catch a recorded result that is verified although a word of it, of its key or of the
// time differs from what the body signed, and one that is not verified any more after its key
// was revoked or its body suspended.
func TestRecordedResultsAreVerifiedAgain(t *testing.T) {
	t.Parallel()
	b := body(t)
	s := signaturetest.Ed25519(1)
	b = give(t, &b, offer(s))
	text := s.Sign(s.Header(authenticator.ResultType), []byte(whole))
	again := s.Sign(s.Header(authenticator.ResultType), []byte(strings.Replace(whole, `"reinspection":false`, `"reinspection":true`, 1)))
	recorded := now.Add(time.Hour)
	result := func() *authenticator.Recorded {
		return &authenticator.Recorded{Result: &claim.Result{
			Signed:     text,
			MerchantID: "m1", OrderLineID: "l1", AuthenticatorID: "cti", ReportNumber: "CTI-2026-117", Sample: claim.SealedPlatformSample, CustodyIntact: true,
			Units:    []claim.Unit{{Ordinal: 1, Verdict: claim.Counterfeit}, {Ordinal: 2, Verdict: claim.Genuine}},
			IssuedAt: time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC), RecordedAt: recorded, SigningKey: s.Thumbprint,
			ReportDigest: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", Statement: "the cap differs\nfrom the reference",
		}}
	}
	revoked, _, err := b.RevokeKey(s.Thumbprint, step("oscar", recorded.Add(-time.Minute)))
	if err != nil {
		t.Fatal(err)
	}
	for name, of := range map[string]*authenticator.Body{"as it was": &b, "after a revocation": &revoked} {
		if err := of.VerifySigned(result()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Clocks of servers may differ by an hour.
	longRevoked, _, err := b.RevokeKey(s.Thumbprint, step("oscar", recorded.Add(-time.Hour-time.Second)))
	if err != nil {
		t.Fatal(err)
	}
	if f, ok := fault.As(longRevoked.VerifySigned(result())); !ok || f.Reason != fault.KeyRevoked {
		t.Errorf("recorded after the key was revoked: %v", f)
	}
	for subject, right := range map[string]bool{
		`"claim":"1kjpw-d6mo5-f2s5t-ct5fm"`: true, `"claim":"1KJPWD6M05F2S5TCT5FM"`: true, `"order":"o-1"`: true,
		`"claim":"1KJPW-D6M05-F2S5T-CT5FN"`: false, `"claim":"none"`: false, `"order":"o-2"`: false,
	} {
		x := result()
		x.ClaimID, x.OrderID = "1KJPW-D6M05-F2S5T-CT5FM", "o-1"
		x.Signed = s.Sign(s.Header(authenticator.ResultType), []byte(strings.Replace(whole, `"orderLine":"l1"`, subject, 1)))
		if err := b.VerifySigned(x); (err == nil) != right {
			t.Errorf("about %s: %v", subject, err)
		}
	}
	drawn := result()
	drawn.Reinspection, drawn.Drawn = true, true
	if err := b.VerifySigned(drawn); err != nil {
		t.Errorf("drawn by lot for a re-inspection: %v", err)
	}
	for name, x := range map[string]struct {
		change func(x *authenticator.Recorded)
		reason fault.Reason
	}{
		"another merchant":  {func(x *authenticator.Recorded) { x.MerchantID = "m2" }, fault.SignedResultMismatch},
		"another line":      {func(x *authenticator.Recorded) { x.OrderLineID = "l2" }, fault.SignedResultMismatch},
		"another body":      {func(x *authenticator.Recorded) { x.AuthenticatorID = "dior" }, fault.SignedResultMismatch},
		"another number":    {func(x *authenticator.Recorded) { x.ReportNumber = "CTI-2026-118" }, fault.SignedResultMismatch},
		"another verdict":   {func(x *authenticator.Recorded) { x.Units[1].Verdict = claim.Counterfeit }, fault.SignedResultMismatch},
		"a unit less":       {func(x *authenticator.Recorded) { x.Units = x.Units[:1] }, fault.SignedResultMismatch},
		"another sample":    {func(x *authenticator.Recorded) { x.Sample = claim.Photos }, fault.SignedResultMismatch},
		"a gap in custody":  {func(x *authenticator.Recorded) { x.CustodyIntact = false }, fault.SignedResultMismatch},
		"a re-inspection":   {func(x *authenticator.Recorded) { x.Reinspection = true }, fault.SignedResultMismatch},
		"no re-inspection":  {func(x *authenticator.Recorded) { x.Signed, x.Drawn = again, true }, fault.SignedResultMismatch},
		"another's sample":  {func(x *authenticator.Recorded) { x.SampleID = "S-1" }, fault.SignedResultMismatch},
		"another day":       {func(x *authenticator.Recorded) { x.IssuedAt = x.IssuedAt.AddDate(0, 0, -1) }, fault.SignedResultMismatch},
		"another digest":    {func(x *authenticator.Recorded) { x.ReportDigest = "" }, fault.SignedResultMismatch},
		"another statement": {func(x *authenticator.Recorded) { x.Statement = "" }, fault.SignedResultMismatch},
		"another key":       {func(x *authenticator.Recorded) { x.SigningKey = "k" }, fault.SignedResultMismatch},
		"before the key":    {func(x *authenticator.Recorded) { x.RecordedAt = now.Add(-time.Second) }, fault.KeyNotValid},
		"after the key":     {func(x *authenticator.Recorded) { x.RecordedAt = now.AddDate(1, 0, 0) }, fault.KeyNotValid},
	} {
		r := result()
		x.change(r)
		if f, ok := fault.As(b.VerifySigned(r)); !ok || f.Reason != x.reason {
			t.Errorf("%s: %v", name, f)
		}
	}
	for name, other := range map[string]string{
		"a changed letter":   strings.Replace(text, ".ey", ".eY", 1),
		"no statement":       "",
		"another signature":  text[:len(text)-8] + "AAAAAAAA",
		"an unknown key":     signaturetest.Ed25519(2).Sign(signaturetest.Ed25519(2).Header(authenticator.ResultType), []byte(whole)),
		"by another's claim": signaturetest.Ed25519(2).Sign(s.Header(authenticator.ResultType), []byte(whole)),
	} {
		r := result()
		r.Signed = other
		if b.VerifySigned(r) == nil {
			t.Errorf("%s is verified", name)
		}
	}
}

// Would catch the sample of one item that is taken for that of another, one of photos, and a name
// that no chain of custody can have.
func TestReportsNameTheSampleOfAllTheirItems(t *testing.T) {
	t.Parallel()
	both := strings.Replace(whole, `"verdict":"GENUINE"`, `"verdict":"GENUINE","sampleId":"S-1"`, 1)
	for name, x := range map[string]struct{ said, want string }{
		"the same":      {both, "S-1"},
		"one item":      {whole, ""},
		"another":       {strings.Replace(both, `"GENUINE","sampleId":"S-1"`, `"GENUINE","sampleId":"S-2"`, 1), ""},
		"none":          {least, ""},
		"of photos":     {strings.Replace(both, "SEALED_PLATFORM_SAMPLE", "PHOTOS", 1), ""},
		"words":         {strings.ReplaceAll(both, `"S-1"`, `"样品 1"`), ""},
		"a long number": {strings.ReplaceAll(both, `"S-1"`, `"`+strings.Repeat("9", 65)+`"`), ""},
	} {
		r, err := authenticator.ReadReport(statement(t, authenticator.ResultType, x.said))
		if err != nil || r.Sample() != x.want {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
}

// Would catch a result by a key that does not count, without a signature of a body that signs
// everything, by a method that the body does not have, or of a day without an accreditation.
func TestSignersAreChecked(t *testing.T) {
	t.Parallel()
	b := body(t)
	s := signaturetest.Ed25519(1)
	b = give(t, &b, offer(s))
	revoked, _, err := b.RevokeKey(s.Thumbprint, step("oscar", now))
	if err != nil {
		t.Fatal(err)
	}
	strict, other := b, b
	strict.SignedOnly, other.Algorithms = true, []signature.Algorithm{signature.ES256}
	for name, x := range map[string]struct {
		body   *authenticator.Body
		key    string
		at     time.Time
		reason fault.Reason
	}{
		"no signature":                 {&b, "", now, ""},
		"a key that counts":            {&b, s.Thumbprint, now, ""},
		"a key that counts, strictly":  {&strict, s.Thumbprint, now, ""},
		"no signature, strictly":       {&strict, "", now, fault.SignatureRequired},
		"before the key":               {&b, s.Thumbprint, now.Add(-time.Second), fault.KeyNotValid},
		"after the key":                {&b, s.Thumbprint, now.AddDate(1, 0, 0), fault.KeyNotValid},
		"a revoked key":                {&revoked, s.Thumbprint, now.Add(-time.Hour), fault.KeyRevoked},
		"an unknown key":               {&b, "k", now, fault.KeyNotFound},
		"an algorithm that was barred": {&other, s.Thumbprint, now, fault.AlgorithmNotAllowed},
	} {
		f, refused := fault.As(x.body.CheckSigner(x.key, x.at))
		if refused != (x.reason != "") || refused && f.Reason != x.reason {
			t.Errorf("%s: %v", name, f)
		}
	}
	judged := authenticator.Judged{Category: "beauty", IssuedAt: now, Methods: []string{"gb/t29679"}, TestedOn: []string{"2026-03-01"}}
	if err := b.CheckResult(judged); err != nil {
		t.Error(err)
	}
	judged.TestedOn = []string{"2024-01-31", "2026-03-01"}
	if f, ok := fault.As(b.CheckResult(judged)); !ok || f.Reason != fault.AuthenticatorNotAccredited {
		t.Errorf("tested before the accreditation: %v", f)
	}
	judged.TestedOn, judged.Methods = nil, []string{"GB/T 29679", "smell"}
	if f, ok := fault.As(b.CheckResult(judged)); !ok || f.Reason != fault.AuthenticatorNotTrusted {
		t.Errorf("tested by another method: %v", f)
	}
}
