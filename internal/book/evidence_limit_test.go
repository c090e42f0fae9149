package book_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// Would catch evidence without a bound in number or bytes, which makes a claim unreadable for
// those who decide it; a bound that one role uses up for another, or one claim for another; one
// that forgets what is stored when the book leaves memory; and a refusal that adds something.
func TestEvidenceIsBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	many, large := f.found(filing(line("m1", "l1", 1, 10_000), 1)), f.found(filing(line("m1", "l2", 1, 10_000), 1))
	add := func(c *claim.Claim, role principal.Role, note string) error {
		h := f.by("seller-1", "m1", "AddEvidence")
		h.Principal.Role = role
		_, err := f.Do(h, &book.AddEvidence{ClaimID: c.ID, Kind: "INVOICE", Reference: "files/1", Note: note})
		return err
	}
	for i := range book.EvidencePiecesMax {
		f.must(add(many, principal.RoleMerchant, fmt.Sprint(i)))
	}
	const size = 8000
	text := strings.Repeat("\U00020000", size/4)
	fits := book.EvidenceBytesMax / (size + len("INVOICE") + len("files/1"))
	for range fits {
		f.must(add(large, principal.RoleMerchant, text))
	}
	for what, c := range map[string]*claim.Claim{"a piece too many": many, "a byte too many": large} {
		before := len(f.Rows("m1").Evidence)
		err := add(c, principal.RoleMerchant, text)
		if r, ok := fault.As(err); !errors.Is(err, fault.EvidenceLimit) || !ok || r.Fields["role"] != "merchant" || r.Fields["claimId"] != c.ID || len(r.Detail) > 200 {
			t.Errorf("%s: %v", what, err)
		}
		if after := len(f.Rows("m1").Evidence); after != before {
			t.Errorf("%s: the refusal left %d pieces", what, after-before)
		}
	}
	f.must(add(large, principal.RoleMerchant, "short enough"))
	f.must(add(many, principal.RoleSupport, text))
	f.audited()
}

// Would catch files without a bound on their bytes, a bound that forgets what is stored, and a
// laboratory's file that is disclosed to nobody.
func TestFilesOfEvidenceAreBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.found(filing(line("m1", "l1", 1, 10_000), 1))
	add := func(role principal.Role, size int64) error {
		h := f.by("person-1", "m1", "AddEvidence")
		h.Principal.Role = role
		_, err := f.Do(h, &book.AddEvidence{ClaimID: c.ID, Kind: "FILM", Digest: "d", EvidenceFile: book.EvidenceFile{UploadID: "u1", MediaType: "video/mp4", Size: size}})
		return err
	}
	const most = book.EvidenceFileBytesMax
	f.must(add(principal.RoleMerchant, most-1))
	f.must(add(principal.RoleMerchant, 1))
	err := add(principal.RoleMerchant, 1)
	if r, ok := fault.As(err); !errors.Is(err, fault.EvidenceLimit) || !ok || r.Fields["fileBytesMax"] != fmt.Sprint(most) {
		t.Errorf("a byte too many: %v", err)
	}
	f.must(add(principal.RoleAuthenticator, most))
	list := f.Rows("m1").Evidence
	if len(list) != 3 || list[1].DisclosedTo != "" || list[2].DisclosedTo != "CONSUMER MERCHANT" || list[2].UploadID != "u1" || list[2].Size != most {
		t.Errorf("kept: %+v", list)
	}
	f.audited()
}

// Would catch a request id under which another file, or the same file for other readers, passes
// as the same request; and a request without a file whose digest has changed.
func TestRequestsWithFilesAreToldApart(t *testing.T) {
	t.Parallel()
	seen := make(map[[32]byte]string)
	for name, c := range map[string]request.Content{
		"a reference":            &book.AddEvidence{ClaimID: "c", Kind: "PHOTO", Reference: "r", Digest: "d"},
		"a file":                 &book.AddEvidence{ClaimID: "c", Kind: "PHOTO", Digest: "d", EvidenceFile: book.EvidenceFile{UploadID: "u1"}},
		"the file again":         &book.AddEvidence{ClaimID: "c", Kind: "PHOTO", Digest: "d", EvidenceFile: book.EvidenceFile{UploadID: "u2"}},
		"a file that is shown":   &book.AddEvidence{ClaimID: "c", Kind: "PHOTO", Digest: "d", EvidenceFile: book.EvidenceFile{UploadID: "u1", DisclosedTo: "MERCHANT"}},
		"filed without":          &book.FileClaim{LineID: "l"},
		"filed with a reference": &book.FileClaim{LineID: "l", Evidence: []book.AddEvidence{{Kind: "PHOTO", Reference: "r"}}},
		"filed with a file":      &book.FileClaim{LineID: "l", Evidence: []book.AddEvidence{{Kind: "PHOTO", EvidenceFile: book.EvidenceFile{UploadID: "u1"}}}},
		"filed with another":     &book.FileClaim{LineID: "l", Evidence: []book.AddEvidence{{Kind: "PHOTO", EvidenceFile: book.EvidenceFile{UploadID: "u2"}}}},
		"filed with file and label": &book.FileClaim{LineID: "l", Labels: "a=b", Evidence: []book.AddEvidence{
			{Kind: "PHOTO", EvidenceFile: book.EvidenceFile{UploadID: "u1"}}}},
	} {
		digest := request.DigestOf(c)
		if other, ok := seen[digest]; ok {
			t.Errorf("%s has the digest of %s", name, other)
		}
		seen[digest] = name
	}
	plain := request.DigestOf(&book.AddEvidence{ClaimID: "c", Kind: "PHOTO", Reference: "r", Digest: "d", Note: "n"})
	if got := hex.EncodeToString(plain[:]); got != "5f61948cd79ed3f1f94dfb3a9e5ea4c585f8082cef74ad0fa28fd6c0877af4cc" {
		t.Errorf("a reference has the digest %s", got)
	}
}
