package book

import (
	"strconv"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// NoteVisibility says who may read a note.
type NoteVisibility string

// The visibilities.
const (
	// NoteInternal is for the marketplace's own people.
	NoteInternal NoteVisibility = "INTERNAL"
	// NoteMerchant is for them and the merchant.
	NoteMerchant NoteVisibility = "MERCHANT"
	// NoteConsumer is for them and the order service, which shows it to the consumer.
	NoteConsumer NoteVisibility = "CONSUMER"
)

// NoteVisibilities lists the visibilities.
func NoteVisibilities() []NoteVisibility {
	return []NoteVisibility{NoteInternal, NoteMerchant, NoteConsumer}
}

// NotesMax is how many notes a claim can have. All of them are read at once, and a person
// reads them.
const NotesMax = 200

// AddNote adds a note to a claim in any state. It decides nothing, and never changes.
type AddNote struct {
	ClaimID    string
	Visibility NoteVisibility
	Text       string
}

func (a *AddNote) need(c *Call, n *Needs) {
	n.claim(c.Header.MerchantID, a.ClaimID)
	n.notesOf(c.Header.MerchantID, a.ClaimID)
}

// Cover implements request.Content.
func (a *AddNote) Cover(d *request.Digest) { d.Texts(a.ClaimID, string(a.Visibility), a.Text) }

func (a *AddNote) decide(b *Book) (Outcome, error) {
	if b.call.Header.Principal.Person == "" {
		return Outcome{}, fault.New(fault.PersonRequired, "a note must be written by a person, but the call names no person")
	}
	c, err := b.Claim(a.ClaimID)
	if err != nil {
		return Outcome{}, err
	}
	if err := b.checkNotes(c); err != nil {
		return Outcome{}, err
	}
	b.record(event.NoteAdded, c.ID)
	b.detail("visibility", string(a.Visibility))
	o := b.about(c.ID)
	o.Note = b.note(c.ID, a.Visibility, a.Text)
	return o, nil
}

// checkNotes refuses with NOTE_LIMIT_REACHED one note more than a claim can have.
func (b *Book) checkNotes(c *claim.Claim) error {
	if b.lastNote(c.ID) < NotesMax {
		return nil
	}
	return fault.New(fault.NoteLimit, "claim %s has %d notes already, and can have no more", c.ID, NotesMax).
		With("claimId", c.ID).With("notesMax", NotesMax)
}

// note adds a note by the calling person to the running event.
func (b *Book) note(claimID string, visibility NoteVisibility, text string) *Note {
	who := &b.call.Header.Principal
	n := Note{
		MerchantID: b.merchantID, ClaimID: claimID, Number: b.lastNote(claimID) + 1, Visibility: visibility, Text: text,
		EventNumber: b.event().Number, AddedAs: string(who.Role), AddedBy: who.Person, AddedAt: b.now,
	}
	b.notes.add(noteKey{claimID, n.Number}, n, b.command)
	return &n
}

// lastNote is the number of a claim's newest note; zero for none.
func (b *Book) lastNote(claimID string) int32 {
	var last int32
	for _, text := range b.notesOf[claimID] {
		n, _ := strconv.Atoi(text) // As the index wrote it.
		if b.notes.get(noteKey{claimID, int32(n)}) != nil {
			last = max(last, int32(n))
		}
	}
	return last
}
