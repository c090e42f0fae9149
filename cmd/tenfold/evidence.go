package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func newEvidence() *cobra.Command {
	cmd := &cobra.Command{
		Use: "evidence", Short: "Upload files of evidence, add them to claims, read them, and ask for them", Args: cobra.NoArgs, RunE: help,
		Long: "Upload files of evidence, add them to claims, read them, and ask the parties of claims for them (docs/evidence.md).",
	}
	cmd.AddCommand(newEvidenceUpload(), newEvidenceGet())
	return group(cmd, append(evidenceVerbs(), evidenceRequestVerbs()...))
}

// evidenceVerbs are the commands on uploads and on the list of evidence.
func evidenceVerbs() []verb {
	anUpload := input{name: "UPLOAD", field: "name", required: true, as: under("uploads")}
	return []verb{
		{
			use: "list CLAIM", method: "ClaimService/ListEvidence", role: principal.RoleSupport, about: "parent", thing: "piece",
			short: "List the evidence of a claim", long: "List the evidence of a claim with the numbers of its files, oldest first.",
			examples: []string{"evidence list 1KJPW-D6M05-F2S5T-CT5FM"}, args: []input{aClaim("parent")},
		},
		{
			use: "status UPLOAD", method: "EvidenceService/GetUpload", role: principal.RoleSupport,
			short: "Show how far an upload has come", long: "Show how far an upload has come. Only the workload that began it, in the same role, may ask.",
			examples: []string{"evidence status m1/qvcfx2lzkdn5gh3yq7tvr4wmua"}, args: []input{anUpload},
		},
		{
			use: "disclose CLAIM", method: "EvidenceService/DiscloseEvidence", role: principal.RoleSupport, about: "name",
			short: "Let a further party read a file of evidence", long: "Let a further party read a file of evidence, masked. It cannot be taken back.",
			examples: []string{"evidence disclose 1KJPW-D6M05-F2S5T-CT5FM --number 12 --party merchant --note 'its appeal asks for it' --yes"},
			args:     []input{aClaim("name")},
			flags: []input{
				{name: "number", field: "event_number", usage: "number of the evidence, as evidence list shows it", required: true},
				{name: "party", field: "party", usage: "party that may read it from now on", required: true},
				whyNote("the reason, without personal data"),
			},
			risk: "The party can read the file from now on, for good",
		},
		{
			use: "cancel UPLOAD", method: "EvidenceService/CancelUpload", role: principal.RoleSupport,
			short: "Drop an upload that is no evidence yet", long: "Drop an upload that is no evidence yet, with all that was sent.",
			examples: []string{"evidence cancel m1/qvcfx2lzkdn5gh3yq7tvr4wmua --yes"}, args: []input{anUpload},
			risk: "What was sent is lost", print: func(o *output, _ *call, _ proto.Message) { fmt.Fprintln(o.w, "the upload is dropped") },
		},
	}
}

// evidenceUpload is a file that is uploaded, and perhaps added to a claim.
type evidenceUpload struct {
	remote
	merchant, claim, kind, note, request string
	discloseTo                           []string
}

// pieceSize is the size of the pieces in which files are sent and read.
const pieceSize = 1 << 20

// uploadMax is the largest file that the contract takes.
const uploadMax = 50 << 20

func newEvidenceUpload() *cobra.Command {
	var c evidenceUpload
	cmd := c.command(principal.RoleSupport, &cobra.Command{
		Use: "upload FILE", Args: cobra.ExactArgs(1),
		Short: "Upload a file, and add it to a claim",
		Long: "Upload a photograph, a document or a film, and add it to a claim if --claim names one. A command that was broken off\n" +
			"goes on where it ended when it is given again. The same file is uploaded once, whatever it is added to.",
		Example: "  tenfold evidence upload seal.jpg --claim 1KJPW-D6M05-F2S5T-CT5FM --kind PHOTO --disclose-to merchant\n" +
			"  tenfold evidence upload report.pdf --merchant m1 --role authenticator --scope authenticators/cti",
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		parties, err := c.check()
		if err != nil {
			return err
		}
		file, err := openUpload(args[0])
		if err != nil {
			return usageError{err}
		}
		defer file.Close()
		return c.run(cmd, conn, file, parties)
	})
	f := cmd.Flags()
	f.StringVar(&c.merchant, "merchant", "", "merchant whose claim the file is for; that of --claim if it is not given")
	f.StringVar(&c.claim, "claim", "", "claim to add the file to")
	f.StringVar(&c.kind, "kind", "PHOTO", "kind of the evidence, in capitals such as INVOICE")
	f.StringVar(&c.note, "note", "", "note that is kept with the evidence")
	f.StringVar(&c.request, "request", "", "request for evidence that the file answers: MERCHANT/CLAIM/NUMBER")
	f.StringSliceVar(&c.discloseTo, "disclose-to", nil, "parties that may read the file: consumer, merchant, or both with a comma between them")
	for _, name := range []string{"claim", "note", "request"} {
		saidOnce(f, name)
	}
	return calling(cmd, "EvidenceService/CreateUpload", "EvidenceService/UploadChunk", "EvidenceService/CompleteUpload", "ClaimService/GetClaim", "ClaimService/AddEvidence")
}

