package rpc_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"image"
	"image/jpeg"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/tenfold-claims/tenfold/internal/caller"
	"github.com/tenfold-claims/tenfold/internal/evidence"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// place is where the photograph of the tests was taken.
const place = "31.2304N121.4737E"

// photograph is a JPEG that says where it was taken.
func photograph(t *testing.T) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 16, 16)), nil); err != nil {
		t.Fatal(err)
	}
	said := "http://ns.adobe.com/xap/1.0/\x00<exif:GPSLatitude>" + place
	segment := binary.BigEndian.AppendUint16([]byte{0xFF, 0xE1}, uint16(len(said)+2))
	return bytes.Join([][]byte{b.Bytes()[:2], segment, []byte(said), b.Bytes()[2:]}, nil)
}

func sha(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func crc(content []byte) uint32 {
	return crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli))
}

// sent uploads all of a file in one piece.
func (f *fixture) sent(ctx context.Context, content []byte) *tenfoldv1.Upload {
	f.t.Helper()
	r, err := f.uploads.CreateUpload(ctx, &tenfoldv1.CreateUploadRequest{Parent: "merchants/m1", RequestId: f.id(), SizeBytes: int64(len(content))})
	if err != nil {
		f.t.Fatal(err)
	}
	name := r.GetUpload().GetName()
	if _, err = f.uploads.UploadChunk(ctx, &tenfoldv1.UploadChunkRequest{Name: name, Content: content, Crc32C: crc(content)}); err != nil {
		f.t.Fatal(err)
	}
	got, err := f.uploads.GetUpload(ctx, &tenfoldv1.GetUploadRequest{Name: name})
	if err != nil {
		f.t.Fatal(err)
	}
	return got.GetUpload()
}

// uploaded uploads a file and completes it.
func (f *fixture) uploaded(ctx context.Context, content []byte) string {
	f.t.Helper()
	r, err := f.uploads.CompleteUpload(ctx, &tenfoldv1.CompleteUploadRequest{Name: f.sent(ctx, content).GetName(), Sha256: sha(content)})
	if err != nil {
		f.t.Fatal(err)
	}
	return r.GetUpload().GetName()
}

func (f *fixture) addFile(role string, c *tenfoldv1.Claim, upload string, to ...tenfoldv1.EvidenceParty) (*tenfoldv1.Evidence, error) {
	r, err := f.claims.AddEvidence(f.as(role), &tenfoldv1.AddEvidenceRequest{
		Name: c.GetName(), RequestId: f.id(), Kind: "PHOTO", Upload: upload, DisclosedTo: to,
	})
	return r.GetEvidence(), err
}

func (f *fixture) content(ctx context.Context, c *tenfoldv1.Claim, number int64) (*tenfoldv1.GetEvidenceContentResponse, error) {
	return f.uploads.GetEvidenceContent(ctx, &tenfoldv1.GetEvidenceContentRequest{Name: c.GetName(), EventNumber: number})
}

