package rpc

import (
	"context"
	"errors"
	"hash/maphash"
	"slices"
	"sync"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// workService implements WorkService.
type workService struct {
	tenfoldv1.UnimplementedWorkServiceServer
	backend
	taking taking
}

const (
	// heldMax is how many claims a person can have: a few days of work, so that nothing
	// waits long for somebody who is away.
	heldMax = 20
	// candidatesMax is how many free claims are tried at a time, and triesMax how often. Each
	// of so many people who take at once gets another claim.
	candidatesMax = 32
	triesMax      = 8
)

// workStates are the states whose claims each queue holds.
var workStates = map[tenfoldv1.WorkQueue]claim.State{
	tenfoldv1.WorkQueue_WORK_QUEUE_REVIEW: claim.InReview,
	tenfoldv1.WorkQueue_WORK_QUEUE_APPEAL: claim.Appealed,
}

// taking lets a person take one claim after the other, so that two calls at once do not
// both count before either has taken.
type taking struct{ stripes [64]sync.Mutex }

var takingSeed = maphash.MakeSeed()

func (t *taking) lock(person string) *sync.Mutex {
	m := &t.stripes[maphash.String(takingSeed, person)%uint64(len(t.stripes))]
	m.Lock()
	return m
}

func (s *workService) TakeNext(ctx context.Context, r *tenfoldv1.TakeNextRequest) (*tenfoldv1.TakeNextResponse, error) {
	person := callerOf(ctx).Person
	if person == "" {
		return nil, fault.New(fault.PersonRequired, "a claim must be taken by a person, but the call names no person")
	}
	merchant, _ := nameOf(r.GetParent())
	if merchant != anyMerchant {
		if _, err := readHead(ctx, s.db.Reader(), merchant); err != nil {
			return nil, err
		}
	}
	defer s.taking.lock(person).Unlock()
	held, err := s.db.Reader().Assigned(ctx, person, heldMax)
	if err != nil {
		return nil, err
	}
	if c, err := s.takenBefore(ctx, r, held); c != nil || err != nil {
		return answer(&tenfoldv1.TakeNextResponse{Claim: c, Replayed: true}, err)
	}
	if len(held) >= heldMax {
		return nil, fault.New(fault.WorkLimit, "the person has %d claims, and can have no more", len(held)).With("heldMax", heldMax)
	}
	o, err := s.takeFree(ctx, r, anchor(merchant))
	if err != nil || o.ClaimID == "" {
		return answer(&tenfoldv1.TakeNextResponse{}, err)
	}
	c, err := s.claimAfter(ctx, &o)
	return answer(&tenfoldv1.TakeNextResponse{Claim: c, Replayed: o.Replayed}, err)
}

// takenBefore gives the claim that the same request took, if the person still has it.
func (s *workService) takenBefore(ctx context.Context, r *tenfoldv1.TakeNextRequest, held []claim.Claim) (*tenfoldv1.Claim, error) {
	var asked []string
	for i := range held {
		c := &held[i]
		if slices.Contains(asked, c.MerchantID) {
			continue
		}
		asked = append(asked, c.MerchantID)
		h := s.header(ctx, c.MerchantID, r)
		stored, found, err := s.db.Reader().Request(ctx, h.Key())
		if err != nil {
			return nil, err
		}
		if !found {
			continue
		}
		for j := range held {
			if held[j].MerchantID == c.MerchantID && held[j].ID == stored.ClaimID {
				return callerOf(ctx).basicClaim(&held[j]), nil
			}
		}
	}
	return nil, nil
}

// takeFree takes the first claim of a queue that can be taken. Each try is a command on
// the claim's book, so that only one person gets it; who comes second tries the next. The
// outcome is empty if no claim is free.
func (s *workService) takeFree(ctx context.Context, r *tenfoldv1.TakeNextRequest, merchant string) (book.Outcome, error) {
	state := workStates[r.GetQueue()]
	tried := make(map[string]bool)
	for range triesMax {
		// Those that were tried in vain may still stand in front.
		free, err := s.db.Reader().Unassigned(ctx, state, merchant, candidatesMax+len(tried))
		if err != nil {
			return book.Outcome{}, err
		}
		free = slices.DeleteFunc(free, func(c claim.Claim) bool { return tried[c.ID] })
		if len(free) == 0 {
			break
		}
		for i := range free {
			c := &free[i]
			o, err := s.run(ctx, c.MerchantID, r, &book.TakeClaim{OnClaim: book.OnClaim{ClaimID: c.ID}, State: state})
			if err == nil || !passesOn(err) {
				return o, err
			}
			tried[c.ID] = true
		}
	}
	return book.Outcome{}, nil
}

// passesOn says whether a claim that cannot be taken leaves the next one to be tried.
func passesOn(err error) bool {
	return errors.Is(err, fault.AssignedToAnother) || errors.Is(err, fault.ClaimStateConflict) || errors.Is(err, fault.SamePerson)
}

func (s *workService) Release(ctx context.Context, r *tenfoldv1.ReleaseRequest) (*tenfoldv1.ReleaseResponse, error) {
	c, o, err := s.runOnClaim(ctx, r, func(on book.OnClaim) book.Command { return &book.ReleaseClaim{OnClaim: on} })
	return answer(&tenfoldv1.ReleaseResponse{Claim: c, Replayed: o.Replayed}, err)
}

func (s *workService) AddNote(ctx context.Context, r *tenfoldv1.AddNoteRequest) (*tenfoldv1.AddNoteResponse, error) {
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, err
	}
	o, err := s.run(ctx, merchant, r, &book.AddNote{
		ClaimID: id, Visibility: noteVisibilities.domain(r.GetVisibility()), Text: r.GetText(),
	})
	if err != nil {
		return nil, err
	}
	if !o.Replayed {
		return &tenfoldv1.AddNoteResponse{Note: noteOf(o.Note)}, nil
	}
	// A note never changes: it is read as it was added.
	notes, err := s.db.Reader().Notes(ctx, merchant, id, book.NoteVisibilities(), 0, book.NotesMax)
	if err != nil {
		return nil, err
	}
	for i := range notes {
		if notes[i].EventNumber == o.EventNumber {
			return &tenfoldv1.AddNoteResponse{Note: noteOf(&notes[i]), Replayed: true}, nil
		}
	}
	return nil, claimNotFound(id)
}

