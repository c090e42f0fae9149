package formats

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
)

const (
	// ratioMax bounds how much an archive may grow: bills of a million lines grow to twenty times.
	ratioMax = 200
	// ratioFrom is from how many unpacked bytes on the ratio counts.
	ratioFrom = 1 << 20
	// entriesMax bounds the files of an archive: there are two, the bill and its summary.
	entriesMax = 64
	// headMax is how much of a file decides which format it has.
	headMax = 8 << 10
)

// open unpacks the file and recognises its format. It gives nil if nothing can be read.
func (r *reading) open(src io.ReaderAt, size int64) (io.Reader, error) {
	if size == 0 {
		r.stop(Empty, 0, "", "the file is empty")
		return nil, nil
	}
	r.src = &source{at: src, size: size}
	head := make([]byte, 4)
	n, err := r.src.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	raw := io.NewSectionReader(r.src, 0, size)
	switch head = head[:n]; {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return r.unzip(size)
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return r.gunzip(raw, size)
	}
	return r.recognise(raw), nil
}

// gunzip unpacks one stream of gzip.
func (r *reading) gunzip(raw io.Reader, size int64) (io.Reader, error) {
	r.report.Packed = "gzip"
	z, err := gzip.NewReader(raw)
	if err != nil {
		r.broken(err)
		return nil, r.failed
	}
	return r.recognise(&bounded{r: z, packed: size}), nil
}

// unzip finds the one file of an archive that is no summary. The names of the files are not used.
func (r *reading) unzip(size int64) (io.Reader, error) {
	r.report.Packed = "zip"
	z, err := zip.NewReader(r.src, size)
	if err != nil {
		r.broken(err)
		return nil, r.failed
	}
	if len(z.File) > entriesMax {
		r.stop(TooLarge, 0, "", "the archive holds %d files, more than %d", len(z.File), entriesMax)
		return nil, nil
	}
	var bill *zip.File
	for i, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		if f.UncompressedSize64 > FileMax {
			r.broken(errTooLarge)
			return nil, nil
		}
		head, err := entryHead(f)
		switch {
		case err != nil:
			r.broken(err)
			return nil, r.failed
		case isSummary(head):
			r.notice(EntryIgnored, 0, "", "file %d of the archive is the channel's summary", i+1)
		case bill != nil:
			r.stop(Archive, 0, "", "the archive holds more than one bill; unpack it and import each")
			return nil, nil
		default:
			bill = f
		}
	}
	if bill == nil {
		r.stop(Archive, 0, "", "the archive holds no bill")
		return nil, nil
	}
	opened, err := bill.Open()
	if err != nil {
		r.broken(err)
		return nil, r.failed
	}
	return r.recognise(&bounded{r: opened, packed: size}), nil
}

// entryHead is the beginning of a file of an archive.
func entryHead(f *zip.File) ([]byte, error) {
	opened, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	head, err := io.ReadAll(io.LimitReader(opened, headMax))
	return head, err
}

func isSummary(head []byte) bool { return strings.Contains(decoded(head), "汇总查询") }

// source keeps apart what fails to be read from what is wrong with the bytes.
type source struct {
	at     io.ReaderAt
	size   int64
	failed error
}

func (s *source) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off > s.size {
		return 0, io.ErrUnexpectedEOF // A damaged archive points there.
	}
	n, err := s.at.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) {
		s.failed = err
	}
	return n, err
}

// bounded ends with errTooLarge where an archive grows too much.
type bounded struct {
	r      io.Reader
	packed int64
	n      int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.n += int64(n)
	if b.n > FileMax || b.n > ratioFrom && b.n > b.packed*ratioMax {
		return 0, errTooLarge
	}
	return n, err
}

// recognise looks at the beginning of the unpacked file: for the format if none was named.
func (r *reading) recognise(body io.Reader) io.Reader {
	head := make([]byte, headMax)
	n, err := io.ReadFull(body, head)
	head = head[:n]
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		r.broken(err)
		return nil
	}
	if errors.Is(err, io.ErrUnexpectedEOF) && r.report.Packed != "" {
		// The archive itself may end too early: its reader tells so again.
		if _, again := body.Read(make([]byte, 1)); again != nil && !errors.Is(again, io.EOF) {
			r.broken(again)
			return nil
		}
	}
	text := strings.TrimSpace(decoded(head))
	switch {
	case text == "":
		r.stop(Empty, 0, "", "the file is empty")
		return nil
	case len(text) < 4<<10 && strings.Contains(strings.ToLower(text), "no bill exist"):
		r.stop(NoBill, 0, "", "the channel answered that it has no bill; it makes the bill of a day after 09:00 of the next")
		return nil
	case r.o.Format == "":
		r.o.Format = formatOf(text)
		r.report.Format = r.o.Format
	}
	return io.MultiReader(bytes.NewReader(head), body)
}

// formatOf is the format that a file begins as; empty if it begins as none.
func formatOf(text string) Format {
	first, _, _ := strings.Cut(text, "\n")
	switch {
	case strings.HasPrefix(text, "<"):
		return Camt053
	case strings.Contains(text, "支付宝") && strings.Contains(text, "账务明细"):
		return AlipayAccount
	case strings.Contains(text, "支付宝") && strings.Contains(text, "业务明细"):
		return AlipayTrade
	case strings.Contains(first, "资金流水单号"):
		return WeChatFundFlow
	case strings.Contains(first, "微信订单号"):
		return WeChatTrade
	case strings.Contains(first, "orderNo") && (strings.Contains(first, "outAmount") || strings.Contains(first, "deductReason")):
		return Compensation
	}
	return ""
}

// decoded is a text in UTF-8, or else in GB18030.
func decoded(raw []byte) string {
	text := strings.TrimPrefix(string(raw), "\ufeff")
	if isUTF8Head(raw) {
		return text
	}
	// The decoder replaces what it does not know; whether the whole is valid is for the reader.
	got, _ := newGB18030().Bytes(raw)
	return string(got)
}
