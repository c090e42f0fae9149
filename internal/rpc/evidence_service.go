package rpc

import (
	"context"
	"slices"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/evidence"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// evidenceService implements EvidenceService.
type evidenceService struct {
	tenfoldv1.UnimplementedEvidenceServiceServer
	backend
}

func uploadOf(u *postgres.Upload) *tenfoldv1.Upload {
	return &tenfoldv1.Upload{
		Name: uploadName(u.MerchantID, u.ID), State: uploadStates.proto(u.State), SizeBytes: u.Size, ReceivedBytes: u.Received,
		MediaType: u.MediaType, Sha256: u.Digest, CreatedAt: stamp(u.CreatedAt), ExpiresAt: stamp(u.ExpiresAt),
	}
}

// uploader is the caller as the only one who may use what it uploads.
func uploader(ctx context.Context) postgres.Uploader {
	who := callerOf(ctx)
	return postgres.Uploader{Workload: who.Workload, Role: string(who.Role), Scope: who.Scope}
}

// uploadKey reads the name of an upload.
func uploadKey(name string) postgres.UploadKey {
	merchant, id := nameOf(name)
	return postgres.UploadKey{MerchantID: merchant, ID: id}
}

// ownBodyOf is the body that calls; empty for other callers.
func ownBodyOf(ctx context.Context) string {
	if who := callerOf(ctx); who.Role == principal.RoleAuthenticator {
		return strings.TrimPrefix(who.Scope, authenticatorName(""))
	}
	return ""
}

// mayUpload refuses a body that is suspended: what it would add is not recorded.
func (b *backend) mayUpload(ctx context.Context) error {
	id := ownBodyOf(ctx)
	if id == "" {
		return nil
	}
	body, err := b.engine.Authenticator(ctx, id)
	if err != nil {
		return err
	}
	return body.CheckActive()
}

func (s *evidenceService) CreateUpload(ctx context.Context, r *tenfoldv1.CreateUploadRequest) (*tenfoldv1.CreateUploadResponse, error) {
	if err := s.mayUpload(ctx); err != nil {
		return nil, err
	}
	merchant, _ := nameOf(r.GetParent())
	u, replayed, err := s.files.Create(ctx, s.header(ctx, merchant, r), callerOf(ctx).Scope, r.GetSizeBytes())
	return answer(&tenfoldv1.CreateUploadResponse{Upload: uploadOf(&u), Replayed: replayed}, err)
}

func (s *evidenceService) UploadChunk(ctx context.Context, r *tenfoldv1.UploadChunkRequest) (*tenfoldv1.UploadChunkResponse, error) {
	if err := s.mayUpload(ctx); err != nil {
		return nil, err
	}
	u, again, err := s.files.AddChunk(ctx, uploadKey(r.GetName()), uploader(ctx), r.GetOffset(), r.GetContent(), r.GetCrc32C())
	return answer(&tenfoldv1.UploadChunkResponse{Upload: uploadOf(&u), Replayed: again}, err)
}

func (s *evidenceService) GetUpload(ctx context.Context, r *tenfoldv1.GetUploadRequest) (*tenfoldv1.GetUploadResponse, error) {
	u, err := s.files.Get(ctx, uploadKey(r.GetName()), uploader(ctx))
	return answer(&tenfoldv1.GetUploadResponse{Upload: uploadOf(&u)}, err)
}

func (s *evidenceService) CompleteUpload(ctx context.Context, r *tenfoldv1.CompleteUploadRequest) (*tenfoldv1.CompleteUploadResponse, error) {
	if err := s.mayUpload(ctx); err != nil {
		return nil, err
	}
	u, again, err := s.files.Complete(ctx, uploadKey(r.GetName()), uploader(ctx), r.GetSha256())
	return answer(&tenfoldv1.CompleteUploadResponse{Upload: uploadOf(&u), Replayed: again}, err)
}

func (s *evidenceService) CancelUpload(ctx context.Context, r *tenfoldv1.CancelUploadRequest) (*tenfoldv1.CancelUploadResponse, error) {
	return answer(&tenfoldv1.CancelUploadResponse{}, s.files.Cancel(ctx, uploadKey(r.GetName()), uploader(ctx)))
}

// pieceMax is the size of a piece whose caller names none.
const pieceMax = evidence.ChunkMax

func (s *evidenceService) GetEvidenceContent(ctx context.Context, r *tenfoldv1.GetEvidenceContentRequest) (*tenfoldv1.GetEvidenceContentResponse, error) {
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, err
	}
	e, err := s.fileOf(ctx, merchant, id, r.GetName(), r.GetEventNumber())
	if err != nil {
		return nil, err
	}
	masked, err := s.mayReadFile(ctx, e, r.GetName())
	if err != nil {
		return nil, err
	}
	length := int64(r.GetLength())
	if length == 0 {
		length = pieceMax
	}
	p, err := s.files.Read(ctx, postgres.UploadKey{MerchantID: e.MerchantID, ID: e.UploadID}, masked, r.GetOffset(), length)
	return answer(&tenfoldv1.GetEvidenceContentResponse{
		Content: p.Content, Crc32C: evidence.Sum(p.Content), SizeBytes: p.Size, MediaType: e.MediaType, Sha256: p.Digest, Masked: p.Masked,
	}, err)
}

