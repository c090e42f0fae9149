package pdf

import (
	"bytes"
	"compress/zlib"
	"crypto/md5"
	"errors"
	"fmt"
	"hash"
	"io"
	"regexp"
	"strconv"
	"time"
)

// AttachmentName is the name of the CSV in a document.
const AttachmentName = "statement.csv"

// attachment is a file in a document. It is compressed as it comes, so that no document holds it
// in memory, and becomes an incremental update of the document, as ISO 32000 has it.
type attachment struct {
	scratch io.ReadWriteSeeker
	packed  *zlib.Writer
	size    int64
	sum     hash.Hash
	err     error
}

func newAttachment(scratch io.ReadWriteSeeker) *attachment {
	// The format's checksum of an embedded file is MD5; the statement has its SHA-256 beside it.
	return &attachment{scratch: scratch, packed: zlib.NewWriter(scratch), sum: md5.New()}
}

func (a *attachment) add(raw []byte) {
	if a.err != nil {
		return
	}
	a.sum.Write(raw)
	a.size += int64(len(raw))
	_, a.err = a.packed.Write(raw)
}

// trailer finds the size of the table of objects and the number of the root, and then the place
// of the table; catalogue finds the pages of the root.
var (
	trailer   = regexp.MustCompile(`trailer\n<<\n/Size (\d+)\n/Root (\d+) 0 R\n/Info (\d+) 0 R\n>>\nstartxref\n(\d+)\n%%EOF\n?$`)
	languages = regexp.MustCompile(`/Lang \([a-z]+\)`)
)

// write writes a document with the attachment.
func (a *attachment) write(to io.Writer, base []byte, made time.Time) error {
	packed, err := a.end()
	if err != nil {
		return err
	}
	at := trailer.FindSubmatch(base[max(0, len(base)-256):])
	if at == nil {
		return errors.New("the end of the document has another form than is known")
	}
	size, _ := strconv.Atoi(string(at[1]))
	w := &update{to: to, offsets: make(map[int]int64)}
	w.raw(base)
	file, spec := size, size+1
	stamp := made.UTC().Format("D:20060102150405Z")
	w.object(file, fmt.Sprintf("<< /Type /EmbeddedFile /Subtype /text#2Fcsv /Filter /FlateDecode /Length %d /Params << /Size %d /ModDate (%s) /CheckSum <%x> >> >>\nstream\n",
		packed, a.size, stamp, a.sum.Sum(nil)))
	w.copy(a.scratch)
	w.raw([]byte("\nendstream\nendobj\n"))
	w.object(spec, fmt.Sprintf("<< /Type /Filespec /F (%[1]s) /UF (%[1]s) /AFRelationship /Data /EF << /F %[2]d 0 R /UF %[2]d 0 R >> >>\nendobj\n", AttachmentName, file))
	root, _ := strconv.Atoi(string(at[2]))
	w.object(root, fmt.Sprintf("<< /Type /Catalog /Pages 1 0 R %s /PageMode /UseAttachments /AF [%[2]d 0 R] /Names << /EmbeddedFiles << /Names [(%[3]s) %[2]d 0 R] >> >> >>\nendobj\n",
		languages.Find(base), spec, AttachmentName))
	table := w.written
	w.raw(fmt.Appendf(nil, "xref\n%d 1\n%010d 00000 n \n%d 2\n%010d 00000 n \n%010d 00000 n \n", root, w.offsets[root], file, w.offsets[file], w.offsets[spec]))
	w.raw(fmt.Appendf(nil, "trailer\n<< /Size %d /Root %d 0 R /Info %s 0 R /Prev %s >>\nstartxref\n%d\n%%%%EOF\n", spec+1, root, at[3], at[4], table))
	return w.err
}

// end ends the compressed bytes, goes back to their beginning, and says how many there are.
func (a *attachment) end() (packed int64, err error) {
	if err = errors.Join(a.err, a.packed.Close()); err == nil {
		packed, err = a.scratch.Seek(0, io.SeekCurrent)
	}
	if err == nil {
		_, err = a.scratch.Seek(0, io.SeekStart)
	}
	if err != nil {
		err = fmt.Errorf("keep the attachment: %w", err)
	}
	return packed, err
}

// update writes a document and what is added to it, and knows where its objects begin.
type update struct {
	to      io.Writer
	written int64
	offsets map[int]int64
	err     error
}

func (w *update) raw(b []byte) { w.copy(bytes.NewReader(b)) }

func (w *update) copy(from io.Reader) {
	if w.err != nil {
		return
	}
	n, err := io.Copy(w.to, from)
	w.written += n
	if err != nil {
		w.err = fmt.Errorf("write the document: %w", err)
	}
}

// object begins an object.
func (w *update) object(number int, content string) {
	w.offsets[number] = w.written
	w.raw(fmt.Appendf(nil, "%d 0 obj\n%s", number, content))
}
