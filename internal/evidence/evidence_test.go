package evidence_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/evidence"
	"github.com/tenfold-claims/tenfold/internal/evidence/object"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// fixture is two servers over one database and one directory.
type fixture struct {
	t     *testing.T
	db    *postgres.DB
	admin *sqlx.DB
	dir   string
	store *faulty
	now   time.Time
	a, b  *evidence.Files
	count int
}

// faulty is a store that fails before or after it has done something, or calls something first.
type faulty struct {
	object.Store
	before, after error
	first         func()
}

var errBroken = errors.New("the store is broken")

func (s *faulty) Put(ctx context.Context, n object.Name, size int64, content io.Reader) error {
	if s.first != nil {
		first := s.first
		s.first = nil
		first()
	}
	if s.before != nil {
		return s.before
	}
	return errors.Join(s.Store.Put(ctx, n, size, content), s.after)
}

func (s *faulty) Delete(ctx context.Context, n object.Name) error {
	if s.before != nil {
		return s.before
	}
	return errors.Join(s.Store.Delete(ctx, n), s.after)
}

func newFixture(t *testing.T, config evidence.Config) *fixture {
	t.Helper()
	pg := pgtest.New(t)
	f := &fixture{t: t, dir: t.TempDir(), now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	var err error
	if f.db, err = postgres.Open(pg.AppURL, 8); err != nil {
		t.Fatal(err)
	}
	if f.admin, err = sqlx.ConnectContext(t.Context(), "postgres", pg.AdminURL); err != nil {
		t.Fatal(err)
	}
	directory, err := object.OpenDirectory(f.dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(directory.Close(), f.admin.Close(), f.db.Close()) })
	f.store = &faulty{Store: directory}
	make := func() *evidence.Files {
		return evidence.New(f.db, f.store, func() time.Time { return f.now }, config, slog.New(slog.DiscardHandler))
	}
	f.a, f.b = make(), make()
	return f
}

var shop = postgres.Uploader{Workload: "shop", Role: "order-service"}

func (f *fixture) header(who postgres.Uploader) request.Header {
	f.count++
	return request.Header{
		MerchantID: "m1", Principal: principal.Principal{Workload: who.Workload, Role: principal.Role(who.Role)},
		Method: "EvidenceService/CreateUpload", RequestID: fmt.Sprint("r", f.count),
	}
}

// create begins an upload for a content.
func (f *fixture) create(who postgres.Uploader, content []byte) postgres.UploadKey {
	f.t.Helper()
	u, _, err := f.a.Create(f.t.Context(), f.header(who), who.Scope, int64(len(content)))
	if err != nil {
		f.t.Fatal(err)
	}
	return u.UploadKey
}

// sent begins an upload and sends the content, in turn to both servers.
func (f *fixture) sent(content []byte) postgres.UploadKey {
	f.t.Helper()
	k := f.create(shop, content)
	for i, at := 0, 0; at < len(content); i, at = i+1, at+evidence.ChunkMin {
		piece := content[at:min(at+evidence.ChunkMin, len(content))]
		if _, again, err := f.server(i).AddChunk(f.t.Context(), k, shop, int64(at), piece, evidence.Sum(piece)); err != nil || again {
			f.t.Fatal(again, err)
		}
	}
	return k
}

func (f *fixture) server(i int) *evidence.Files { return []*evidence.Files{f.a, f.b}[i%2] }

// kept are the names of all files in the store, without the id of their upload.
func (f *fixture) kept() []string {
	f.t.Helper()
	paths, err := filepath.Glob(f.dir + "/*/*")
	if err != nil {
		f.t.Fatal(err)
	}
	for i := range paths {
		paths[i] = filepath.Base(paths[i])
	}
	return paths
}

// rows are how many uploads and pieces the database has.
func (f *fixture) rows() (uploads, pieces int) {
	f.t.Helper()
	if err := f.admin.QueryRow(`SELECT (SELECT count(*) FROM uploads), (SELECT count(*) FROM upload_chunks)`).Scan(&uploads, &pieces); err != nil {
		f.t.Fatal(err)
	}
	return uploads, pieces
}

func (f *fixture) sweep() evidence.Swept {
	f.t.Helper()
	done, err := f.b.Sweep(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	return done
}

// photo is a photograph of about 250 KiB.
func photo(t *testing.T) []byte {
	p, noise := image.NewRGBA(image.Rect(0, 0, 600, 400)), rand.NewChaCha8([32]byte{1})
	_, _ = noise.Read(p.Pix)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, p, &jpeg.Options{Quality: 95}); err != nil || b.Len() < 3*evidence.ChunkMin {
		t.Fatal(b.Len(), err)
	}
	return b.Bytes()
}

func digestOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// refused complains unless an error is a refusal for a reason that names a field.
func refused(t *testing.T, what string, err error, reason fault.Reason, field string) {
	t.Helper()
	if r, ok := fault.As(err); !ok || r.Reason != reason || r.Field != field || len(r.Detail) > 300 {
		t.Errorf("%s: %v", what, err)
	}
}

// Would catch a piece that is taken although it is damaged, out of order, too small, too long,
// another caller's or another than before; one that is refused although it was only sent again,
// to another server or at once; and a refusal that leaves something.
func TestPiecesAreTakenOnceAndInOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t, evidence.Defaults())
	content := photo(t)
	k := f.create(shop, content)
	add := func(s *evidence.Files, k postgres.UploadKey, who postgres.Uploader, at int, piece []byte) (postgres.Upload, bool, error) {
		return s.AddChunk(t.Context(), k, who, int64(at), piece, evidence.Sum(piece))
	}
	const size = evidence.ChunkMin
	if u, again, err := add(f.a, k, shop, 0, content[:size]); err != nil || again || u.Received != size {
		t.Fatalf("the first piece: %+v, %v, %v", u, again, err)
	}
	if u, again, err := add(f.b, k, shop, 0, content[:size]); err != nil || !again || u.Received != size {
		t.Fatalf("the first piece again: %+v, %v, %v", u, again, err)
	}
	other := bytes.Clone(content[:size])
	other[7]++
	for what, x := range map[string]struct {
		k      postgres.UploadKey
		who    postgres.Uploader
		at     int
		piece  []byte
		reason fault.Reason
		field  string
	}{
		"a gap":                 {k, shop, size + 1, content[size+1 : 2*size+1], fault.UploadOffsetMismatch, "offset"},
		"an overlap":            {k, shop, 100, content[100 : 100+size], fault.UploadOffsetMismatch, "offset"},
		"other bytes":           {k, shop, 0, other, fault.ChunkChanged, "content"},
		"a longer piece":        {k, shop, 0, content[:size+1], fault.ChunkChanged, "content"},
		"a small piece":         {k, shop, size, content[size : size+10], fault.RequestInvalid, "content"},
		"beyond the file":       {k, shop, size, append(bytes.Clone(content[size:]), 1), fault.RequestInvalid, "content"},
		"no upload":             {postgres.UploadKey{MerchantID: "m1", ID: "none"}, shop, size, content[size : 2*size], fault.UploadNotFound, ""},
		"another merchant's":    {postgres.UploadKey{MerchantID: "m2", ID: k.ID}, shop, size, content[size : 2*size], fault.UploadNotFound, ""},
		"of another workload":   {k, postgres.Uploader{Workload: "shop-2", Role: shop.Role}, size, content[size : 2*size], fault.UploadNotFound, ""},
		"in another role":       {k, postgres.Uploader{Workload: "shop", Role: "support"}, size, content[size : 2*size], fault.UploadNotFound, ""},
		"from another merchant": {k, postgres.Uploader{Workload: "shop", Role: shop.Role, Scope: "merchants/m9"}, size, content[size : 2*size], fault.UploadNotFound, ""},
	} {
		_, _, err := add(f.b, x.k, x.who, x.at, x.piece)
		refused(t, what, err, x.reason, x.field)
	}
	_, _, err := f.a.AddChunk(t.Context(), k, shop, size, content[size:2*size], evidence.Sum(other))
	refused(t, "a damaged piece", err, fault.ChunkDamaged, "crc32c")
	if uploads, pieces := f.rows(); uploads != 1 || pieces != 1 {
		t.Fatalf("refused pieces left %d uploads, %d pieces", uploads, pieces)
	}
	// The same piece comes to both servers at once.
	for at := size; at < len(content); at += size {
		piece := content[at:min(at+size, len(content))]
		var mu sync.Mutex
		var fresh int
		var sending sync.WaitGroup
		for i := range 4 {
			sending.Go(func() {
				_, again, err := add(f.server(i), k, shop, at, piece)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				if !again {
					fresh++
				}
			})
		}
		sending.Wait()
		if fresh != 1 {
			t.Errorf("the piece at %d was taken %d times", at, fresh)
		}
	}
	u, again, err := f.b.Complete(t.Context(), k, shop, digestOf(content))
	if err != nil || again || u.State != postgres.UploadStored || u.MediaType != "image/jpeg" || u.Digest != digestOf(content) {
		t.Fatalf("complete: %+v, %v, %v", u, again, err)
	}
	_, _, err = add(f.a, k, shop, 0, content[:size])
	refused(t, "after the end", err, fault.UploadStateConflict, "")
}