// fileOf reads the evidence with a file that a request names. Refuses with CLAIM_NOT_FOUND and
// EVIDENCE_NOT_FOUND. A laboratory is told that there is no such claim, as it is of a file that it
// may not read.
func (s *evidenceService) fileOf(ctx context.Context, merchant, id, name string, number int64) (*book.Evidence, error) {
	reader := s.db.Reader()
	c, err := readClaim(ctx, reader, merchant, id, name)
	if err != nil {
		return nil, err
	}
	rows, err := reader.Evidence(ctx, c.MerchantID, c.ID, number-1, 1)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 || rows[0].EventNumber != number || rows[0].UploadID == "" {
		if callerOf(ctx).Role == principal.RoleAuthenticator {
			return nil, &outOfScope{claimNotFound(id), name}
		}
		return nil, fault.New(fault.EvidenceNotFound, "claim %s has no file of evidence with the event number %d", id, number).
			With("claimId", id).With("eventNumber", number).At("event_number")
	}
	return &rows[0], nil
}

func (s *evidenceService) DiscloseEvidence(ctx context.Context, r *tenfoldv1.DiscloseEvidenceRequest) (*tenfoldv1.DiscloseEvidenceResponse, error) {
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, err
	}
	e, err := s.fileOf(ctx, merchant, id, r.GetName(), r.GetEventNumber())
	if err != nil {
		return nil, err
	}
	cmd := &book.DiscloseEvidence{ClaimID: e.ClaimID, Evidence: e.EventNumber, To: evidenceParties.domain(r.GetParty()), Note: r.GetNote()}
	if evidencePartyOf[principal.Role(e.AddedAs)] == cmd.To || slices.Contains(e.DisclosedTo.List(), cmd.To) {
		cmd.Known = true
	}
	o, err := s.run(ctx, e.MerchantID, r, cmd)
	if err != nil {
		return nil, err
	}
	if !r.GetValidateOnly() {
		e, err = s.fileOf(ctx, e.MerchantID, e.ClaimID, r.GetName(), e.EventNumber)
	}
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.DiscloseEvidenceResponse{Evidence: evidenceAdded(e), Replayed: o.Replayed}, nil
}

// evidencePartyOf is the party for which a role reads; empty for none.
var evidencePartyOf = map[principal.Role]book.EvidenceParty{
	principal.RoleOrderService: book.EvidenceConsumer, principal.RoleMerchant: book.EvidenceMerchant,
}