func (c *evidenceUpload) check() ([]tenfoldv1.EvidenceParty, error) {
	if (c.merchant == "") == (c.claim == "") {
		return nil, usageError{errors.New("exactly one of --claim and --merchant must be given: say what the file is for")}
	}
	switch {
	case c.claim == "" && len(c.discloseTo) > 0:
		return nil, usageError{errors.New("--disclose-to is for a file that --claim adds to a claim")}
	case c.claim == "" && c.request != "":
		return nil, usageError{errors.New("--request is for a file that --claim adds to a claim")}
	}
	var parties []tenfoldv1.EvidenceParty
	for _, text := range c.discloseTo {
		p, err := choice("disclose-to", text, tenfoldv1.EvidenceParty_value, "EVIDENCE_PARTY_", "consumer", "merchant")
		if err != nil {
			return nil, err
		}
		parties = append(parties, tenfoldv1.EvidenceParty(p))
	}
	return parties, nil
}

// uploadedFile is an open file that will be uploaded, with its size and digest.
type uploadedFile struct {
	*os.File
	size   int64
	digest string
}

func openUpload(path string) (*uploadedFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	size, err := io.Copy(sum, io.LimitReader(f, uploadMax+1))
	switch {
	case err != nil:
	case size == 0:
		err = fmt.Errorf("%s is empty", path)
	case size > uploadMax:
		err = fmt.Errorf("%s has more than 50 MiB", path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &uploadedFile{f, size, hex.EncodeToString(sum.Sum(nil))}, nil
}

func (c *evidenceUpload) run(cmd *cobra.Command, conn *grpc.ClientConn, file *uploadedFile, parties []tenfoldv1.EvidenceParty) error {
	parent, claim, answers := merchantNameOf(c.merchant), "", ""
	if c.request != "" {
		name, err := evidenceRequestText(c.request)
		if err != nil {
			return usageError{fmt.Errorf("--request %w", err)}
		}
		answers = name
	}
	if c.claim != "" {
		name, err := claimText(c.claim)
		if err != nil {
			return usageError{fmt.Errorf("--claim %w", err)}
		}
		if bookOf(name) == merchantNameOf("-") {
			// A laboratory may not ask for the merchant; it gives the whole name.
			got, err := tenfoldv1.NewClaimServiceClient(conn).GetClaim(cmd.Context(), &tenfoldv1.GetClaimRequest{Name: name})
			if err != nil {
				return refusal(err)
			}
			name = got.GetClaim().GetName()
		}
		claim, parent = name, bookOf(name)
	}
	u, err := c.upload(cmd, tenfoldv1.NewEvidenceServiceClient(conn), parent, file)
	if err != nil {
		return err
	}
	if claim == "" {
		return show(&c.out, u, func(o *output, u *tenfoldv1.Upload) { printUploads(o, []*tenfoldv1.Upload{u}) })
	}
	added, err := tenfoldv1.NewClaimServiceClient(conn).AddEvidence(cmd.Context(), &tenfoldv1.AddEvidenceRequest{
		Name: claim, RequestId: "file-" + sum32(claim, u.GetName(), c.kind, c.note, fmt.Sprint(parties), answers), Kind: c.kind, Upload: u.GetName(),
		Note: c.note, DisclosedTo: parties, EvidenceRequest: answers,
	})
	if err != nil {
		return refusal(err)
	}
	return show(&c.out, added, func(o *output, r *tenfoldv1.AddEvidenceResponse) {
		printEvidence(o, []*tenfoldv1.Evidence{r.GetEvidence()})
	})
}

// sum32 is a short digest of texts.
func sum32(texts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(texts, "\n")))
	return hex.EncodeToString(sum[:16])
}

// upload sends a file, from where an earlier command ended. The request id follows from the
// file and the caller, so that the same file is the same upload.
func (c *evidenceUpload) upload(cmd *cobra.Command, service tenfoldv1.EvidenceServiceClient, parent string, file *uploadedFile) (*tenfoldv1.Upload, error) {
	created, err := service.CreateUpload(cmd.Context(), &tenfoldv1.CreateUploadRequest{
		Parent: parent, RequestId: "file-" + sum32(file.digest, c.client.Role, c.client.Scope), SizeBytes: file.size,
	})
	if err != nil {
		return nil, refusal(err)
	}
	u := created.GetUpload()
	shown := newProgress(cmd.ErrOrStderr())
	defer shown.done()
	piece := make([]byte, pieceSize)
	for u.GetState() == tenfoldv1.UploadState_UPLOAD_STATE_RECEIVING && u.GetReceivedBytes() < file.size {
		shown.show("uploading", int(u.GetReceivedBytes()), int(file.size))
		n, err := file.ReadAt(piece[:min(pieceSize, file.size-u.GetReceivedBytes())], u.GetReceivedBytes())
		if err != nil {
			return nil, fmt.Errorf("read the file: %w", err)
		}
		sent, err := service.UploadChunk(cmd.Context(), &tenfoldv1.UploadChunkRequest{
			Name: u.GetName(), Offset: u.GetReceivedBytes(), Content: piece[:n], Crc32C: castagnoli(piece[:n]),
		})
		if err != nil {
			return nil, fmt.Errorf("after %d of %d bytes: %w; give the command again to go on", u.GetReceivedBytes(), file.size, refusal(err))
		}
		u = sent.GetUpload()
	}
	completed, err := service.CompleteUpload(cmd.Context(), &tenfoldv1.CompleteUploadRequest{Name: u.GetName(), Sha256: file.digest})
	if err != nil {
		return nil, refusal(err)
	}
	return completed.GetUpload(), nil
}