// Would catch a file that a role gets beyond what was disclosed to its party, or that it does not
// get although it was; a place that the other party learns; a file that the marketplace's own
// people get changed; a laboratory that reads or adds beyond its own results; and a digest that
// is not that of the bytes.
func TestV8FilesAreDisclosedByParty(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	photo := photograph(t)
	r := f.filing("m1", "l1")
	r.GetOrderLine().ProductId = "sandbox-conflict"
	shop := f.as("order-service")
	r.Evidence = []*tenfoldv1.ClaimEvidence{
		{Kind: "PHOTO", Upload: f.uploaded(shop, photo), DisclosedTo: []tenfoldv1.EvidenceParty{tenfoldv1.EvidenceParty_EVIDENCE_PARTY_MERCHANT}},
		{Kind: "PHOTO", Upload: f.uploaded(shop, photo)},
	}
	filed, err := f.claims.FileClaim(shop, r)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := f.claims.FileClaim(shop, r); err != nil || !again.GetReplayed() {
		t.Errorf("filed again: %v, %v", again.GetReplayed(), err)
	}
	f.runDueWork()
	c := f.claim(filed.GetClaim().GetName())
	shown, hidden := c.GetEvidence()[0], c.GetEvidence()[1]
	if shown.GetDigest() != sha(photo) || shown.GetMediaType() != "image/jpeg" || shown.GetSizeBytes() != int64(len(photo)) || len(shown.GetDisclosedTo()) != 1 {
		t.Errorf("evidence: %v", shown)
	}
	invoice, err := f.addFile("merchant", c, f.uploaded(f.as("merchant"), photo))
	if err != nil || invoice.GetUpload() == "" {
		t.Fatal(invoice, err)
	}
	letter, err := f.addFile("support", c, f.uploaded(f.as("support"), photo), tenfoldv1.EvidenceParty_EVIDENCE_PARTY_CONSUMER)
	if err != nil {
		t.Fatal(err)
	}
	report, err := f.addFile("authenticator", c, f.uploaded(f.as("authenticator"), photo))
	if err != nil || report.GetEventNumber() == 0 {
		t.Fatal(report, err)
	}
	another := caller.Identity{Workload: "test", Role: "authenticator", Scope: "authenticators/sandbox-brand"}.Attach(t.Context())
	stranger := caller.Identity{Workload: "test", Role: "merchant", Scope: "merchants/m2"}.Attach(t.Context())
	const (
		whole    = "as it was sent"
		masked   = "masked"
		withheld = "EVIDENCE_NOT_DISCLOSED"
		absent   = "CLAIM_NOT_FOUND"
	)
	for _, x := range []struct {
		who  string
		ctx  context.Context
		want [5]string
	}{
		{"order-service", shop, [5]string{whole, whole, withheld, masked, masked}},
		{"merchant", f.as("merchant"), [5]string{masked, withheld, whole, withheld, masked}},
		{"another merchant", stranger, [5]string{absent, absent, absent, absent, absent}},
		{"authenticator", f.as("authenticator"), [5]string{absent, absent, absent, absent, whole}},
		{"another authenticator", another, [5]string{absent, absent, absent, absent, absent}},
		{"support", f.as("support"), [5]string{whole, whole, whole, whole, whole}},
		{"adjudicator", f.as("adjudicator"), [5]string{whole, whole, whole, whole, whole}},
		{"auditor", f.as("auditor"), [5]string{whole, whole, whole, whole, whole}},
	} {
		for i, e := range []*tenfoldv1.Evidence{shown, hidden, invoice, letter, report} {
			p, err := f.content(x.ctx, c, e.GetEventNumber())
			got := refusal(err).reason
			switch {
			case err != nil:
			case p.GetSha256() != sha(p.GetContent()) || p.GetCrc32C() != crc(p.GetContent()) || p.GetSizeBytes() != int64(len(photo)) || p.GetMediaType() != "image/jpeg":
				t.Errorf("%s, file %d: %v", x.who, i, p)
			case bytes.Equal(p.GetContent(), photo) && !p.GetMasked():
				got = whole
			case p.GetMasked() && !bytes.Contains(p.GetContent(), []byte(place)):
				got = masked
			}
			if got != x.want[i] {
				t.Errorf("%s gets file %d %q, want %q: %v", x.who, i, got, x.want[i], err)
			}
		}
	}
	f.disclosedLater(c, hidden)
	_, err = f.addFile("authenticator", f.file("m1", "l2"), f.uploaded(f.as("authenticator"), photo))
	if refusal(err).reason != absent {
		t.Errorf("a laboratory adds to a claim that it did not examine: %v", err)
	}
	for _, e := range f.claimAs("merchant", c.GetName()).GetEvidence() {
		if own := e.GetRole() == "merchant"; own != (e.GetUpload() != "") || e.GetMediaType() == "" {
			t.Errorf("the merchant reads %v", e)
		}
	}
	f.audited()
}

func (f *fixture) disclosing(c *tenfoldv1.Claim, e *tenfoldv1.Evidence, to tenfoldv1.EvidenceParty) *tenfoldv1.DiscloseEvidenceRequest {
	return &tenfoldv1.DiscloseEvidenceRequest{Name: c.GetName(), RequestId: f.id(), EventNumber: e.GetEventNumber(), Party: to, Note: "for the staff"}
}