// readable are the notes that a role may read. A role without a row reads none.
func readable(role principal.Role) []book.NoteVisibility {
	switch {
	case slices.Contains(internalRoles, role):
		return book.NoteVisibilities()
	case role == principal.RoleMerchant:
		return []book.NoteVisibility{book.NoteMerchant}
	case role == principal.RoleOrderService:
		return []book.NoteVisibility{book.NoteConsumer}
	}
	return nil
}

func (s *workService) ListNotes(ctx context.Context, r *tenfoldv1.ListNotesRequest) (*tenfoldv1.ListNotesResponse, error) {
	merchant, id, err := claimOf(r.GetParent(), "parent")
	if err != nil {
		return nil, err
	}
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	after, err := p.number(0)
	if err != nil {
		return nil, err
	}
	reader := s.db.Reader()
	c, err := readClaim(ctx, reader, merchant, id, r.GetParent())
	if err != nil {
		return nil, err
	}
	rows, err := reader.Notes(ctx, c.MerchantID, c.ID, readable(callerOf(ctx).Role), int32(min(after, book.NotesMax)), p.size+1)
	list, next := listed(&p, rows, noteOf, func(n *book.Note) []string { return []string{decimal(int64(n.Number))} })
	return answer(&tenfoldv1.ListNotesResponse{Notes: list, NextPageToken: next}, err)
}

func noteOf(n *book.Note) *tenfoldv1.Note {
	return &tenfoldv1.Note{
		Number: n.Number, Visibility: noteVisibilities.proto(n.Visibility), Text: n.Text, EventNumber: n.EventNumber,
		Role: n.AddedAs, Person: n.AddedBy, AddedAt: stamp(n.AddedAt),
	}
}
