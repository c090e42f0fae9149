package client

import "github.com/tenfold-claims/tenfold/internal/fault"

// Reason says why the server refused. It is an error itself, for errors.Is. A
// reason keeps its name and its code for ever; more reasons may be added later.
type Reason = fault.Reason

// These are the reasons, by what they protect. The contract's Reason describes each
// of them.
const (
	// Form of the request.
	RequestInvalid    = fault.RequestInvalid
	AmountOutOfRange  = fault.AmountOutOfRange
	PageTokenInvalid  = fault.PageTokenInvalid
	FilterUnsupported = fault.FilterUnsupported
	BatchTooLarge     = fault.BatchTooLarge
	MethodUnknown     = fault.MethodUnknown

	// Idempotency and concurrency.
	RequestIDReused      = fault.RequestIDReused
	RequestNotFound      = fault.RequestNotFound
	ClaimChanged         = fault.ClaimChanged
	TransactionContended = fault.TransactionContended
	QueueFull            = fault.QueueFull
	DatabaseUnavailable  = fault.DatabaseUnavailable
	OutcomeUnknown       = fault.OutcomeUnknown
	ServerStopping       = fault.ServerStopping

	// Watching.
	WatchTokenInvalid = fault.WatchTokenInvalid
	WatchTooSlow      = fault.WatchTooSlow
	WatchEnded        = fault.WatchEnded
	WatchersFull      = fault.WatchersFull

	// Who acts.
	CredentialMissing       = fault.CredentialMissing
	CredentialInvalid       = fault.CredentialInvalid
	AccessDenied            = fault.AccessDenied
	PersonRequired          = fault.PersonRequired
	SamePerson              = fault.SamePerson
	AuthenticatorNotTrusted = fault.AuthenticatorNotTrusted
	RateLimited             = fault.RateLimited

	// The registry of authenticators.
	AuthenticatorSuspended     = fault.AuthenticatorSuspended
	AuthenticatorNotAccredited = fault.AuthenticatorNotAccredited
	AuthenticatorChanged       = fault.AuthenticatorChanged
	AuthenticatorNotSuspended  = fault.AuthenticatorNotSuspended

	// Keys of bodies, and what they sign.
	KeyNotFound          = fault.KeyNotFound
	KeyInvalid           = fault.KeyInvalid
	KeyAlreadyRegistered = fault.KeyAlreadyRegistered
	KeyLimit             = fault.KeyLimit
	KeyProofInvalid      = fault.KeyProofInvalid
	KeyRevoked           = fault.KeyRevoked
	AlgorithmNotAllowed  = fault.AlgorithmNotAllowed
	SignatureInvalid     = fault.SignatureInvalid
	KeyNotValid          = fault.KeyNotValid
	SignatureRequired    = fault.SignatureRequired
	SignedResultInvalid  = fault.SignedResultInvalid
	SignedResultMismatch = fault.SignedResultMismatch
	ResultNotSigned      = fault.ResultNotSigned

	// What was named does not exist, or exists already.
	MerchantNotFound            = fault.MerchantNotFound
	MerchantAlreadyOpened       = fault.MerchantAlreadyOpened
	ClaimNotFound               = fault.ClaimNotFound
	OrderLineNotFound           = fault.OrderLineNotFound
	OrderLineChanged            = fault.OrderLineChanged
	OrderLineDamaged            = fault.OrderLineDamaged
	OrderLineInUse              = fault.OrderLineInUse
	PolicyNotFound              = fault.PolicyNotFound
	PolicyAlreadyPublished      = fault.PolicyAlreadyPublished
	PolicyNoticeTooShort        = fault.PolicyNoticeTooShort
	PolicyProposalRequired      = fault.PolicyProposalRequired
	DecisionRulesNotFound       = fault.DecisionRulesNotFound
	DecisionRulesNoticeTooShort = fault.DecisionRulesNoticeTooShort
	AuthenticatorNotFound       = fault.AuthenticatorNotFound
	AuthenticatorRegistered     = fault.AuthenticatorRegistered
	PayoutNotFound              = fault.PayoutNotFound
	ResultNotFound              = fault.ResultNotFound
	TransferNotFound            = fault.TransferNotFound
	WebhookNotFound             = fault.WebhookNotFound
	EventNotFound               = fault.EventNotFound
	ResultAlreadyRecorded       = fault.ResultAlreadyRecorded
	ResultSubjectAmbiguous      = fault.ResultSubjectAmbiguous
	ReferenceAlreadyUsed        = fault.ReferenceAlreadyUsed

	// Eligibility of a claim.
	ClaimAlreadyFiled   = fault.ClaimAlreadyFiled
	NewEvidenceRequired = fault.NewEvidenceRequired
	ClaimWindowClosed   = fault.ClaimWindowClosed
	OrderNotEligible    = fault.OrderNotEligible
	ClaimantNotEligible = fault.ClaimantNotEligible
	UnitsOutOfRange     = fault.UnitsOutOfRange
	UnitNotClaimed      = fault.UnitNotClaimed
	PricingGroupFull    = fault.PricingGroupFull

	// The state machine.
	ClaimStateConflict     = fault.ClaimStateConflict
	PayoutStateConflict    = fault.PayoutStateConflict
	NoticeAlreadyConfirmed = fault.NoticeAlreadyConfirmed
	AppealWindowClosed     = fault.AppealWindowClosed
	AppealAlreadyDecided   = fault.AppealAlreadyDecided
	ApprovalVoid           = fault.ApprovalVoid
	ReconsiderationUsed    = fault.ReconsiderationUsed
	ReconsiderationTooLate = fault.ReconsiderationTooLate
	EvidenceNotNew         = fault.EvidenceNotNew
	ClockStateConflict     = fault.ClockStateConflict
	ResultAlreadyRetracted = fault.ResultAlreadyRetracted

	// The work of people.
	AssignedToAnother = fault.AssignedToAnother
	WorkLimit         = fault.WorkLimit
	NoteLimit         = fault.NoteLimit

	// Requests for evidence.
	EvidenceRequestNotFound      = fault.EvidenceRequestNotFound
	EvidenceRequestStateConflict = fault.EvidenceRequestStateConflict
	EvidenceRequestLimit         = fault.EvidenceRequestLimit
	EvidenceRequestUninvolved    = fault.EvidenceRequestUninvolved

	EvidenceAlreadyDisclosed = fault.EvidenceAlreadyDisclosed
	SourceProofMissing       = fault.SourceProofMissing

	// Commissions.
	CommissionNotFound      = fault.CommissionNotFound
	CommissionStateConflict = fault.CommissionStateConflict
	CommissionAlreadyOpen   = fault.CommissionAlreadyOpen
	CommissionLimit         = fault.CommissionLimit
	CommissionNoCandidate   = fault.CommissionNoCandidate
	CommissionPhotoUnknown  = fault.CommissionPhotoUnknown

	// Custody.
	CustodyStepConflict    = fault.CustodyStepConflict
	CustodySampleMismatch  = fault.CustodySampleMismatch
	CustodyLimit           = fault.CustodyLimit
	CustodyEvidenceUnknown = fault.CustodyEvidenceUnknown

	ReinspectionNotIndependent = fault.ReinspectionNotIndependent

	// Webhooks.
	WebhookURLRefused = fault.WebhookURLRefused
	WebhookLimit      = fault.WebhookLimit
	WebhookKeyMissing = fault.WebhookKeyMissing
	EvidenceLimit     = fault.EvidenceLimit

	// Files of evidence.
	EvidenceStoreMissing     = fault.EvidenceStoreMissing
	EvidenceStoreUnavailable = fault.EvidenceStoreUnavailable
	UploadNotFound           = fault.UploadNotFound
	UploadLimit              = fault.UploadLimit
	UploadOffsetMismatch     = fault.UploadOffsetMismatch
	ChunkDamaged             = fault.ChunkDamaged
	ChunkChanged             = fault.ChunkChanged
	UploadStateConflict      = fault.UploadStateConflict
	UploadDigestMismatch     = fault.UploadDigestMismatch
	MediaTypeRefused         = fault.MediaTypeRefused
	MalwareFound             = fault.MalwareFound
	EvidenceNotFound         = fault.EvidenceNotFound
	EvidenceNotDisclosed     = fault.EvidenceNotDisclosed
	EvidenceDamaged          = fault.EvidenceDamaged

	// Money.
	CurrencyMismatch        = fault.CurrencyMismatch
	DepositInsufficient     = fault.DepositInsufficient
	ShopFundsInsufficient   = fault.ShopFundsInsufficient
	TransferAlreadyReversed = fault.TransferAlreadyReversed
	HoldAlreadyCaptured     = fault.HoldAlreadyCaptured
	HoldAlreadyReleased     = fault.HoldAlreadyReleased
	HoldExceeded            = fault.HoldExceeded
	HoldAlreadyExpired      = fault.HoldAlreadyExpired
	HoldNotFound            = fault.HoldNotFound
	FreeAmountExceeded      = fault.FreeAmountExceeded
	SweepDue                = fault.SweepDue
	DebtNotFound            = fault.DebtNotFound
	DebtExceeded            = fault.DebtExceeded
	ClawBackExceeded        = fault.ClawBackExceeded
	CouponExceeded          = fault.CouponExceeded
	ExitNotPossible         = fault.ExitNotPossible
	ExitStateConflict       = fault.ExitStateConflict
	ProposalNotFound        = fault.ProposalNotFound
	ProposalStateConflict   = fault.ProposalStateConflict
	SuspenseInsufficient    = fault.SuspenseInsufficient
	DirectLimitExceeded     = fault.DirectLimitExceeded
	PeriodStateConflict     = fault.PeriodStateConflict
	PeriodNotClean          = fault.PeriodNotClean
	SuspenseChanged         = fault.SuspenseChanged
	AsOfUnknown             = fault.AsOfUnknown

	// Jobs.
	JobNotFound      = fault.JobNotFound
	JobStateConflict = fault.JobStateConflict
	RetractionEmpty  = fault.RetractionEmpty

	// Statements.
	StatementNotReady     = fault.StatementNotReady
	StatementLimitReached = fault.StatementLimitReached
	StatementTooLong      = fault.StatementTooLong

	// Reconciliation.
	ImportNotFound            = fault.ImportNotFound
	ImportStateConflict       = fault.ImportStateConflict
	ImportChunkMisplaced      = fault.ImportChunkMisplaced
	BreakNotFound             = fault.BreakNotFound
	BreakStateConflict        = fault.BreakStateConflict
	BreakChanged              = fault.BreakChanged
	ReconciliationRunning     = fault.ReconciliationRunning
	ReconciliationImplausible = fault.ReconciliationImplausible
)
