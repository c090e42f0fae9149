package rpc

import (
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"io"

	"github.com/tenfold-claims/tenfold/internal/evidence"
	"github.com/tenfold-claims/tenfold/internal/job"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// statementFileService implements StatementFileService.
type statementFileService struct {
	tenfoldv1.UnimplementedStatementFileServiceServer
	backend
}

// toMerchant says whether the caller is a merchant, who gets only the files that it asked for.
func toMerchant(ctx context.Context) bool { return callerOf(ctx).Role == principal.RoleMerchant }

// statementFileKey reads the name of a file: its book, empty for the platform's, and its id.
func statementFileKey(name string) (merchant, id string) {
	merchant, id = nameOf(name)
	return anchor(merchant), id
}

// fileNameOf is the name of the file that a job writes.
func fileNameOf(j *job.Job) string {
	merchant := j.Arguments.Statement.MerchantID
	if merchant == "" {
		merchant = anyMerchant
	}
	return statementFileName(merchant, j.ID)
}

func statementFileOf(j *job.Job) *tenfoldv1.StatementFile {
	s := j.Arguments.Statement
	p := &tenfoldv1.StatementFile{
		Name: fileNameOf(j), Job: jobName(j.ID), State: jobStates.proto(j.State), From: stamp(s.From), Until: stamp(s.Until),
		Basis: basisOf(s), CurrencyCode: s.Currency, OrderId: s.OrderID, TotalLines: j.Total, DoneLines: j.Done, Failure: j.Failure,
		CreateTime: stamp(j.CreatedAt), EndTime: stamp(j.EndedAt), ExpireTime: stamp(j.PartsUntil), CreatedBy: j.Created.Person,
	}
	if w := j.Cursor.Written; w != nil {
		p.SizeBytes = w.Size
		if w.End != nil {
			p.End = statementEndOf(w.End)
		}
	}
	return p
}

func basisOf(s *job.Statement) tenfoldv1.StatementBasis {
	if s.ByEffect {
		return tenfoldv1.StatementBasis_STATEMENT_BASIS_EFFECTIVE
	}
	return tenfoldv1.StatementBasis_STATEMENT_BASIS_RECORDED
}

func (s *statementFileService) CreateStatementFile(
	ctx context.Context, r *tenfoldv1.CreateStatementFileRequest,
) (*tenfoldv1.CreateStatementFileResponse, error) {
	of, err := s.statementOf(r)
	if err != nil {
		return nil, err
	}
	j, replayed, err := s.engine.WriteStatement(ctx, s.header(ctx, "", r), &of)
	if err != nil {
		return nil, err
	}
	out := statementFileOf(&j)
	if r.GetValidateOnly() && !replayed {
		out.Name, out.Job = "", ""
	}
	return &tenfoldv1.CreateStatementFileResponse{File: out, Replayed: replayed}, nil
}

func (s *statementFileService) file(ctx context.Context, name string) (job.Job, error) {
	merchant, id := statementFileKey(name)
	return s.engine.Statement(ctx, merchant, id, toMerchant(ctx))
}

func (s *statementFileService) GetStatementFile(ctx context.Context, r *tenfoldv1.GetStatementFileRequest) (*tenfoldv1.GetStatementFileResponse, error) {
	j, err := s.file(ctx, r.GetName())
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.GetStatementFileResponse{File: statementFileOf(&j)}, nil
}

func (s *statementFileService) ListStatementFiles(ctx context.Context, r *tenfoldv1.ListStatementFilesRequest) (*tenfoldv1.ListStatementFilesResponse, error) {
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	merchant, _ := nameOf(r.GetParent())
	rows, err := s.db.Reader().Statements(ctx, anchor(merchant), toMerchant(ctx), p.cursor[0], p.size+1)
	list, next := listed(&p, rows, statementFileOf, func(j *job.Job) []string { return []string{j.ID} })
	return answer(&tenfoldv1.ListStatementFilesResponse{Files: list, NextPageToken: next}, err)
}

// statementFileMutation is a request that changes a file.
type statementFileMutation interface {
	mutation
	GetName() string
}

func (s *statementFileService) change(ctx context.Context, r statementFileMutation, by job.Step) (*tenfoldv1.StatementFile, bool, error) {
	merchant, id := statementFileKey(r.GetName())
	j, replayed, err := s.engine.ChangeStatement(ctx, s.header(ctx, "", r), merchant, id, toMerchant(ctx), by)
	if err != nil {
		return nil, false, err
	}
	return statementFileOf(&j), replayed, nil
}

func (s *statementFileService) CancelStatementFile(
	ctx context.Context, r *tenfoldv1.CancelStatementFileRequest,
) (*tenfoldv1.CancelStatementFileResponse, error) {
	f, replayed, err := s.change(ctx, r, job.Cancel)
	return answer(&tenfoldv1.CancelStatementFileResponse{File: f, Replayed: replayed}, err)
}

func (s *statementFileService) ResumeStatementFile(
	ctx context.Context, r *tenfoldv1.ResumeStatementFileRequest,
) (*tenfoldv1.ResumeStatementFileResponse, error) {
	f, replayed, err := s.change(ctx, r, job.Resume)
	return answer(&tenfoldv1.ResumeStatementFileResponse{File: f, Replayed: replayed}, err)
}

func (s *statementFileService) GetStatementFileContent(
	ctx context.Context, r *tenfoldv1.GetStatementFileContentRequest,
) (*tenfoldv1.GetStatementFileContentResponse, error) {
	j, err := s.file(ctx, r.GetName())
	if err != nil {
		return nil, err
	}
	if j.State != job.Done || !s.engine.Now().Before(j.PartsUntil) {
		return nil, j.NotReady()
	}
	size := j.Cursor.Written.Size
	if r.GetOffset() > size {
		return nil, invalid("offset", "the file has %d bytes, and the piece begins at byte %d", size, r.GetOffset())
	}
	length := int64(r.GetLength())
	if length == 0 {
		length = pieceMax
	}
	piece, err := s.piece(ctx, &j, r.GetOffset(), min(length, size-r.GetOffset()))
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.GetStatementFileContentResponse{
		Content: piece, Crc32C: evidence.Sum(piece), SizeBytes: size, Sha256: j.Cursor.Written.End.SHA256,
	}, nil
}

// piece reads bytes of a file, as many as the part has in which they begin.
func (s *statementFileService) piece(ctx context.Context, j *job.Job, offset, length int64) ([]byte, error) {
	if length == 0 {
		return nil, nil
	}
	part, found, err := s.db.Reader().StatementPart(ctx, j.ID, offset)
	if err != nil {
		return nil, err
	}
	within := offset - part.Start
	if !found || within >= int64(part.Size) {
		return nil, j.NotReady() // A worker drops it at this moment.
	}
	return inflated(&part, within, length)
}

// inflated are some of the bytes of a part.
func inflated(part *postgres.StatementPart, from, length int64) ([]byte, error) {
	z := flate.NewReader(bytes.NewReader(part.Content))
	if _, err := io.CopyN(io.Discard, z, from); err != nil {
		return nil, fmt.Errorf("read a part of a statement: %w", err)
	}
	piece := make([]byte, min(length, int64(part.Size)-from))
	if _, err := io.ReadFull(z, piece); err != nil {
		return nil, fmt.Errorf("read a part of a statement: %w", err)
	}
	return piece, nil
}