// disclosedLater discloses a consumer's file, which nobody else could read, to the merchant: it
// reads the file masked from then on, and the evidence, the history and a replay say so.
func (f *fixture) disclosedLater(c *tenfoldv1.Claim, hidden *tenfoldv1.Evidence) {
	f.t.Helper()
	const merchant = tenfoldv1.EvidenceParty_EVIDENCE_PARTY_MERCHANT
	r := f.disclosing(c, hidden, merchant)
	check := proto.CloneOf(r)
	check.ValidateOnly = true
	if got, err := f.uploads.DiscloseEvidence(f.as("adjudicator"), check); err != nil || len(got.GetEvidence().GetDisclosedTo()) != 0 {
		f.t.Errorf("checked: %v, %v", got, err)
	}
	for range 2 {
		got, err := f.uploads.DiscloseEvidence(f.as("support"), r)
		if err != nil || !slices.Equal(got.GetEvidence().GetDisclosedTo(), []tenfoldv1.EvidenceParty{merchant}) {
			f.t.Errorf("disclosed: %v, %v", got, err)
		}
	}
	if p, err := f.content(f.as("merchant"), c, hidden.GetEventNumber()); err != nil || !p.GetMasked() || bytes.Contains(p.GetContent(), []byte(place)) {
		f.t.Errorf("the merchant reads %v: %v", p.GetMasked(), err)
	}
	missing := proto.CloneOf(hidden)
	missing.EventNumber = 1
	for want, r := range map[string]*tenfoldv1.DiscloseEvidenceRequest{
		"EVIDENCE_ALREADY_DISCLOSED": f.disclosing(c, hidden, merchant), "EVIDENCE_NOT_FOUND": f.disclosing(c, missing, merchant),
	} {
		if _, err := f.uploads.DiscloseEvidence(f.as("support"), r); refusal(err).reason != want {
			f.t.Errorf("want %s: %v", want, err)
		}
	}
	page, err := tenfoldv1.NewHistoryServiceClient(f.conn).ListTimeline(f.as("merchant"), &tenfoldv1.ListTimelineRequest{Parent: c.GetName(), PageSize: 100})
	if err != nil {
		f.t.Fatal(err)
	}
	told := 0
	for _, e := range page.GetEntries() {
		if e.GetDisclosedTo() == merchant && e.GetDisclosedEventNumber() == hidden.GetEventNumber() && strings.HasPrefix(e.GetText(), "The merchant may read") {
			told++
		}
		if strings.Contains(e.String(), "for the staff") {
			f.t.Errorf("the merchant reads %v", e)
		}
	}
	if told != 1 {
		f.t.Errorf("the merchant is told %d times: %v", told, page)
	}
}

// Would catch a laboratory that cannot read the file that its commission shows, gets it with the
// place where it was taken, gets another file of the claim or of another's commission, or reads
// on after it gave the commission back.
func TestV8LaboratoriesReadTheFilesOfTheirCommissions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.register("lab-1")
	f.register("lab-2")
	photo, shop := photograph(t), f.as("order-service")
	other := append(bytes.Clone(photo), 0)
	r := f.filing("m1", "l1")
	r.Evidence = []*tenfoldv1.ClaimEvidence{
		{Kind: "PHOTO", Upload: f.uploaded(shop, photo)}, {Kind: "PHOTO", Upload: f.uploaded(shop, other)},
	}
	filed, err := f.claims.FileClaim(shop, r)
	if err != nil {
		t.Fatal(err)
	}
	c := f.claim(filed.GetClaim().GetName())
	ask := f.commissioning(c, "lab-1")
	ask.PhotoDigests = []string{sha(photo)}
	made, err := f.commissions().CommissionItem(f.as("support"), ask)
	if err != nil {
		t.Fatal(err)
	}
	lab := f.lab("lab-1")
	told, err := f.commissions().GetCommission(lab, &tenfoldv1.GetCommissionRequest{Name: made.GetCommission().GetName()})
	if err != nil {
		t.Fatal(err)
	}
	shown := told.GetCommission().GetPhotos()[0]
	if shown.GetReference() != "" || shown.GetMediaType() != "image/jpeg" || shown.GetSizeBytes() != int64(len(photo)) {
		t.Errorf("the photo of the commission: %v", shown)
	}
	p, err := f.content(lab, c, shown.GetEventNumber())
	if err != nil || !p.GetMasked() || bytes.Contains(p.GetContent(), []byte(place)) || int64(len(p.GetContent())) != p.GetSizeBytes() {
		t.Errorf("the laboratory gets %v, %v", p, err)
	}
	absent := func(what string, ctx context.Context, number int64) {
		if _, err := f.content(ctx, c, number); refusal(err).reason != "CLAIM_NOT_FOUND" {
			t.Errorf("%s: %v", what, err)
		}
	}
	absent("a file that it is not shown", lab, c.GetEvidence()[1].GetEventNumber())
	absent("another laboratory", f.lab("lab-2"), shown.GetEventNumber())
	// Whether there is such a file tells whether there is such a claim.
	absent("a file that is not there", lab, 9_999)
	absent("another laboratory, of a file that is not there", f.lab("lab-2"), 9_999)
	if _, err := f.content(f.as("support"), c, 9_999); refusal(err).reason != "EVIDENCE_NOT_FOUND" {
		t.Errorf("the marketplace, of a file that is not there: %v", err)
	}
	_, err = f.commissions().DeclineCommission(lab, &tenfoldv1.DeclineCommissionRequest{Name: told.GetCommission().GetName(), RequestId: f.id(), Note: "no room"})
	if err != nil {
		t.Fatal(err)
	}
	absent("after it was declined", lab, shown.GetEventNumber())
}

