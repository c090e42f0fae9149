package claim

import (
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Verdict is the finding on a unit or on the whole claim.
type Verdict string

// The verdicts.
const (
	// Pending is no finding yet.
	Pending Verdict = "PENDING"
	// Counterfeit is, for a claim, at least one unit found counterfeit.
	Counterfeit Verdict = "COUNTERFEIT"
	// Genuine is, for a claim, every unit found genuine.
	Genuine Verdict = "GENUINE"
	// Inconclusive never triggers compensation (rule V4).
	Inconclusive Verdict = "INCONCLUSIVE"
	// NotOurProduct is a product that the brand did not make, without a finding of what it is.
	NotOurProduct Verdict = "NOT_OUR_PRODUCT"
	// GrayMarket is a genuine product of an unauthorised channel (rule E6).
	GrayMarket Verdict = "GRAY_MARKET"
	// Tampered is a package that was opened, refilled or mixed with other goods.
	Tampered Verdict = "TAMPERED"
	// Altered is a genuine product that was changed, such as repaired or dated anew.
	Altered Verdict = "ALTERED"
	// NotAsDescribed is a product of the brand that is not the one which was sold (rule E5).
	NotAsDescribed Verdict = "NOT_AS_DESCRIBED"
)

// Verdicts lists every verdict.
func Verdicts() []Verdict {
	return []Verdict{
		Pending, Counterfeit, Genuine, Inconclusive, NotOurProduct, GrayMarket, Tampered, Altered, NotAsDescribed,
	}
}

// Findings lists the verdicts that a result or a person can give.
func Findings() []Verdict { return Verdicts()[1:] }

// Consequence is what a table makes of a verdict. Counterfeit is compensated and nothing
// follows from genuine, whatever the table says.
func (v Verdict) Consequence(table *policy.Consequences) policy.Consequence {
	switch v {
	case Pending, Counterfeit, Genuine:
	case Inconclusive:
		return table.Inconclusive
	case NotOurProduct:
		return table.NotOurProduct
	case GrayMarket:
		return table.GrayMarket
	case Tampered:
		return table.Tampered
	case Altered:
		return table.Altered
	case NotAsDescribed:
		return table.NotAsDescribed
	}
	return policy.NoConsequence
}

// Opposite says whether one verdict finds goods to be what they were sold as, and the other
// does not.
func (v Verdict) Opposite(other Verdict) bool {
	mine, known := v.asSold()
	its, too := other.asSold()
	return known && too && mine != its
}

// asSold says whether goods are what they were sold as, wherever they came from, and whether
// the verdict tells.
func (v Verdict) asSold() (is, told bool) {
	switch v {
	case Genuine, GrayMarket:
		return true, true
	case Counterfeit, NotOurProduct, Tampered, Altered, NotAsDescribed:
		return false, true
	case Pending, Inconclusive:
	}
	return false, false
}

// Ruled gives units the consequences of their verdicts as a person decided them: what the
// table leaves to a person has no other.
func Ruled(units []Unit, table *policy.Consequences) []Unit {
	units = slices.Clone(units)
	for i, u := range units {
		if units[i].Consequence = u.Verdict.Consequence(table); units[i].Consequence == policy.Review {
			units[i].Consequence = policy.NoConsequence
		}
	}
	return units
}

// AuthenticatorKind is what stands behind an authenticator.
type AuthenticatorKind string

// The kinds of authenticator.
const (
	Brand         AuthenticatorKind = "BRAND"
	AccreditedLab AuthenticatorKind = "ACCREDITED_LAB"
	Appraiser     AuthenticatorKind = "APPRAISER"
	Court         AuthenticatorKind = "COURT"
	Trace         AuthenticatorKind = "TRACE"
)

// AuthenticatorKinds lists the kinds.
func AuthenticatorKinds() []AuthenticatorKind {
	return []AuthenticatorKind{Brand, AccreditedLab, Appraiser, Court, Trace}
}

// Authenticator is a brand, laboratory or other body whose results are weighed.
type Authenticator struct {
	ID          string
	Kind        AuthenticatorKind
	DisplayName string
	// Categories are the category prefixes that it is registered for; empty means
	// all.
	Categories   []string
	RegisteredAt time.Time
}

// SampleSource says which sample the result was found on.
type SampleSource string

// The sources of a sample.
const (
	SealedPlatformSample SampleSource = "SEALED_PLATFORM_SAMPLE"
	ConsumerSample       SampleSource = "CONSUMER_SAMPLE"
	TraceData            SampleSource = "TRACE_DATA"
	Photos               SampleSource = "PHOTOS"
)

// SampleSources lists the sources.
func SampleSources() []SampleSource {
	return []SampleSource{SealedPlatformSample, ConsumerSample, TraceData, Photos}
}

// Physical says whether goods were examined, and not what tells of them.
func (s SampleSource) Physical() bool { return s == SealedPlatformSample || s == ConsumerSample }

// Result is one authentication result on units of a claim. It binds only the
// units it names (ISO/IEC 17025 7.8.2.1 l; rule V5).
type Result struct {
	MerchantID      string
	ID              string
	ClaimID         string
	OrderLineID     string
	AuthenticatorID string
	ReportNumber    string
	Kind            AuthenticatorKind
	Sample          SampleSource
	// Reinspection marks a second body's test after a conflict. It is final inside
	// the platform (Food Safety Law Art. 88; rule V3).
	Reinspection bool
	// CustodyIntact is the recorder's word that the chain of custody has no gap and every
	// seal matched. It is looked at only where no step tells and the rules take it (rule V6).
	CustodyIntact bool
	// SampleID is the sample of the claim that was examined; empty if none is named.
	SampleID string
	// Rules is the version of the decision rules that ranks it; zero for results that were
	// recorded before there were versions, which the first ranks.
	Rules int32
	// Chain are the steps of custody of the claim, for those who read the result. A book has
	// them by themselves.
	Chain    []custody.Step
	Units    []Unit
	IssuedAt time.Time
	// ReportDigest is the SHA-256 of the report file, hex.
	ReportDigest string
	Statement    string
	RecordedAt   time.Time
	EventNumber  int64
	// Retracted results do not count any more.
	Retracted bool
	// Fee is what the result cost, in FeeCurrency, and FeePaidBy is who fronted it;
	// zero and none if that was not reported.
	Fee         money.Amount
	FeeCurrency string
	FeePaidBy   FeePayer
	// Commission is the number of the claim's commission that it answers; zero for a body
	// that was not commissioned.
	Commission int32
	// SigningKey is the thumbprint of the key by which the body signed it; empty for a result
	// that is not signed.
	SigningKey string
	// UnusedKey is the thumbprint of a key by which the body could have signed a result that is
	// not signed, when it was recorded; empty if it could not, or if nobody looked yet.
	UnusedKey string
	// Signed is the signed statement as it was received. It is there while the result is
	// recorded, and read by itself later: it may be long.
	Signed string
}

// FeePayer is the side that fronted the fee of a result.
type FeePayer string

// The payers of a result.
const (
	// FeePayerNone means that the payer is not known.
	FeePayerNone FeePayer = ""
	// FeePayerClaimant is the claimant, who proves the payment with the claim.
	FeePayerClaimant FeePayer = "CLAIMANT"
	// FeePayerPlatform is the platform, which may charge the losing side.
	FeePayerPlatform FeePayer = "PLATFORM"
)

// FeePayers lists the payers.
func FeePayers() []FeePayer { return []FeePayer{FeePayerClaimant, FeePayerPlatform} }

// Overall folds the verdicts on units into the claim's: counterfeit if one is, else another
// verdict for which compensation is owed, else pending and inconclusive while a unit is, and
// else the first in the order below that one unit has; genuine only if all are.
func Overall(units []Unit) Verdict {
	order := []Verdict{Pending, Inconclusive, NotOurProduct, Tampered, Altered, NotAsDescribed, GrayMarket}
	found := Genuine
	rank := len(order)
	owed := Pending
	for _, u := range units {
		if u.Verdict == Counterfeit {
			return Counterfeit
		}
		at := slices.Index(order, u.Verdict)
		if at < 0 {
			continue
		}
		if u.Owed() && (owed == Pending || at < slices.Index(order, owed)) {
			owed = u.Verdict
		}
		if at < rank {
			rank, found = at, u.Verdict
		}
	}
	if owed != Pending {
		return owed
	}
	return found
}

// CheckUnits refuses unit verdicts that name a unit twice or one that the claim
// does not hold.
func (c *Claim) CheckUnits(given []Unit, field string) error {
	seen := make(map[int32]bool, len(given))
	for _, u := range given {
		if !slices.ContainsFunc(c.Units, func(h Unit) bool { return h.Ordinal == u.Ordinal }) {
			return fault.New(fault.UnitNotClaimed, "unit %d is not part of claim %s", u.Ordinal, c.ID).
				With("ordinal", u.Ordinal).With("claimId", c.ID).At(field).About(c)
		}
		if seen[u.Ordinal] {
			return fault.New(fault.RequestInvalid, "unit %d is named twice", u.Ordinal).At(field)
		}
		seen[u.Ordinal] = true
	}
	return nil
}
