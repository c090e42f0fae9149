// Package client calls a Tenfold server from Go. It wraps the generated clients
// over one connection: it repeats calls that are safe to repeat, gives every call a
// deadline, distinguishes refusals by reason, and keeps a watch going. It decides
// nothing that the server decides, and stores nothing.
package client

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/keepalive"

	"github.com/tenfold-claims/tenfold/internal/caller"
	"github.com/tenfold-claims/tenfold/internal/linename"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Identity is the caller, as stated to a server on the same machine that asks for
// no proof.
type Identity = caller.Identity

// Proof is the caller's proof, as files: a certificate or a token of the workload,
// and a token of the person it acts for.
type Proof = caller.Proof

// Dialer connects as a caller: Identity.Dial, or the result of Proved.
type Dialer = func(address string, more ...grpc.DialOption) (*grpc.ClientConn, error)

// OrderLineName is the name of an order line. Ids of lines are any text that can be seen; in
// the name every byte but letters, digits and -._~ is percent-encoded.
func OrderLineName(merchant, line string) string { return linename.Of(merchant, line) }

// Proved connects by proof, to call in a role. With an empty role the server
// chooses.
func Proved(p Proof, role string) Dialer {
	return func(address string, more ...grpc.DialOption) (*grpc.ClientConn, error) {
		return p.Dial(address, role, more...)
	}
}

// Config bounds what the client does on its own. Every value must be set; Defaults
// gives good ones.
type Config struct {
	// CallMax is how long a call may take, with all of its tries, if its context
	// has no deadline.
	CallMax time.Duration
	// TriesMax is how often a call is sent at most.
	TriesMax int
	// PauseMin is about how long the client waits before it sends a call for the
	// second time. Each further pause is twice as long, up to PauseMax. If the
	// server says how long to wait, the client waits at least that long.
	PauseMin time.Duration
	PauseMax time.Duration
}

// Defaults are bounds for calls that somebody waits for.
func Defaults() Config {
	return Config{CallMax: 30 * time.Second, TriesMax: 8, PauseMin: 50 * time.Millisecond, PauseMax: 5 * time.Second}
}

// connectMax is how long making a connection may take.
const connectMax = 20 * time.Second

// Client calls one server, several behind one address, or the first of several addresses. Its fields are the
// services of the contract. Calls over them are repeated if that is safe, and fail
// with an Error. Any number of goroutines may use it.
type Client struct {
	Claims         tenfoldv1.ClaimServiceClient
	Authentication tenfoldv1.AuthenticationServiceClient
	Books          tenfoldv1.DepositServiceClient
	Money          tenfoldv1.MerchantMoneyServiceClient
	Policies       tenfoldv1.PolicyServiceClient
	Proposals      tenfoldv1.PolicyProposalServiceClient
	Rules          tenfoldv1.DecisionRulesServiceClient
	Webhooks       tenfoldv1.WebhookServiceClient
	Audit          tenfoldv1.AuditServiceClient
	Work           tenfoldv1.WorkServiceClient
	OrderLines     tenfoldv1.OrderLineServiceClient
	Destinations   tenfoldv1.PayoutDestinationServiceClient
	Labels         tenfoldv1.LabelServiceClient
	Commissions    tenfoldv1.CommissionServiceClient
	Custody        tenfoldv1.CustodyServiceClient
	Jobs           tenfoldv1.JobServiceClient
	Retractions    tenfoldv1.RetractionServiceClient
	Callers        tenfoldv1.CallerServiceClient
	Sandbox        tenfoldv1.SandboxServiceClient

	EvidenceRequests tenfoldv1.EvidenceRequestServiceClient

	watches tenfoldv1.WatchServiceClient
	conn    *grpc.ClientConn
	config  Config
}

// Dial makes a client. If the server is not there, the first call fails. An address may be
// several, with commas between them: the first that answers is called, and when it goes away,
// the next.
func Dial(address string, as Dialer, c Config, more ...grpc.DialOption) (*Client, error) {
	if c.CallMax <= 0 || c.TriesMax < 1 || c.PauseMin <= 0 || c.PauseMax < c.PauseMin {
		return nil, fmt.Errorf("the bounds of the client are invalid: %+v", c)
	}
	conn, err := as(address, append([]grpc.DialOption{
		grpc.WithChainUnaryInterceptor(c.intercept),
		// A restarted server is found as soon as the next try is made.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: c.PauseMin, Multiplier: 2, Jitter: 0.2, MaxDelay: c.PauseMax},
			MinConnectTimeout: connectMax,
		}),
		// A connection that has died silently is noticed while a watch waits on it.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: time.Minute, Timeout: 20 * time.Second}),
	}, more...)...)
	if err != nil {
		return nil, err
	}
	return &Client{
		Claims:         tenfoldv1.NewClaimServiceClient(conn),
		Authentication: tenfoldv1.NewAuthenticationServiceClient(conn),
		Books:          tenfoldv1.NewDepositServiceClient(conn),
		Money:          tenfoldv1.NewMerchantMoneyServiceClient(conn),
		Policies:       tenfoldv1.NewPolicyServiceClient(conn),
		Proposals:      tenfoldv1.NewPolicyProposalServiceClient(conn),
		Rules:          tenfoldv1.NewDecisionRulesServiceClient(conn),
		Webhooks:       tenfoldv1.NewWebhookServiceClient(conn),
		Audit:          tenfoldv1.NewAuditServiceClient(conn),
		Work:           tenfoldv1.NewWorkServiceClient(conn),
		OrderLines:     tenfoldv1.NewOrderLineServiceClient(conn),
		Destinations:   tenfoldv1.NewPayoutDestinationServiceClient(conn),
		Labels:         tenfoldv1.NewLabelServiceClient(conn),
		Commissions:    tenfoldv1.NewCommissionServiceClient(conn),
		Custody:        tenfoldv1.NewCustodyServiceClient(conn),
		Jobs:           tenfoldv1.NewJobServiceClient(conn),
		Retractions:    tenfoldv1.NewRetractionServiceClient(conn),
		Callers:        tenfoldv1.NewCallerServiceClient(conn),
		Sandbox:        tenfoldv1.NewSandboxServiceClient(conn),
		watches:        tenfoldv1.NewWatchServiceClient(conn),
		conn:           conn,

		EvidenceRequests: tenfoldv1.NewEvidenceRequestServiceClient(conn),
		config:           c,
	}, nil
}

// Close closes the connection and ends the calls on it.
func (c *Client) Close() error { return c.conn.Close() }

// NewRequestID makes the id of a request that will not be sent again once this
// process has ended. No two processes make the same id.
func NewRequestID() string { return rand.Text() }

// RequestIDOf makes the id of a request from its subject, such as an order, a line
// and an attempt. The same words in the same order always make the same id. So a
// process that was killed sends the same request again, and it is carried out once.
func RequestIDOf(words ...string) string {
	h := sha256.New()
	for _, w := range words {
		// With their lengths before them, words cannot run together.
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(w))))
		h.Write([]byte(w))
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}
