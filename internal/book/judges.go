package book

import (
	"github.com/tenfold-claims/tenfold/internal/authenticator"
)

// JudgeKey names an authenticator on whose word a command of a book rests.
type JudgeKey struct {
	MerchantID string
	ID         string
}

// Judged is an authenticator by whom a batch has judged, with the version that it had.
type Judged struct {
	ID      string
	Version int64
}

// judges are the authenticators that the commands of a batch rest on. They are read afresh
// for every batch, and forgotten after it: a body that was suspended meanwhile must judge
// nothing. A suspension that comes after the reading is found when the batch is written,
// because a write compares the versions of those that were judged by.
type judges struct {
	bodies map[string]*authenticator.Body
	// by are those that a command of the batch has judged by, in the order of the commands.
	by appendOnly[Judged]
}

func (j *judges) keep()     { j.by.keep() }
func (j *judges) undo()     { j.by.undo() }
func (j *judges) written()  { j.by.written(); clear(j.bodies) }
func (j *judges) forget()   { clear(j.bodies) }
func (j *judges) size() int { return len(j.bodies) }
func (j *judges) reindex()  {}

// judge asks for an authenticator as it stands now.
func (n *Needs) judge(merchantID, id string) {
	if n.probing {
		return
	}
	n.Judges = append(n.Judges, JudgeKey{MerchantID: merchantID, ID: id})
}

// Judge is an authenticator as it stands, for the commands of a book. Bodies are shared, and
// never changed.
type Judge struct {
	MerchantID string
	*authenticator.Body
}

// TakeJudge takes over an authenticator as it stands.
func (bs Books) TakeJudge(j Judge) { bs[j.MerchantID].judges.bodies[j.ID] = j.Body }

// judgeBy gives an authenticator, and has the write of the batch rest on it as it is.
// AUTHENTICATOR_NOT_FOUND.
func (b *Book) judgeBy(id string) (*authenticator.Body, error) {
	a := b.judges.bodies[id]
	if a == nil {
		return nil, authenticator.NotFound(id)
	}
	b.judges.by.add(Judged{ID: id, Version: a.Version})
	return a, nil
}
