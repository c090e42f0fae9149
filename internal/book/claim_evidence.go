package book

import (
	"slices"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// AddEvidence adds evidence to a claim in any state. It decides nothing: reviewers,
// the appeal panel and people who revise a verdict look at it.
type AddEvidence struct {
	ClaimID string
	// Kind says what the evidence is, Reference where it is kept; Digest is the
	// SHA-256 of the evidence.
	Kind      string
	Reference string
	Digest    string
	Note      string
	// EvidenceFile is the file in place of a reference, whose digest is Digest.
	EvidenceFile
	// Request is the claim's request for evidence that it answers; zero for none.
	Request int32
	// AuthenticatorID is the body that adds it by itself, who must not be suspended; empty for others.
	AuthenticatorID string
}

// EvidenceParty is a party of a claim that a file of evidence may be disclosed to.
type EvidenceParty string

// The parties. Both read what a laboratory adds.
const (
	EvidenceConsumer EvidenceParty = "CONSUMER"
	EvidenceMerchant EvidenceParty = "MERCHANT"
)

// EvidencePartyList lists the parties.
func EvidencePartyList() []EvidenceParty { return []EvidenceParty{EvidenceConsumer, EvidenceMerchant} }

// EvidenceParties are parties as they are stored: by name, with spaces between them.
type EvidenceParties string

// EvidencePartiesOf writes parties.
func EvidencePartiesOf(list []EvidenceParty) EvidenceParties {
	var words []string
	for _, p := range EvidencePartyList() {
		if slices.Contains(list, p) {
			words = append(words, string(p))
		}
	}
	return EvidenceParties(strings.Join(words, " "))
}

// List lists the parties.
func (p EvidenceParties) List() []EvidenceParty {
	var list []EvidenceParty
	for _, word := range strings.Fields(string(p)) {
		list = append(list, EvidenceParty(word))
	}
	return list
}

// EvidencePiecesMax, EvidenceBytesMax and EvidenceFileBytesMax bound the evidence that one role
// adds to a claim, by its number, the bytes of its texts and those of its files. A claim is read
// as a whole by those who decide it; no role can use up what another may add.
const (
	EvidencePiecesMax    = 200
	EvidenceBytesMax     = 512 << 10
	EvidenceFileBytesMax = 1 << 30
)

func (a *AddEvidence) need(c *Call, n *Needs) {
	n.claim(c.Header.MerchantID, a.ClaimID)
	n.evidenceOf(c.Header.MerchantID, a.ClaimID)
	if a.Request > 0 {
		n.evidenceRequestsOf(c.Header.MerchantID, a.ClaimID)
	}
	if a.AuthenticatorID != "" {
		n.judge(c.Header.MerchantID, a.AuthenticatorID)
	}
}

// Cover implements request.Content.
func (a *AddEvidence) Cover(d *request.Digest) {
	a.coverReference(d)
	version := a.DigestVersion()
	if version >= withFile {
		a.coverFile(d)
	}
	if version >= withRequest {
		d.Number(int64(a.Request))
	}
}

func (a *AddEvidence) coverReference(d *request.Digest) {
	d.Texts(a.ClaimID, a.Kind, a.Reference, a.Digest, a.Note)
}

func (a *AddEvidence) coverFile(d *request.Digest) { d.Texts(a.UploadID, string(a.DisclosedTo)) }

// withFile and withRequest are the lists of fields after the first.
const (
	withFile    = 2
	withRequest = 3
)

// DigestVersion is the oldest list of fields that says all of the evidence.
func (a *AddEvidence) DigestVersion() int64 {
	switch {
	case a.Request > 0:
		return withRequest
	case a.UploadID != "":
		return withFile
	}
	return request.FirstVersion
}

func (a *AddEvidence) decide(b *Book) (Outcome, error) {
	c, err := b.Claim(a.ClaimID)
	if err != nil {
		return Outcome{}, err
	}
	if err := b.mayAnswer(c.ID, a.Request); err != nil {
		return Outcome{}, err
	}
	if a.AuthenticatorID != "" {
		judge, err := b.judgeBy(a.AuthenticatorID)
		if err == nil {
			err = judge.CheckActive()
		}
		if err != nil {
			return Outcome{}, err
		}
	}
	if err := a.count(b, c, string(b.call.Header.Principal.Role)); err != nil {
		return Outcome{}, err
	}
	added := b.addEvidence(a)
	o := b.about(c.ID)
	o.Evidence = &added
	return o, nil
}

// count adds the evidence to what the role has added to the claim. Refuses with
// EVIDENCE_LIMIT_REACHED what would be too much.
func (a *AddEvidence) count(b *Book, c *claim.Claim, role string) error {
	k := evidenceKey{c.ID, role}
	sum := EvidenceSum{MerchantID: b.merchantID, ClaimID: c.ID, Role: role}
	known := b.evidenceSums.get(k)
	if known != nil {
		sum = *known
	}
	sum.Pieces++
	sum.Bytes += int64(len(a.Kind) + len(a.Reference) + len(a.Digest) + len(a.Note))
	sum.FileBytes += a.Size
	refuse := func(format string, most, have int64) error {
		return fault.New(fault.EvidenceLimit, format, role, most, c.ID, have).
			With("claimId", c.ID).With("role", role).With("piecesMax", EvidencePiecesMax).With("bytesMax", EvidenceBytesMax).
			With("fileBytesMax", EvidenceFileBytesMax).About(c)
	}
	switch {
	case sum.Pieces > EvidencePiecesMax:
		return refuse("role %s can add at most %d pieces of evidence to a claim, and claim %s has %d; keep more behind one reference",
			EvidencePiecesMax, sum.Pieces-1)
	case sum.Bytes > EvidenceBytesMax:
		return refuse("role %s can add evidence with texts of at most %d bytes to a claim, and claim %s would have %d; keep more behind one reference",
			EvidenceBytesMax, sum.Bytes)
	case sum.FileBytes > EvidenceFileBytesMax:
		return refuse("role %s can add files of at most %d bytes to a claim, and claim %s would have %d", EvidenceFileBytesMax, sum.FileBytes)
	case known == nil:
		b.evidenceSums.add(k, sum, b.command)
	default:
		*b.evidenceSums.edit(k, b.command) = sum
	}
	return nil
}

// addEvidence keeps a piece of evidence, and tells of it in an event of its own.
func (b *Book) addEvidence(a *AddEvidence) Evidence {
	e := b.record(event.EvidenceAdded, a.ClaimID)
	b.detail("kind", a.Kind)
	b.detail("digest", a.Digest)
	late := b.answerEvidenceRequest(a.ClaimID, a.Request)
	who := &b.call.Header.Principal
	added := Evidence{
		MerchantID: b.merchantID, ClaimID: a.ClaimID, EventNumber: e.Number, Kind: a.Kind, Reference: a.Reference,
		Digest: a.Digest, Note: a.Note, AddedAs: string(who.Role), AddedBy: who.Person, AddedAt: b.now,
		EvidenceFile: a.EvidenceFile, EvidenceAnswer: EvidenceAnswer{Request: a.Request, Late: late},
	}
	if who.Role == principal.RoleAuthenticator && a.UploadID != "" {
		added.DisclosedTo = EvidencePartiesOf(EvidencePartyList()) // Its report decides the claim (rule V8).
	}
	b.keepEvidence(added)
	return added
}