// mayReadFile says whether the caller gets a file masked. The marketplace's own people and the
// party that added it get it as it was sent; the other party gets it masked, if it was disclosed
// to that party; a laboratory gets the files that its commission shows masked; another one is told
// of no such claim.
func (s *evidenceService) mayReadFile(ctx context.Context, e *book.Evidence, name string) (masked bool, err error) {
	who := callerOf(ctx)
	own := e.AddedAs == string(who.Role)
	if who.Role == principal.RoleAuthenticator {
		if own, err = s.addedBy(ctx, e); err != nil {
			return false, err
		}
		if !own {
			return true, s.mayReadPhoto(ctx, e, name)
		}
	}
	if own || slices.Contains(internalRoles, who.Role) {
		return false, nil
	}
	for _, party := range e.DisclosedTo.List() {
		if party == evidencePartyOf[who.Role] {
			return true, nil
		}
	}
	return false, fault.New(fault.EvidenceNotDisclosed, "role %s added the file, and it is not disclosed to the %s", e.AddedAs, who.Role).
		With("claimId", e.ClaimID).With("eventNumber", e.EventNumber).With("role", e.AddedAs)
}

// mayReadPhoto refuses a laboratory a file that no commission of its own shows, as that of a
// claim that does not exist.
func (s *evidenceService) mayReadPhoto(ctx context.Context, e *book.Evidence, name string) error {
	key := book.PieceKey{MerchantID: e.MerchantID, ClaimID: e.ClaimID, Digest: e.Digest}
	shown, err := s.db.Reader().Shown(ctx, key, strings.TrimPrefix(callerOf(ctx).Scope, authenticatorName("")))
	if err == nil && !shown {
		err = &outOfScope{claimNotFound(e.ClaimID), name}
	}
	return err
}

// addedBy says whether the calling authenticator added a file.
func (b *backend) addedBy(ctx context.Context, e *book.Evidence) (bool, error) {
	who := callerOf(ctx)
	if e.AddedAs != string(who.Role) || e.UploadID == "" {
		return false, nil
	}
	u, found, err := b.db.Reader().Upload(ctx, postgres.UploadKey{MerchantID: e.MerchantID, ID: e.UploadID})
	return found && u.Scope == who.Scope, err
}

// ownEvidence says whether the calling authenticator added the file that an event told of.
func (b *backend) ownEvidence(ctx context.Context, k book.Key, number int64) (bool, error) {
	rows, err := b.db.Reader().Evidence(ctx, k.MerchantID, k.ID, number-1, 1)
	if err != nil || len(rows) == 0 || rows[0].EventNumber != number {
		return false, err
	}
	return b.addedBy(ctx, &rows[0])
}

// uploadedFile is the stored file that a request names as evidence, with its digest; none
// without a name. validateOnly leaves the upload as it is.
func (b *backend) uploadedFile(ctx context.Context, parent, upload string, parties []tenfoldv1.EvidenceParty, validateOnly bool) (f book.EvidenceFile, digest string, err error) {
	if upload == "" {
		return f, "", nil
	}
	if err := under(parent, upload, "upload"); err != nil {
		return f, "", err
	}
	u, err := b.files.Name(ctx, uploadKey(upload), uploader(ctx), validateOnly)
	if refused, ok := fault.As(err); ok {
		refused.At("upload")
	}
	return book.EvidenceFile{
		UploadID: u.ID, MediaType: u.MediaType, Size: u.Size, DisclosedTo: book.EvidencePartiesOf(evidenceParties.domains(parties)),
	}, u.Digest, err
}

// mayAddEvidence refuses an authenticator a claim on which it has recorded no result, as absent.
func (b *backend) mayAddEvidence(ctx context.Context, merchant, id, name string) error {
	who := callerOf(ctx)
	if who.Role != principal.RoleAuthenticator {
		return nil
	}
	examined, err := b.db.Reader().Examined(ctx, book.Key{MerchantID: merchant, ID: id}, strings.TrimPrefix(who.Scope, authenticatorName("")))
	if err == nil && !examined {
		err = &outOfScope{claimNotFound(id), name}
	}
	return err
}

// ownUpload refuses the request that created another caller's upload, as absent.
func (b *backend) ownUpload(ctx context.Context, r *request.Found, absent *fault.Error) error {
	u, found, err := b.db.Reader().Upload(ctx, postgres.UploadKey{MerchantID: r.MerchantID, ID: r.UploadID})
	if err == nil && (!found || u.Uploader != uploader(ctx)) {
		err = absent
	}
	return err
}
