package rpc

import (
	"strconv"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/linename"
)

// anyMerchant stands for all merchants in a name.
const anyMerchant = "-"

// These are the names of resources, as the contract spells them.

func merchantName(merchant string) string      { return "merchants/" + merchant }
func claimName(merchant, id string) string     { return "merchants/" + merchant + "/claims/" + id }
func orderLineName(merchant, id string) string { return linename.Of(merchant, id) }
func resultName(merchant, id string) string    { return "merchants/" + merchant + "/results/" + id }
func payoutName(merchant, id string) string    { return "merchants/" + merchant + "/payouts/" + id }
func authenticatorName(id string) string       { return "authenticators/" + id }
func authenticatorKeyName(id, thumbprint string) string {
	return authenticatorName(id) + "/keys/" + thumbprint
}
func transferName(merchant string, n int64) string {
	return "merchants/" + merchant + "/transfers/" + strconv.FormatInt(n, 10)
}
func proposalName(merchant string, n int64) string {
	return "merchants/" + merchant + "/proposals/" + strconv.FormatInt(n, 10)
}
func eventName(merchant string, n int64) string {
	return "merchants/" + merchant + "/events/" + strconv.FormatInt(n, 10)
}
func uploadName(merchant, id string) string  { return "merchants/" + merchant + "/uploads/" + id }
func webhookName(merchant, id string) string { return "merchants/" + merchant + "/webhooks/" + id }
func policyVersionName(policy string, n int32) string {
	return "policies/" + policy + "/versions/" + strconv.Itoa(int(n))
}
func decisionRulesName(n int32) string { return "decisionRules/" + strconv.Itoa(int(n)) }
func holdName(merchant, claimID string, n int32) string {
	return claimName(merchant, claimID) + "/holds/" + strconv.Itoa(int(n))
}

func statementFileName(merchant, id string) string {
	return merchantName(merchant) + "/statementFiles/" + id
}

func commissionName(merchant, claimID string, n int32) string {
	return claimName(merchant, claimID) + "/commissions/" + strconv.Itoa(int(n))
}

func evidenceRequestName(merchant, claimID string, n int32) string {
	return claimName(merchant, claimID) + "/evidenceRequests/" + strconv.Itoa(int(n))
}

// nameOf gives the ids in a name whose form the contract's rules have checked: its
// 2nd and 4th parts.
func nameOf(name string) (first, second string) {
	parts := strings.SplitN(name, "/", 5)
	if len(parts) > 1 {
		first = parts[1]
	}
	if len(parts) > 3 {
		second = parts[3]
		if parts[2] == "orderLines" {
			second, _ = linename.ParseID(second)
		}
	}
	return first, second
}

// claimOf gives merchant and claim of a claim's name. An id that cannot exist is
// refused with CLAIM_NOT_FOUND before anything is read.
func claimOf(name, field string) (merchant, id string, err error) {
	merchant, spelled := nameOf(name)
	id, ok := claim.ParseID(spelled)
	if !ok {
		return "", "", fault.New(fault.ClaimNotFound, "there is no claim with the id %q: its check character is wrong", spelled).
			With("claimId", spelled).At(field)
	}
	return merchant, id, nil
}

// under refuses a name that does not belong to its parent.
func under(parent, name, field string) error {
	if strings.HasPrefix(name, parent+"/") {
		return nil
	}
	return fault.New(fault.RequestInvalid, "%s does not belong to %s", name, parent).At(field)
}

// claimUnder reads an optional claim, which must belong to the parent.
func claimUnder(parent, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	if err := under(parent, name, "claim"); err != nil {
		return "", err
	}
	_, id, err := claimOf(name, "claim")
	return id, err
}

// numberOf reads the number at the end of a name; the contract's rules have checked
// that there is one.
func numberOf(name string) int64 {
	n, _ := strconv.ParseInt(name[strings.LastIndexByte(name, '/')+1:], 10, 64)
	return n
}