// claimAs reads a claim in a role.
func (f *fixture) claimAs(role, name string) *tenfoldv1.Claim {
	f.t.Helper()
	r, err := f.claims.GetClaim(f.as(role), &tenfoldv1.GetClaimRequest{Name: name, View: tenfoldv1.ClaimView_CLAIM_VIEW_FULL})
	if err != nil {
		f.t.Fatal(err)
	}
	return r.GetClaim()
}

// Would catch an upload that serves as evidence of another merchant, of another caller or before
// it is complete; a preview that binds it; pieces of an answer that do not join or go beyond the
// file; a request that names two places; and a claim that forgets its file when uploads expire.
func TestUploadsBecomeEvidence(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	photo, support := photograph(t), f.as("support")
	c := f.file("m1", "l1")
	mine := f.uploaded(support, photo)
	for what, x := range map[string]struct {
		r      *tenfoldv1.AddEvidenceRequest
		reason string
		field  string
	}{
		"of another role":     {&tenfoldv1.AddEvidenceRequest{Upload: f.uploaded(f.as("order-service"), photo)}, "UPLOAD_NOT_FOUND", "upload"},
		"of another merchant": {&tenfoldv1.AddEvidenceRequest{Upload: "merchants/m2/uploads/u1"}, "REQUEST_INVALID", "upload"},
		"not complete":        {&tenfoldv1.AddEvidenceRequest{Upload: f.sent(support, photo).GetName()}, "UPLOAD_STATE_CONFLICT", "upload"},
		"kept nowhere":        {&tenfoldv1.AddEvidenceRequest{}, "REQUEST_INVALID", ""},
		"kept twice":          {&tenfoldv1.AddEvidenceRequest{Upload: mine, Reference: "crm://1"}, "REQUEST_INVALID", ""},
		"a digest of its own": {&tenfoldv1.AddEvidenceRequest{Upload: mine, Digest: sha(photo)}, "REQUEST_INVALID", ""},
		"a reference disclosed": {&tenfoldv1.AddEvidenceRequest{Reference: "crm://1", DisclosedTo: []tenfoldv1.EvidenceParty{
			tenfoldv1.EvidenceParty_EVIDENCE_PARTY_MERCHANT}}, "REQUEST_INVALID", ""},
	} {
		x.r.Name, x.r.RequestId, x.r.Kind = c.GetName(), f.id(), "PHOTO"
		_, err := f.claims.AddEvidence(support, x.r)
		if got := refusal(err); got.reason != x.reason || got.field != x.field {
			t.Errorf("%s: %v", what, err)
		}
	}
	tried := f.filing("m1", "l2")
	tried.Evidence = []*tenfoldv1.ClaimEvidence{{Kind: "PHOTO", Reference: "crm://1"}, {Kind: "PHOTO", Upload: mine}}
	_, err := f.claims.FileClaim(f.as("order-service"), tried)
	if got := refusal(err); got.reason != "UPLOAD_NOT_FOUND" || got.field != "evidence[1].upload" {
		t.Errorf("filed with another's: %v", err)
	}
	add := &tenfoldv1.AddEvidenceRequest{Name: c.GetName(), RequestId: f.id(), Kind: "PHOTO", Upload: mine, ValidateOnly: true}
	if _, err := f.claims.AddEvidence(support, add); err != nil {
		t.Fatal(err)
	}
	if got, err := f.uploads.GetUpload(support, &tenfoldv1.GetUploadRequest{Name: mine}); err != nil || got.GetUpload().GetExpiresAt() == nil {
		t.Errorf("after a preview: %v, %v", got, err)
	}
	add.ValidateOnly = false
	for i := range 2 {
		got, err := f.claims.AddEvidence(support, add)
		if err != nil || got.GetReplayed() != (i > 0) || got.GetEvidence().GetUpload() != mine || got.GetEvidence().GetDigest() != sha(photo) {
			t.Errorf("try %d: %v, %v", i, got, err)
		}
	}
	_, err = f.uploads.CancelUpload(support, &tenfoldv1.CancelUploadRequest{Name: mine})
	if refusal(err).reason != "UPLOAD_STATE_CONFLICT" {
		t.Errorf("cancelled although a claim has it: %v", err)
	}
	f.advance(time.Hour)
	if done, err := f.files.Sweep(t.Context()); err != nil || done != (evidence.Swept{Kept: 1}) {
		t.Errorf("after an hour: %+v, %v", done, err)
	}
	f.advance(30 * 24 * time.Hour)
	if done, err := f.files.Sweep(t.Context()); err != nil || done.Kept != 0 || done.Removed != 2 {
		t.Errorf("after a month: %+v, %v", done, err)
	}
	number := f.claim(c.GetName()).GetEvidence()[0].GetEventNumber()
	var whole []byte
	for at := int64(0); ; at = int64(len(whole)) {
		p, err := f.uploads.GetEvidenceContent(support, &tenfoldv1.GetEvidenceContentRequest{Name: c.GetName(), EventNumber: number, Offset: at, Length: 100})
		if err != nil {
			t.Fatal(err)
		}
		if len(p.GetContent()) == 0 {
			break
		}
		whole = append(whole, p.GetContent()...)
	}
	if !bytes.Equal(whole, photo) {
		t.Error("the pieces do not join to the file")
	}
	_, err = f.uploads.GetEvidenceContent(support, &tenfoldv1.GetEvidenceContentRequest{Name: c.GetName(), EventNumber: number, Offset: int64(len(photo)) + 1})
	if got := refusal(err); got.reason != "REQUEST_INVALID" || got.field != "offset" {
		t.Errorf("beyond the end: %v", err)
	}
	f.audited()
}

