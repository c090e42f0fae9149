package claim

import (
	"strconv"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Asked is who is asked for evidence.
type Asked string

// The parties that are asked for evidence.
const (
	// AskedConsumer is the consumer, for whom the order service answers.
	AskedConsumer Asked = "CONSUMER"
	// AskedMerchant is the merchant of the claim.
	AskedMerchant Asked = "MERCHANT"
	// AskedAuthenticator is a laboratory with a part in the claim.
	AskedAuthenticator Asked = "AUTHENTICATOR"
)

// AskedParties lists the parties.
func AskedParties() []Asked { return []Asked{AskedConsumer, AskedMerchant, AskedAuthenticator} }

// ProofOfSource is the kind of evidence by which a merchant proves where its goods come from.
const ProofOfSource = "PROOF_OF_SOURCE"

// EvidenceRequestState says how far a request for evidence has come.
type EvidenceRequestState string

// The states of a request for evidence.
const (
	// RequestOpen waits for the evidence of whoever is asked.
	RequestOpen EvidenceRequestState = "OPEN"
	// RequestAnswered waits for nobody: evidence names it.
	RequestAnswered EvidenceRequestState = "ANSWERED"
	// RequestCancelled waits for nobody: the evidence is not needed.
	RequestCancelled EvidenceRequestState = "CANCELLED"
)

// EvidenceRequestStates lists every state in the order of a request's life.
func EvidenceRequestStates() []EvidenceRequestState {
	return []EvidenceRequestState{RequestOpen, RequestAnswered, RequestCancelled}
}

// The bounds of requests for evidence.
const (
	// EvidenceRequestsMax is how many requests a claim can have: more than it can need, and few
	// enough to be read with the claim at once.
	EvidenceRequestsMax = 50
	// EvidenceDueMax is how far ahead evidence can be due: half a year, as reports can.
	EvidenceDueMax = 183 * 24 * time.Hour
)

// EvidenceRequest asks a party of a claim for evidence of a kind until a time. It decides
// nothing, whether it is answered or not.
type EvidenceRequest struct {
	MerchantID string
	ClaimID    string
	// Number counts the claim's requests for evidence from 1.
	Number int32
	Asked  Asked
	// AuthenticatorID is the laboratory that is asked; empty for another party.
	AuthenticatorID string
	State           EvidenceRequestState
	// Kind is the kind of evidence, Question what is to be shown by it.
	Kind     string
	Question string
	DueAt    time.Time
	// MadeAs is the role in which it was made, MadeBy the person, if one is known.
	MadeAs      string
	MadeBy      string
	MadeAt      time.Time
	EventNumber int64
	// Answers is how many pieces of evidence name it.
	Answers int32
	// OverdueAt is when it was found to be overdue; zero if it was not.
	OverdueAt time.Time
	// EndedAt is when it was answered or cancelled; zero while it is open.
	EndedAt time.Time
	// Note is why it was cancelled. It is for the marketplace's own people.
	Note string
}

// MayAnswer refuses evidence that names a request which was cancelled, with
// EVIDENCE_REQUEST_STATE_CONFLICT. A request may be answered with several pieces, and what comes
// late is taken like what comes in time.
func (r *EvidenceRequest) MayAnswer() error {
	if r.State == RequestCancelled {
		return r.Refuse("add the evidence without naming it")
	}
	return nil
}

// Answer counts a piece of evidence that may name the request.
func (r *EvidenceRequest) Answer(now time.Time) {
	if r.State == RequestOpen {
		r.State, r.EndedAt = RequestAnswered, now
	}
	r.Answers++
}

// Late says whether evidence that arrived at a time came after it was due.
func (r *EvidenceRequest) Late(arrived time.Time) bool { return arrived.After(r.DueAt) }

// Refuse refuses what a request in its state does not allow.
func (r *EvidenceRequest) Refuse(why string) *fault.Error {
	return fault.New(fault.EvidenceRequestStateConflict, "request %d for evidence on claim %s is %s: %s", r.Number, r.ClaimID, r.State, why).
		With("claimId", r.ClaimID).With("evidenceRequest", strconv.Itoa(int(r.Number))).With("state", string(r.State))
}
