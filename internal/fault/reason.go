package fault

// Reason says why a command was refused. It is an error itself, so callers
// write errors.Is(err, fault.DepositInsufficient). A reason keeps its name and
// its canonical code for ever.
type Reason string

// Error returns the reason's name.
func (r Reason) Error() string { return string(r) }

// The reasons, by what they protect.
const (
	// Form of the request.
	RequestInvalid    Reason = "REQUEST_INVALID"
	AmountOutOfRange  Reason = "AMOUNT_OUT_OF_RANGE"
	PageTokenInvalid  Reason = "PAGE_TOKEN_INVALID"
	FilterUnsupported Reason = "FILTER_UNSUPPORTED"
	BatchTooLarge     Reason = "BATCH_TOO_LARGE"
	MethodUnknown     Reason = "METHOD_UNKNOWN"

	// Idempotency and concurrency.
	RequestIDReused      Reason = "REQUEST_ID_REUSED"
	RequestNotFound      Reason = "REQUEST_NOT_FOUND"
	ClaimChanged         Reason = "CLAIM_CHANGED"
	TransactionContended Reason = "TRANSACTION_CONTENDED"
	QueueFull            Reason = "QUEUE_FULL"
	DatabaseUnavailable  Reason = "DATABASE_UNAVAILABLE"
	OutcomeUnknown       Reason = "OUTCOME_UNKNOWN"
	ServerStopping       Reason = "SERVER_STOPPING"

	// Watching.
	WatchTokenInvalid Reason = "WATCH_TOKEN_INVALID"
	WatchTooSlow      Reason = "WATCH_TOO_SLOW"
	WatchEnded        Reason = "WATCH_ENDED"
	WatchersFull      Reason = "WATCHERS_FULL"

	// Who acts.
	CredentialMissing       Reason = "CREDENTIAL_MISSING"
	CredentialInvalid       Reason = "CREDENTIAL_INVALID"
	AccessDenied            Reason = "ACCESS_DENIED"
	PersonRequired          Reason = "PERSON_REQUIRED"
	SamePerson              Reason = "SAME_PERSON"
	AuthenticatorNotTrusted Reason = "AUTHENTICATOR_NOT_TRUSTED"
	RateLimited             Reason = "RATE_LIMITED"

	// The registry of authenticators.
	AuthenticatorSuspended     Reason = "AUTHENTICATOR_SUSPENDED"
	AuthenticatorNotAccredited Reason = "AUTHENTICATOR_NOT_ACCREDITED"
	AuthenticatorChanged       Reason = "AUTHENTICATOR_CHANGED"
	AuthenticatorNotSuspended  Reason = "AUTHENTICATOR_NOT_SUSPENDED"

	// Keys of bodies, and what they sign.
	KeyNotFound          Reason = "KEY_NOT_FOUND"
	KeyInvalid           Reason = "KEY_INVALID"
	KeyAlreadyRegistered Reason = "KEY_ALREADY_REGISTERED"
	KeyLimit             Reason = "KEY_LIMIT_REACHED"
	KeyProofInvalid      Reason = "KEY_PROOF_INVALID"
	KeyRevoked           Reason = "KEY_REVOKED"
	AlgorithmNotAllowed  Reason = "ALGORITHM_NOT_ALLOWED"
	SignatureInvalid     Reason = "SIGNATURE_INVALID"
	KeyNotValid          Reason = "KEY_NOT_VALID"
	SignatureRequired    Reason = "SIGNATURE_REQUIRED"
	SignedResultInvalid  Reason = "SIGNED_RESULT_INVALID"
	SignedResultMismatch Reason = "SIGNED_RESULT_MISMATCH"
	ResultNotSigned      Reason = "RESULT_NOT_SIGNED"

	// What was named does not exist, or exists already.
	MerchantNotFound            Reason = "MERCHANT_NOT_FOUND"
	MerchantAlreadyOpened       Reason = "MERCHANT_ALREADY_OPENED"
	ClaimNotFound               Reason = "CLAIM_NOT_FOUND"
	OrderLineNotFound           Reason = "ORDER_LINE_NOT_FOUND"
	OrderLineChanged            Reason = "ORDER_LINE_CHANGED"
	OrderLineDamaged            Reason = "ORDER_LINE_DAMAGED"
	OrderLineInUse              Reason = "ORDER_LINE_IN_USE"
	PolicyNotFound              Reason = "POLICY_NOT_FOUND"
	PolicyAlreadyPublished      Reason = "POLICY_ALREADY_PUBLISHED"
	PolicyNoticeTooShort        Reason = "POLICY_NOTICE_TOO_SHORT"
	PolicyProposalRequired      Reason = "POLICY_PROPOSAL_REQUIRED"
	DecisionRulesNotFound       Reason = "DECISION_RULES_NOT_FOUND"
	DecisionRulesNoticeTooShort Reason = "DECISION_RULES_NOTICE_TOO_SHORT"
	AuthenticatorNotFound       Reason = "AUTHENTICATOR_NOT_FOUND"
	AuthenticatorRegistered     Reason = "AUTHENTICATOR_ALREADY_REGISTERED"
	PayoutNotFound              Reason = "PAYOUT_NOT_FOUND"
	ResultNotFound              Reason = "RESULT_NOT_FOUND"
	TransferNotFound            Reason = "TRANSFER_NOT_FOUND"
	WebhookNotFound             Reason = "WEBHOOK_NOT_FOUND"
	EventNotFound               Reason = "EVENT_NOT_FOUND"
	ResultAlreadyRecorded       Reason = "RESULT_ALREADY_RECORDED"
	ResultSubjectAmbiguous      Reason = "RESULT_SUBJECT_AMBIGUOUS"
	ReferenceAlreadyUsed        Reason = "REFERENCE_ALREADY_USED"

	// Eligibility of a claim.
	ClaimAlreadyFiled   Reason = "CLAIM_ALREADY_FILED"
	NewEvidenceRequired Reason = "NEW_EVIDENCE_REQUIRED"
	ClaimWindowClosed   Reason = "CLAIM_WINDOW_CLOSED"
	OrderNotEligible    Reason = "ORDER_NOT_ELIGIBLE"
	ClaimantNotEligible Reason = "CLAIMANT_NOT_ELIGIBLE"
	UnitsOutOfRange     Reason = "UNITS_OUT_OF_RANGE"
	UnitNotClaimed      Reason = "UNIT_NOT_CLAIMED"
	PricingGroupFull    Reason = "PRICING_GROUP_FULL"

	// The state machine.
	ClaimStateConflict     Reason = "CLAIM_STATE_CONFLICT"
	PayoutStateConflict    Reason = "PAYOUT_STATE_CONFLICT"
	NoticeAlreadyConfirmed Reason = "NOTICE_ALREADY_CONFIRMED"
	AppealWindowClosed     Reason = "APPEAL_WINDOW_CLOSED"
	AppealAlreadyDecided   Reason = "APPEAL_ALREADY_DECIDED"
	ApprovalVoid           Reason = "APPROVAL_VOID"
	ReconsiderationUsed    Reason = "RECONSIDERATION_USED"
	ReconsiderationTooLate Reason = "RECONSIDERATION_WINDOW_CLOSED"
	EvidenceNotNew         Reason = "EVIDENCE_NOT_NEW"
	ClockStateConflict     Reason = "CLOCK_STATE_CONFLICT"
	ResultAlreadyRetracted Reason = "RESULT_ALREADY_RETRACTED"

	// The work of people.
	AssignedToAnother Reason = "ASSIGNED_TO_ANOTHER"
	WorkLimit         Reason = "WORK_LIMIT_REACHED"
	NoteLimit         Reason = "NOTE_LIMIT_REACHED"

	// Requests for evidence.
	EvidenceRequestNotFound      Reason = "EVIDENCE_REQUEST_NOT_FOUND"
	EvidenceRequestStateConflict Reason = "EVIDENCE_REQUEST_STATE_CONFLICT"
	EvidenceRequestLimit         Reason = "EVIDENCE_REQUEST_LIMIT_REACHED"
	EvidenceRequestUninvolved    Reason = "EVIDENCE_REQUEST_BODY_UNINVOLVED"

	EvidenceAlreadyDisclosed Reason = "EVIDENCE_ALREADY_DISCLOSED"
	SourceProofMissing       Reason = "SOURCE_PROOF_MISSING"

	// Commissions.
	CommissionNotFound      Reason = "COMMISSION_NOT_FOUND"
	CommissionStateConflict Reason = "COMMISSION_STATE_CONFLICT"
	CommissionAlreadyOpen   Reason = "COMMISSION_ALREADY_OPEN"
	CommissionLimit         Reason = "COMMISSION_LIMIT_REACHED"
	CommissionNoCandidate   Reason = "COMMISSION_NO_CANDIDATE"
	CommissionPhotoUnknown  Reason = "COMMISSION_PHOTO_UNKNOWN"

	// Custody.
	CustodyStepConflict    Reason = "CUSTODY_STEP_CONFLICT"
	CustodySampleMismatch  Reason = "CUSTODY_SAMPLE_MISMATCH"
	CustodyLimit           Reason = "CUSTODY_LIMIT_REACHED"
	CustodyEvidenceUnknown Reason = "CUSTODY_EVIDENCE_UNKNOWN"

	ReinspectionNotIndependent Reason = "REINSPECTION_NOT_INDEPENDENT"

	// Webhooks.
	WebhookURLRefused Reason = "WEBHOOK_URL_REFUSED"
	WebhookLimit      Reason = "WEBHOOK_LIMIT_REACHED"
	WebhookKeyMissing Reason = "WEBHOOK_KEY_MISSING"
	EvidenceLimit     Reason = "EVIDENCE_LIMIT_REACHED"

	// Files of evidence.
	EvidenceStoreMissing     Reason = "EVIDENCE_STORE_MISSING"
	EvidenceStoreUnavailable Reason = "EVIDENCE_STORE_UNAVAILABLE"
	UploadNotFound           Reason = "UPLOAD_NOT_FOUND"
	UploadLimit              Reason = "UPLOAD_LIMIT_REACHED"
	UploadOffsetMismatch     Reason = "UPLOAD_OFFSET_MISMATCH"
	ChunkDamaged             Reason = "CHUNK_DAMAGED"
	ChunkChanged             Reason = "CHUNK_CHANGED"
	UploadStateConflict      Reason = "UPLOAD_STATE_CONFLICT"
	UploadDigestMismatch     Reason = "UPLOAD_DIGEST_MISMATCH"
	MediaTypeRefused         Reason = "MEDIA_TYPE_REFUSED"
	MalwareFound             Reason = "MALWARE_FOUND"
	EvidenceNotFound         Reason = "EVIDENCE_NOT_FOUND"
	EvidenceNotDisclosed     Reason = "EVIDENCE_NOT_DISCLOSED"
	EvidenceDamaged          Reason = "EVIDENCE_DAMAGED"

	// Money.
	CurrencyMismatch        Reason = "CURRENCY_MISMATCH"
	DepositInsufficient     Reason = "DEPOSIT_INSUFFICIENT"
	ShopFundsInsufficient   Reason = "SHOP_FUNDS_INSUFFICIENT"
	TransferAlreadyReversed Reason = "TRANSFER_ALREADY_REVERSED"
	HoldAlreadyCaptured     Reason = "HOLD_ALREADY_CAPTURED"
	HoldAlreadyReleased     Reason = "HOLD_ALREADY_RELEASED"
	HoldExceeded            Reason = "HOLD_EXCEEDED"
	HoldAlreadyExpired      Reason = "HOLD_ALREADY_EXPIRED"
	HoldNotFound            Reason = "HOLD_NOT_FOUND"
	FreeAmountExceeded      Reason = "FREE_AMOUNT_EXCEEDED"
	SweepDue                Reason = "SWEEP_DUE"
	DebtNotFound            Reason = "DEBT_NOT_FOUND"
	DebtExceeded            Reason = "DEBT_EXCEEDED"
	ClawBackExceeded        Reason = "CLAW_BACK_EXCEEDED"
	CouponExceeded          Reason = "COUPON_EXCEEDED"
	ExitNotPossible         Reason = "EXIT_NOT_POSSIBLE"
	ExitStateConflict       Reason = "EXIT_STATE_CONFLICT"
	ProposalNotFound        Reason = "PROPOSAL_NOT_FOUND"
	ProposalStateConflict   Reason = "PROPOSAL_STATE_CONFLICT"
	SuspenseInsufficient    Reason = "SUSPENSE_INSUFFICIENT"
	DirectLimitExceeded     Reason = "DIRECT_LIMIT_EXCEEDED"
	PeriodStateConflict     Reason = "PERIOD_STATE_CONFLICT"
	PeriodNotClean          Reason = "PERIOD_NOT_CLEAN"
	SuspenseChanged         Reason = "SUSPENSE_CHANGED"
	AsOfUnknown             Reason = "AS_OF_UNKNOWN"

	// Jobs.
	JobNotFound      Reason = "JOB_NOT_FOUND"
	JobStateConflict Reason = "JOB_STATE_CONFLICT"
	RetractionEmpty  Reason = "RETRACTION_EMPTY"

	// Statements.
	StatementNotReady     Reason = "STATEMENT_NOT_READY"
	StatementLimitReached Reason = "STATEMENT_LIMIT_REACHED"
	StatementTooLong      Reason = "STATEMENT_TOO_LONG"

	// Reconciliation.
	ImportNotFound            Reason = "IMPORT_NOT_FOUND"
	ImportStateConflict       Reason = "IMPORT_STATE_CONFLICT"
	ImportChunkMisplaced      Reason = "IMPORT_CHUNK_MISPLACED"
	BreakNotFound             Reason = "BREAK_NOT_FOUND"
	BreakStateConflict        Reason = "BREAK_STATE_CONFLICT"
	BreakChanged              Reason = "BREAK_CHANGED"
	ReconciliationRunning     Reason = "RECONCILIATION_RUNNING"
	ReconciliationImplausible Reason = "RECONCILIATION_IMPLAUSIBLE"
)