func castagnoli(piece []byte) uint32 {
	return crc32.Checksum(piece, crc32.MakeTable(crc32.Castagnoli))
}

// evidenceGet is a file of evidence that is read.
type evidenceGet struct {
	remote
	into string
}

func newEvidenceGet() *cobra.Command {
	var c evidenceGet
	cmd := c.command(principal.RoleSupport, &cobra.Command{
		Use: "get CLAIM NUMBER", Args: cobra.ExactArgs(2),
		Short: "Read a file of evidence",
		Long: "Read a file of evidence of a claim; NUMBER is that of `tenfold evidence list`. The file is written to --into, which must not\n" +
			"exist, or to the standard output. It is checked against its digest as it comes.",
		Example: "  tenfold evidence get 1KJPW-D6M05-F2S5T-CT5FM 17 --into seal.jpg",
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		name, err := claimText(args[0])
		if err != nil {
			return usageError{fmt.Errorf("CLAIM %w", err)}
		}
		number, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil || number < 1 {
			return usageError{fmt.Errorf("NUMBER must be the number of a piece of evidence, such as 17, not %s", shown(args[1]))}
		}
		return c.read(cmd, tenfoldv1.NewEvidenceServiceClient(conn), &tenfoldv1.GetEvidenceContentRequest{
			Name: name, EventNumber: number, Length: pieceSize,
		})
	})
	cmd.Flags().StringVar(&c.into, "into", "", "file to write; the standard output if it is not given")
	saidOnce(cmd.Flags(), "into")
	return calling(cmd, "EvidenceService/GetEvidenceContent")
}

// read writes a file piece by piece. A file that turns out to be another is not left behind.
func (c *evidenceGet) read(cmd *cobra.Command, service tenfoldv1.EvidenceServiceClient, r *tenfoldv1.GetEvidenceContentRequest) (err error) {
	sum, out := sha256.New(), cmd.OutOrStdout()
	first, err := service.GetEvidenceContent(cmd.Context(), r)
	if err != nil {
		return refusal(err)
	}
	if c.into != "" {
		file, err := os.OpenFile(c.into, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return usageError{fmt.Errorf("--into: %w", err)}
		}
		if err := errors.Join(copyPieces(cmd, service, r, first, file, sum), file.Close()); err != nil {
			return errors.Join(err, os.Remove(c.into))
		}
		fmt.Fprintf(out, "%s: %s, %d bytes%s\n", c.into, first.GetMediaType(), first.GetSizeBytes(), led(", ", maskedWord(first.GetMasked())))
		return nil
	}
	return copyPieces(cmd, service, r, first, out, sum)
}

func maskedWord(masked bool) string {
	if masked {
		return "without the place where it was taken"
	}
	return ""
}

func copyPieces(
	cmd *cobra.Command, service tenfoldv1.EvidenceServiceClient, r *tenfoldv1.GetEvidenceContentRequest, p *tenfoldv1.GetEvidenceContentResponse, out io.Writer, sum hash.Hash,
) error {
	first := p
	for {
		if castagnoli(p.GetContent()) != p.GetCrc32C() || p.GetSha256() != first.GetSha256() {
			return fmt.Errorf("the piece at byte %d was damaged on its way; read the file again", r.GetOffset())
		}
		if _, err := io.Copy(io.MultiWriter(out, sum), bytes.NewReader(p.GetContent())); err != nil {
			return fmt.Errorf("write the file: %w", err)
		}
		if r.Offset += int64(len(p.GetContent())); r.GetOffset() >= p.GetSizeBytes() || len(p.GetContent()) == 0 {
			break
		}
		next, err := service.GetEvidenceContent(cmd.Context(), r)
		if err != nil {
			return refusal(err)
		}
		p = next
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != first.GetSha256() {
		return fmt.Errorf("the file has the SHA-256 %s and not %s; read it again", got, first.GetSha256())
	}
	return nil
}

func printUploads(o *output, list []*tenfoldv1.Upload) {
	t := o.newTable("", column{title: "Upload"}, column{title: "State"}, column{"Received", true}, column{"Bytes", true}, column{title: "Type"}, column{title: "Expires"})
	for _, u := range list {
		t.AppendRow(table.Row{u.GetName(), word(u.GetState()), u.GetReceivedBytes(), u.GetSizeBytes(), u.GetMediaType(), o.since(u.GetExpiresAt())})
	}
	o.render(t)
}