// Would catch an upload that works over one transport alone, one that its request cannot find
// again, and bytes or checksums that JSON changes.
func TestUploadsOverHTTP(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	h := f.overHTTP(rpc.Gate{Authority: identity.Loopback{}})
	photo, who := photograph(t), inRole("support")
	call := func(method, path, body string) map[string]any {
		t.Helper()
		response, text := h.call(who, method, path, body)
		var got map[string]any
		if err := json.Unmarshal(text, &got); err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s %s: %s %s", method, path, response.Status, text)
		}
		return got
	}
	upload := func(got map[string]any) map[string]any { return got["upload"].(map[string]any) }
	u := upload(call("POST", "/v1/merchants/m1/uploads", fmt.Sprintf(`{"requestId": "http-1", "sizeBytes": %d}`, len(photo))))
	name := u["name"].(string)
	piece := fmt.Sprintf(`{"offset": 0, "content": %q, "crc32c": %d}`, base64.StdEncoding.EncodeToString(photo), crc(photo))
	call("POST", "/v1/"+name+":chunk", piece)
	if got := call("POST", "/v1/"+name+":chunk", piece); got["replayed"] != true {
		t.Errorf("the piece again: %v", got)
	}
	if got := upload(call("GET", "/v1/"+name, "")); got["receivedBytes"] != fmt.Sprint(len(photo)) || got["state"] != "UPLOAD_STATE_RECEIVING" {
		t.Errorf("upload: %v", got)
	}
	call("POST", "/v1/"+name+":complete", fmt.Sprintf(`{"sha256": %q}`, sha(photo)))
	if got := call("GET", "/v1/merchants/m1/requests/http-1?method=EvidenceService/CreateUpload", ""); !strings.Contains(fmt.Sprint(got), name) {
		t.Errorf("the request: %v", got)
	}
	c := f.file("m1", "l1")
	e := call("POST", "/v1/"+c.GetName()+":addEvidence", fmt.Sprintf(`{"requestId": "http-2", "kind": "PHOTO", "upload": %q}`, name))["evidence"].(map[string]any)
	got := call("GET", fmt.Sprintf("/v1/%s:evidenceContent?eventNumber=%s&length=100", c.GetName(), e["eventNumber"]), "")
	content, err := base64.StdEncoding.DecodeString(got["content"].(string))
	if err != nil || !bytes.Equal(content, photo[:100]) || got["crc32c"] != float64(crc(content)) {
		t.Errorf("content: %v, %v", got, err)
	}
	response, text := h.call(who, "POST", "/v1/"+name+":chunk", strings.Replace(piece, `"offset": 0`, `"offset": -1`, 1))
	if response.StatusCode != http.StatusBadRequest || !strings.Contains(string(text), "offset") {
		t.Errorf("%s %s", response.Status, text)
	}
}

