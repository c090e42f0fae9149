package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/tenfold-claims/tenfold/internal/rpc"
	forms "github.com/tenfold-claims/tenfold/internal/statement"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// byJob has servers write the statement, or takes up one that they write, and writes it in the
// form that was asked for once all is there.
func (s *statementFlags) byJob(cmd *cobra.Command, o *output, conn *grpc.ClientConn, merchant string) error {
	files := tenfoldv1.NewStatementFileServiceClient(conn)
	file, err := s.begun(cmd.Context(), o, files, merchant)
	if err != nil {
		return err
	}
	if slices.Contains(underWay, file.GetState()) {
		fmt.Fprintf(o.errOut, "servers write %s; tenfold book statement %s --resume %s takes it up\n",
			file.GetName(), strings.TrimPrefix(merchant, "merchants/"), idOf(file.GetName()))
	}
	p := newProgress(o.errOut)
	file, err = watchStatement(cmd.Context(), files, file, p)
	p.done()
	switch {
	case err != nil:
		return err
	case file.GetState() != tenfoldv1.JobState_JOB_STATE_DONE:
		return fmt.Errorf("the statement is %s%s; --resume %s tries again", word(file.GetState()), led(": ", file.GetFailure()), idOf(file.GetName()))
	}
	r := &tenfoldv1.ListStatementLinesRequest{
		Parent: bookOf(file.GetName()), From: file.GetFrom(), Until: file.GetUntil(), Basis: file.GetBasis(), CurrencyCode: file.GetCurrencyCode(),
		OrderId: file.GetOrderId(),
	}
	return s.write(cmd, o, tenfoldv1.NewStatementServiceClient(conn), r, fileSource(cmd.Context(), files, file))
}

// begun is the file that servers write: a fresh one, or the one that --resume names, which goes on
// if it had stopped.
func (s *statementFlags) begun(ctx context.Context, o *output, files tenfoldv1.StatementFileServiceClient, merchant string) (*tenfoldv1.StatementFile, error) {
	if s.resume == "" {
		r, err := s.request(o, merchant)
		if err != nil {
			return nil, err
		}
		made, err := files.CreateStatementFile(ctx, &tenfoldv1.CreateStatementFileRequest{
			Parent: r.GetParent(), RequestId: newRequestID(), From: r.GetFrom(), Until: r.GetUntil(), Basis: r.GetBasis(), CurrencyCode: r.GetCurrencyCode(),
			OrderId: r.GetOrderId(),
		})
		return made.GetFile(), refusal(err)
	}
	id := s.resume[strings.LastIndexByte(s.resume, '/')+1:]
	if !reconcileID.MatchString(id) {
		return nil, usageError{fmt.Errorf("--resume must be the id of a job such as 1KJPW-D6M05-F2S5T-CT5FM, not %s", shown(s.resume))}
	}
	name := merchantNameOf(merchant) + "/statementFiles/" + id
	got, err := files.GetStatementFile(ctx, &tenfoldv1.GetStatementFileRequest{Name: name})
	if err != nil {
		return nil, refusal(err)
	}
	if !slices.Contains(stopped, got.GetFile().GetState()) {
		return got.GetFile(), nil
	}
	on, err := files.ResumeStatementFile(ctx, &tenfoldv1.ResumeStatementFileRequest{Name: name, RequestId: newRequestID()})
	return on.GetFile(), refusal(err)
}

// stopped are the states in which a statement goes on when it is resumed.
var stopped = []tenfoldv1.JobState{
	tenfoldv1.JobState_JOB_STATE_PAUSED, tenfoldv1.JobState_JOB_STATE_FAILED, tenfoldv1.JobState_JOB_STATE_CANCELLED,
}

// statementPauseMin is how soon a statement is looked at again at first; the pauses double.
const statementPauseMin = 100 * time.Millisecond

// watchStatement looks at a file until no server works on it any more.
func watchStatement(ctx context.Context, files tenfoldv1.StatementFileServiceClient, file *tenfoldv1.StatementFile, p *progress) (*tenfoldv1.StatementFile, error) {
	for pause := statementPauseMin; slices.Contains(underWay, file.GetState()); pause = min(2*pause, watchPause) {
		p.show("writing "+counted(int(file.GetTotalLines()), "line"), int(file.GetDoneLines()), int(file.GetTotalLines()))
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
		got, err := files.GetStatementFile(ctx, &tenfoldv1.GetStatementFileRequest{Name: file.GetName()})
		if err != nil {
			return nil, refusal(err)
		}
		file = got.GetFile()
	}
	return file, nil
}

// linesAtOnce is how many lines of a file are handed on at once.
const linesAtOnce = 1000

// fileSource reads the lines of a file that servers have written, and proves that its bytes have
// the digest that they tell.
func fileSource(ctx context.Context, files tenfoldv1.StatementFileServiceClient, file *tenfoldv1.StatementFile) statementSource {
	return func(take func([]*tenfoldv1.StatementLine) error) (*tenfoldv1.StatementEnd, error) {
		d := &download{ctx: ctx, files: files, r: &tenfoldv1.GetStatementFileContentRequest{Name: file.GetName()}, sum: sha256.New()}
		lines := forms.NewReader(d)
		var list []*tenfoldv1.StatementLine
		for more := true; more; {
			l, err := lines.Next()
			switch {
			case errors.Is(err, io.EOF):
				more = false
			case err != nil:
				return nil, err
			default:
				list = append(list, rpc.StatementLineOf(&l))
			}
			if len(list) == linesAtOnce || !more {
				if err := take(list); err != nil {
					return nil, err
				}
				list = list[:0]
			}
		}
		if got := hex.EncodeToString(d.sum.Sum(nil)); got != file.GetEnd().GetCsvSha256() {
			return nil, fmt.Errorf("the bytes that were read have the digest %s, and the statement has %s: read it again", got, file.GetEnd().GetCsvSha256())
		}
		return file.GetEnd(), nil
	}
}

// download reads the bytes of a file piece by piece.
type download struct {
	ctx   context.Context
	files tenfoldv1.StatementFileServiceClient
	r     *tenfoldv1.GetStatementFileContentRequest
	// piece is what is left of the last piece.
	piece []byte
	ended bool
	sum   hash.Hash
}

// Read gives bytes of the present piece.
func (d *download) Read(b []byte) (int, error) {
	for len(d.piece) == 0 {
		if d.ended {
			return 0, io.EOF
		}
		if err := d.next(); err != nil {
			return 0, err
		}
	}
	n := copy(b, d.piece)
	d.piece = d.piece[n:]
	return n, nil
}

// next reads the next piece.
func (d *download) next() error {
	p, err := d.files.GetStatementFileContent(d.ctx, d.r)
	if err != nil {
		return refusal(err)
	}
	if castagnoli(p.GetContent()) != p.GetCrc32C() {
		return fmt.Errorf("the piece at byte %d was damaged on its way; read the file again", d.r.GetOffset())
	}
	d.piece = p.GetContent()
	d.sum.Write(d.piece)
	d.r.Offset += int64(len(d.piece))
	d.ended = d.r.GetOffset() >= p.GetSizeBytes() || len(d.piece) == 0
	return nil
}