// Would catch an upload that a crash between any two steps loses or doubles, a file in the store
// that nobody knows of, two servers that complete one upload and disagree, and pieces that stay
// when the file is stored.
func TestACrashAtAnyStepLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t, evidence.Defaults())
	content := photo(t)
	digest := digestOf(content)
	complete := func(s *evidence.Files, k postgres.UploadKey) (bool, error) {
		u, again, err := s.Complete(t.Context(), k, shop, digest)
		if err == nil && (u.State != postgres.UploadStored || u.Digest != digest) {
			t.Errorf("completed: %+v", u)
		}
		return again, err
	}
	whole := func(k postgres.UploadKey) {
		t.Helper()
		if files := f.kept(); !slices.Equal(files, []string{digest + "." + k.ID}) {
			t.Errorf("kept: %v", files)
		}
		if uploads, pieces := f.rows(); uploads != 1 || pieces != 0 {
			t.Errorf("%d uploads and %d pieces", uploads, pieces)
		}
		p, err := f.a.Read(t.Context(), k, false, 100, 50)
		if err != nil || !bytes.Equal(p.Content, content[100:150]) {
			t.Errorf("read %q, %v", p.Content, err)
		}
		f.now = f.now.Add(8 * 24 * time.Hour)
		if done := f.sweep(); done.Removed != 1 || len(f.kept()) != 0 {
			t.Errorf("swept: %+v, left %v", done, f.kept())
		}
	}
	for what, broken := range map[string]faulty{
		"before the file is stored": {before: errBroken}, "after the file is stored": {after: errBroken},
	} {
		k := f.sent(content)
		f.store.before, f.store.after = broken.before, broken.after
		_, err := complete(f.a, k)
		refused(t, what, err, fault.EvidenceStoreUnavailable, "")
		refused(t, what+", cancelled", f.a.Cancel(t.Context(), k, shop), fault.UploadStateConflict, "")
		f.store.before, f.store.after = nil, nil
		if again, err := complete(f.b, k); err != nil || again {
			t.Errorf("%s, again: %v, %v", what, again, err)
		}
		if again, err := complete(f.a, k); err != nil || !again {
			t.Errorf("%s, a third time: %v, %v", what, again, err)
		}
		whole(k)
	}
	// While one server stores the file, another one does, and comes first.
	k := f.sent(content)
	f.store.first = func() {
		if again, err := complete(f.b, k); err != nil || again {
			t.Errorf("the other server: %v, %v", again, err)
		}
	}
	if again, err := complete(f.a, k); err != nil || !again {
		t.Errorf("the one that comes second: %v, %v", again, err)
	}
	whole(k)
	// An upload that was broken off while it was stored, and is never completed.
	k = f.sent(content)
	f.store.after = errBroken
	_, err := complete(f.a, k)
	refused(t, "broken off", err, fault.EvidenceStoreUnavailable, "")
	f.now = f.now.Add(25 * time.Hour)
	if _, err := f.a.Sweep(t.Context()); !errors.Is(err, fault.EvidenceStoreUnavailable) {
		t.Errorf("a sweep that fails: %v", err)
	}
	refused(t, "while it is removed", func() error { _, err := f.a.Get(t.Context(), k, shop); return err }(), fault.UploadNotFound, "")
	f.store.after = nil
	if done := f.sweep(); done.Removed != 1 || len(f.kept()) != 0 {
		t.Errorf("swept: %+v, left %v", done, f.kept())
	}
	if uploads, pieces := f.rows(); uploads != 0 || pieces != 0 {
		t.Errorf("%d uploads and %d pieces are left", uploads, pieces)
	}
}

