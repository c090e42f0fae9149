package payouttest

// Paid is what left the simulator and did not come back.
type Paid struct {
	// Payouts is how many.
	Payouts int64
	// Minor sums them.
	Minor int64
}

// Paid gives what was paid and did not come back.
func (s *Simulator) Paid() Paid {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.paid
}

// Payment is what one out-number paid.
type Payment struct {
	// Payout and Claim are the resource names that the instruction carried.
	Payout      string
	Claim       string
	Destination string
	Minor       int64
	// Returned says that it came back.
	Returned bool
}

// Payments gives what every out-number paid, also what came back.
func (s *Simulator) Payments() map[string]Payment {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string]Payment, len(s.entries))
	for number, e := range s.entries {
		if e.paid {
			out[number] = Payment{
				Payout: e.content.payout, Claim: e.content.claim, Destination: e.content.destination,
				Minor: e.content.minor, Returned: e.returned,
			}
		}
	}
	return out
}