// evidenceReasons are the refusals about files, as callers meet them one after the other on one
// server. The last ones take its store away.
var evidenceReasons = []struct {
	reason string
	reasonCase
}{
	{"UPLOAD_NOT_FOUND", reasonCase{code: codes.NotFound, metadata: []string{"uploadId"}, call: func(f *fixture) error {
		_, err := f.uploads.GetUpload(f.as("support"), &tenfoldv1.GetUploadRequest{Name: "merchants/m1/uploads/none"})
		return err
	}}},
	{"UPLOAD_LIMIT_REACHED", reasonCase{code: codes.FailedPrecondition, metadata: []string{"uploadsMax", "bytesMax", "unfinishedBytesMax"}, call: func(f *fixture) error {
		for {
			_, err := f.uploads.CreateUpload(f.as("merchant"), &tenfoldv1.CreateUploadRequest{Parent: "merchants/m1", RequestId: f.id(), SizeBytes: 50 << 20})
			if err != nil {
				return err
			}
		}
	}}},
	{"UPLOAD_OFFSET_MISMATCH", reasonCase{code: codes.FailedPrecondition, field: "offset", metadata: []string{"uploadId", "receivedBytes"}, call: func(f *fixture) error {
		return f.chunkErr(1, []byte("x"), crc([]byte("x")))
	}}},
	{"CHUNK_DAMAGED", reasonCase{code: codes.InvalidArgument, field: "crc32c", metadata: []string{"uploadId"}, call: func(f *fixture) error {
		return f.chunkErr(0, []byte("xy"), 7)
	}}},
	{"CHUNK_CHANGED", reasonCase{code: codes.FailedPrecondition, field: "content", metadata: []string{"uploadId", "receivedBytes"}, call: func(f *fixture) error {
		u := f.sent(f.as("support"), []byte("xy"))
		_, err := f.uploads.UploadChunk(f.as("support"), &tenfoldv1.UploadChunkRequest{Name: u.GetName(), Content: []byte("xz"), Crc32C: crc([]byte("xz"))})
		return err
	}}},
	{"UPLOAD_STATE_CONFLICT", reasonCase{code: codes.FailedPrecondition, metadata: []string{"uploadId", "state"}, call: func(f *fixture) error {
		_, err := f.uploads.UploadChunk(f.as("support"), &tenfoldv1.UploadChunkRequest{
			Name: f.uploaded(f.as("support"), photograph(f.t)), Content: []byte("x"), Crc32C: crc([]byte("x")),
		})
		return err
	}}},
	{"UPLOAD_DIGEST_MISMATCH", reasonCase{code: codes.FailedPrecondition, field: "sha256", metadata: []string{"uploadId", "sha256"}, call: func(f *fixture) error {
		_, err := f.uploads.CompleteUpload(f.as("support"), &tenfoldv1.CompleteUploadRequest{
			Name: f.sent(f.as("support"), photograph(f.t)).GetName(), Sha256: sha([]byte("another")),
		})
		return err
	}}},
	{"MEDIA_TYPE_REFUSED", reasonCase{code: codes.FailedPrecondition, metadata: []string{"mediaType"}, call: func(f *fixture) error {
		page := []byte("<html></html>")
		_, err := f.uploads.CompleteUpload(f.as("support"), &tenfoldv1.CompleteUploadRequest{Name: f.sent(f.as("support"), page).GetName(), Sha256: sha(page)})
		return err
	}}},
	{"MALWARE_FOUND", reasonCase{code: codes.FailedPrecondition, metadata: []string{"uploadId", "malware"}, call: func(f *fixture) error {
		photo := append(photograph(f.t), "EICAR"...)
		_, err := f.uploads.CompleteUpload(f.as("support"), &tenfoldv1.CompleteUploadRequest{Name: f.sent(f.as("support"), photo).GetName(), Sha256: sha(photo)})
		return err
	}}},
	{"EVIDENCE_NOT_FOUND", reasonCase{code: codes.NotFound, field: "event_number", metadata: []string{"claimId", "eventNumber"}, call: func(f *fixture) error {
		_, err := f.content(f.as("support"), f.file("m1", "line-"+f.id()), 77)
		return err
	}}},
	{"EVIDENCE_NOT_DISCLOSED", reasonCase{code: codes.PermissionDenied, metadata: []string{"claimId", "eventNumber", "role"}, call: func(f *fixture) error {
		c := f.file("m1", "line-"+f.id())
		e, err := f.addFile("support", c, f.uploaded(f.as("support"), photograph(f.t)))
		if err != nil {
			return err
		}
		_, err = f.content(f.as("merchant"), c, e.GetEventNumber())
		return err
	}}},
	{"EVIDENCE_DAMAGED", reasonCase{code: codes.DataLoss, metadata: []string{"uploadId"}, call: func(f *fixture) error {
		c := f.file("m1", "line-"+f.id())
		e, err := f.addFile("support", c, f.uploaded(f.as("support"), photograph(f.t)))
		if err != nil {
			return err
		}
		f.admin().MustExec(`UPDATE uploads SET upload_id = 'lost-' || upload_id`)
		_, err = f.content(f.as("support"), c, e.GetEventNumber())
		return err
	}}},
	{"EVIDENCE_STORE_UNAVAILABLE", reasonCase{code: codes.Unavailable, retry: true, call: func(f *fixture) error {
		photo := photograph(f.t)
		name := f.sent(f.as("support"), photo).GetName()
		if err := f.directory.Close(); err != nil {
			return err
		}
		_, err := f.uploads.CompleteUpload(f.as("support"), &tenfoldv1.CompleteUploadRequest{Name: name, Sha256: sha(photo)})
		return err
	}}},
	{"EVIDENCE_STORE_MISSING", reasonCase{code: codes.FailedPrecondition, call: func(f *fixture) error {
		f.files = nil
		_, err := tenfoldv1.NewEvidenceServiceClient(f.limitedTo(rpc.Defaults().Quota)).CreateUpload(f.as("support"), &tenfoldv1.CreateUploadRequest{
			Parent: "merchants/m1", RequestId: f.id(), SizeBytes: 1,
		})
		return err
	}}},
}

// ofFiles says whether a reason is among those.
func ofFiles(reason string) bool {
	for i := range evidenceReasons {
		if evidenceReasons[i].reason == reason {
			return true
		}
	}
	return false
}

// Would catch a refusal about a file whose code, facts or details differ from what the contract
// promises, and one that changes the books.
func TestEveryReasonAboutFilesOverTheWire(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	for i := range evidenceReasons {
		want := &evidenceReasons[i]
		want.check(t, want.reason, want.call(f))
	}
	f.audited()
}

func (f *fixture) chunkErr(offset int64, content []byte, sum uint32) error {
	r, err := f.uploads.CreateUpload(f.as("support"), &tenfoldv1.CreateUploadRequest{Parent: "merchants/m1", RequestId: f.id(), SizeBytes: 2})
	if err != nil {
		return err
	}
	_, err = f.uploads.UploadChunk(f.as("support"), &tenfoldv1.UploadChunkRequest{Name: r.GetUpload().GetName(), Offset: offset, Content: content, Crc32C: sum})
	return err
}