// Would catch a file that is stored although it is not whole, another than its caller says, or
// of a type that is not taken; and uploads without a bound, or a bound that is counted wrongly.
func TestOnlyWholeFilesWithinBoundsAreStored(t *testing.T) {
	t.Parallel()
	config := evidence.Defaults()
	config.Scoped = postgres.UploadBounds{Uploads: 2, Bytes: 1000, Receiving: 900}
	f := newFixture(t, config)
	content := photo(t)
	k := f.create(shop, content)
	_, _, err := f.a.Complete(t.Context(), k, shop, digestOf(content))
	refused(t, "without a byte", err, fault.UploadStateConflict, "")
	if r, _ := fault.As(err); r.Fields["missingBytes"] != fmt.Sprint(len(content)) || r.Fields["state"] != "RECEIVING" {
		t.Errorf("facts: %v", r.Fields)
	}
	k = f.sent(content)
	_, _, err = f.a.Complete(t.Context(), k, shop, digestOf([]byte("another")))
	refused(t, "another digest", err, fault.UploadDigestMismatch, "sha256")
	_, err = f.a.Name(t.Context(), k, shop, false)
	refused(t, "named before it is complete", err, fault.UploadStateConflict, "")
	page := []byte("<html><script>alert(1)</script></html>")
	_, _, err = f.a.Complete(t.Context(), f.sent(page), shop, digestOf(page))
	refused(t, "a page", err, fault.MediaTypeRefused, "")
	if files := f.kept(); len(files) != 0 {
		t.Errorf("refused files are stored: %v", files)
	}
	_, err = f.a.Read(t.Context(), k, false, 0, 1)
	refused(t, "what is not stored", err, fault.EvidenceDamaged, "")

	merchant := postgres.Uploader{Workload: "backoffice", Role: "merchant", Scope: "merchants/m1"}
	begin := func(who postgres.Uploader, size int) error {
		_, _, err := f.a.Create(t.Context(), f.header(who), who.Scope, int64(size))
		return err
	}
	first := f.create(merchant, make([]byte, 600))
	refused(t, "too many unfinished bytes", begin(merchant, 301), fault.UploadLimit, "")
	if err := begin(merchant, 300); err != nil {
		t.Error(err)
	}
	refused(t, "too many uploads", begin(merchant, 1), fault.UploadLimit, "")
	other := merchant
	other.Scope = "merchants/m2"
	if err := begin(other, 900); err != nil {
		t.Errorf("another merchant's: %v", err)
	}
	if err := errors.Join(f.a.Cancel(t.Context(), first, merchant), begin(merchant, 500)); err != nil {
		t.Errorf("after one was cancelled: %v", err)
	}
	refused(t, "cancelled twice", f.a.Cancel(t.Context(), first, merchant), fault.UploadNotFound, "")
	h := f.header(merchant)
	h.RequestID = "r1"
	h.Principal = principal.Principal{Workload: shop.Workload, Role: principal.Role(shop.Role)}
	_, _, err = f.a.Create(t.Context(), h, "", 7)
	refused(t, "a request id of another upload", err, fault.RequestIDReused, "request_id")
	if u, again, err := f.a.Create(t.Context(), h, "", int64(len(content))); err != nil || !again || u.RequestID != "r1" {
		t.Errorf("the same request again: %+v, %v, %v", u, again, err)
	}
	var none *evidence.Files
	_, err = none.Get(t.Context(), k, shop)
	refused(t, "without a store", err, fault.EvidenceStoreMissing, "")
}

// Would catch an upload that is dropped although a request has just named it, one that is kept
// for ever although no claim has it, and a lost file that is read as an empty one.
func TestNamedUploadsAreLeftAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t, evidence.Defaults())
	content := photo(t)
	k := f.sent(content)
	if _, _, err := f.a.Complete(t.Context(), k, shop, digestOf(content)); err != nil {
		t.Fatal(err)
	}
	f.now = f.now.Add(7*24*time.Hour - time.Minute)
	if _, err := f.a.Name(t.Context(), k, shop, false); err != nil {
		t.Fatal(err)
	}
	refused(t, "cancel what is named", f.a.Cancel(t.Context(), k, shop), fault.UploadStateConflict, "")
	f.now = f.now.Add(14 * time.Minute)
	if done := f.sweep(); done != (evidence.Swept{}) {
		t.Errorf("while the request may be under way: %+v", done)
	}
	if err := f.store.Delete(t.Context(), object.Name{Digest: digestOf(content), Upload: k.ID}); err != nil {
		t.Fatal(err)
	}
	_, err := f.a.Read(t.Context(), k, false, 0, 10)
	refused(t, "a lost file", err, fault.EvidenceDamaged, "")
	f.now = f.now.Add(2 * time.Minute)
	if done := f.sweep(); done != (evidence.Swept{}) {
		t.Errorf("no claim has it, but it has not expired: %+v", done)
	}
	f.now = f.now.Add(8 * 24 * time.Hour)
	if done := f.sweep(); done.Removed != 1 {
		t.Errorf("expired: %+v", done)
	}
}
