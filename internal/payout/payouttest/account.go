package payouttest

// Paid sums the payouts that the simulator made and that did not come back.
type Paid struct {
	// Payouts is their number.
	Payouts int64
	// Minor is their sum in minor units.
	Minor int64
}

// Paid sums the payouts that were made and did not come back.
func (s *Simulator) Paid() Paid {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.paid
}

// Payment is the payment under one out-number.
type Payment struct {
	// Payout and Claim are the resource names that the instruction carried.
	Payout      string
	Claim       string
	Destination string
	Minor       int64
	// Returned says that it came back.
	Returned bool
}

// Payments gives the payment under every out-number, including returned ones.
func (s *Simulator) Payments() map[string]Payment {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string]Payment, len(s.entries))
	for number, e := range s.entries {
		if e.paid {
			out[number] = Payment{
				Payout: e.content.payout, Claim: e.content.claim, Destination: e.content.destination,
				Minor: e.minor, Returned: e.returned,
			}
		}
	}
	return out
}
