// Package rpc serves the contract over gRPC. It checks the caller and the request,
// turns requests into commands of the engine and reads of the database, and turns
// the results, refusals included, into messages. It decides nothing about claims or
// money.
package rpc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/stats"
	"google.golang.org/protobuf/proto"

	"github.com/tenfold-claims/tenfold/internal/accesslog"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/evidence"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/peers"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/sandbox"
	"github.com/tenfold-claims/tenfold/internal/watch"
	"github.com/tenfold-claims/tenfold/internal/webhook"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Config bounds the server. Every bound must be set; Defaults gives good ones.
type Config struct {
	// ReceiveMax is the largest size of one request in bytes.
	ReceiveMax int
	// StreamsMax is how many calls may run at once on one connection.
	StreamsMax uint32
	// Workers is how many goroutines take calls and keep their grown stacks between
	// them; beyond that number each call gets a goroutine of its own.
	Workers uint32
	// CallMax is how long a call may take if its caller set no earlier deadline.
	CallMax time.Duration
	// HeadersMax is the largest size of a call's metadata in bytes; tokens are most
	// of it.
	HeadersMax uint32
	// HandshakeMax is how long it may take to make a connection.
	HandshakeMax time.Duration
	// ConnectionAge is how long a connection lives. Its certificate was verified
	// when it was made, so this bounds how long a withdrawn authority is believed.
	ConnectionAge time.Duration
	// Quota is how often a workload without its own quota may call. Zero means no
	// bound.
	Quota identity.Quota
	// Shares bound the streams of one caller.
	Shares Shares
	// Files keeps the files of evidence; nil refuses them.
	Files *evidence.Files
	// Observer receives reports on calls; it may be left out.
	Observer Observer
	// CallsAt is the level at which answered calls are logged.
	CallsAt slog.Level
}

// Observer receives reports on calls. Its functions must not block.
type Observer struct {
	// Stats follows each call step by step; it may be nil.
	Stats stats.Handler
	// Answered receives each call and each stream that has ended, except open
	// streams of other services; it may be nil. The method may be a name that the
	// caller made up.
	Answered func(method string, code codes.Code, took time.Duration)
	// Refused receives the reason of each refusal, of calls and of items of
	// batches; it may be nil.
	Refused func(fault.Reason)
	// SignatureRefused receives why a result is not recorded because of its signature, or because
	// it has none: one of SignatureReasons, of calls and of items of batches. It may be nil.
	SignatureRefused func(fault.Reason)
}

// SignatureReasons are why a result is refused by its signature.
func SignatureReasons() []fault.Reason {
	return []fault.Reason{
		fault.SignatureInvalid, fault.SignedResultInvalid, fault.SignedResultMismatch, fault.KeyNotFound, fault.KeyRevoked, fault.KeyNotValid,
		fault.AlgorithmNotAllowed, fault.SignatureRequired,
	}
}

// signatureRefused reports the refusal of a result by its signature, and says whether it is one.
func (o *Observer) signatureRefused(err error) (fault.Reason, bool) {
	reason := reasonOf(err)
	if !slices.Contains(SignatureReasons(), reason) {
		return "", false
	}
	if o.SignatureRefused != nil {
		o.SignatureRefused(reason)
	}
	return reason, true
}

// refused reports a refusal.
func (o *Observer) refused(err error) {
	if reason := reasonOf(err); reason != "" && o.Refused != nil {
		o.Refused(reason)
	}
}

// Defaults are the settings of `serve`.
func Defaults() Config {
	return Config{
		ReceiveMax: 8 << 20, StreamsMax: 1024, Workers: 256, CallMax: 30 * time.Second,
		HeadersMax: 64 << 10, HandshakeMax: 10 * time.Second, ConnectionAge: time.Hour,
		Quota: identity.Quota{PerSecond: 20_000, Burst: 20_000},
		// A workload may take half of the watches that a server has.
		Shares:  Shares{Workload: 10_000, Scope: 500, Connection: 16, Peer: 128},
		CallsAt: slog.LevelDebug,
	}
}

// Gate admits callers, and records those that were refused.
type Gate struct {
	Authority identity.Authority
	// TLS is the server's side of handshakes; nil for unencrypted connections.
	TLS      *tls.Config
	Refusals *accesslog.Log
	// Now is the clock by which quotas are counted; a sandbox moves its own clock,
	// not this one.
	Now func() time.Time
}

// Server serves every service of the contract.
type Server struct {
	grpc       *grpc.Server
	health     *health.Server
	hub        *watch.Hub
	receiveMax int
	chain      *chain
	// transcoding is held by each call that came over HTTP, and for ever once the
	// server stops.
	transcoding sync.RWMutex
	turnAway    sync.Once
}

// New makes a server. It fails if a method has no row in the access table. hub
// serves watches, and Stop stops it. bench is nil outside a sandbox.
func New(e *engine.Engine, db *postgres.DB, hub *watch.Hub, hooks *webhook.Webhooks, bench *sandbox.Bench, gate Gate, config Config, log *slog.Logger) (*Server, error) {
	rules, err := contractRules()
	if err != nil {
		return nil, fmt.Errorf("compile validation rules: %w", err)
	}
	validator := composed{rules}
	key, err := db.PageTokenKey(context.Background())
	if err != nil {
		return nil, err
	}
	tokens, err := tokensUnder(key)
	if err != nil {
		return nil, err
	}
	log = naming(log)
	c := chain{
		validator: validator, authority: gate.Authority, rates: newRates(config.Quota, gate.Now), streams: newStreams(config.Shares),
		refusals: gate.Refusals, now: e.Now, callMax: config.CallMax,
		observer: config.Observer, measure: gate.Now, log: log, callsAt: config.CallsAt,
	}
	s := &Server{
		grpc: grpc.NewServer(
			observed(config.Observer),
			grpc.Creds(recognising{transport(gate.TLS)}),
			grpc.ForceServerCodecV2(newTolerant()),
			grpc.MaxRecvMsgSize(config.ReceiveMax),
			grpc.MaxHeaderListSize(config.HeadersMax),
			grpc.MaxConcurrentStreams(config.StreamsMax),
			grpc.NumStreamWorkers(config.Workers),
			grpc.ConnectionTimeout(config.HandshakeMax),
			grpc.KeepaliveParams(keepalive.ServerParameters{
				Time: time.Minute, Timeout: 20 * time.Second,
				MaxConnectionAge: config.ConnectionAge, MaxConnectionAgeGrace: config.CallMax,
			}),
			grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
			grpc.ChainUnaryInterceptor(c.unary),
			grpc.ChainStreamInterceptor(c.stream),
			grpc.UnknownServiceHandler(unknown),
			grpc.InTapHandle(c.tapped),
		),
		health:     health.NewServer(),
		hub:        hub,
		receiveMax: config.ReceiveMax,
		chain:      &c,
	}
	b := backend{engine: e, db: db, observer: &config.Observer, files: config.Files, log: log, tokens: tokens}
	tenfoldv1.RegisterClaimServiceServer(s.grpc, &claimService{backend: b, validator: validator})
	tenfoldv1.RegisterAuthenticationServiceServer(s.grpc, &authenticationService{backend: b})
	tenfoldv1.RegisterDepositServiceServer(s.grpc, &depositService{backend: b, validator: validator})
	tenfoldv1.RegisterMerchantMoneyServiceServer(s.grpc, &merchantMoneyService{backend: b})
	tenfoldv1.RegisterPolicyServiceServer(s.grpc, &policyService{backend: b})
	tenfoldv1.RegisterAuthenticatorServiceServer(s.grpc, &authenticatorService{backend: b})
	tenfoldv1.RegisterAuthenticatorKeyServiceServer(s.grpc, &authenticatorKeyService{backend: b})
	tenfoldv1.RegisterPolicyProposalServiceServer(s.grpc, &policyProposalService{backend: b})
	tenfoldv1.RegisterDecisionRulesServiceServer(s.grpc, &decisionRulesService{backend: b})
	tenfoldv1.RegisterWatchServiceServer(s.grpc, &watchService{backend: b, hub: hub})
	tenfoldv1.RegisterWebhookServiceServer(s.grpc, &webhookService{backend: b, hooks: hooks})
	tenfoldv1.RegisterNoticeServiceServer(s.grpc, &noticeService{backend: b, validator: validator})
	tenfoldv1.RegisterBookServiceServer(s.grpc, &bookService{backend: b})
	tenfoldv1.RegisterPeriodServiceServer(s.grpc, &periodService{backend: b})
	tenfoldv1.RegisterStatementServiceServer(s.grpc, &statementService{backend: b})
	tenfoldv1.RegisterStatementFileServiceServer(s.grpc, &statementFileService{backend: b})
	tenfoldv1.RegisterReportServiceServer(s.grpc, &reportService{backend: b})
	results := &resultService{backend: b, validator: validator}
	tenfoldv1.RegisterResultServiceServer(s.grpc, results)
	results.signed = &signedResultService{backend: b, authentication: &authenticationService{backend: b}, results: results, validator: validator}
	tenfoldv1.RegisterSignedResultServiceServer(s.grpc, results.signed)
	tenfoldv1.RegisterReconsiderationServiceServer(s.grpc, &reconsiderationService{backend: b})
	tenfoldv1.RegisterHistoryServiceServer(s.grpc, &historyService{backend: b})
	tenfoldv1.RegisterAuditServiceServer(s.grpc, &auditService{backend: b})
	tenfoldv1.RegisterWorkServiceServer(s.grpc, &workService{backend: b})
	tenfoldv1.RegisterOrderLineServiceServer(s.grpc, &orderLineService{backend: b})
	tenfoldv1.RegisterPayoutDestinationServiceServer(s.grpc, &payoutDestinationService{backend: b})
	tenfoldv1.RegisterCommissionServiceServer(s.grpc, &commissionService{backend: b})
	tenfoldv1.RegisterCustodyServiceServer(s.grpc, &custodyService{backend: b})
	tenfoldv1.RegisterLabelServiceServer(s.grpc, &labelService{backend: b})
	tenfoldv1.RegisterEvidenceServiceServer(s.grpc, &evidenceService{backend: b})
	tenfoldv1.RegisterEvidenceRequestServiceServer(s.grpc, &evidenceRequestService{backend: b})
	tenfoldv1.RegisterReconciliationServiceServer(s.grpc, &reconciliationService{backend: b})
	tenfoldv1.RegisterRetractionServiceServer(s.grpc, &retractionService{backend: b})
	tenfoldv1.RegisterJobServiceServer(s.grpc, &jobService{backend: b})
	callers := &callerService{}
	tenfoldv1.RegisterCallerServiceServer(s.grpc, callers)
	if bench != nil {
		tenfoldv1.RegisterSandboxServiceServer(s.grpc, &sandboxService{bench: bench})
	}
	callers.serves = served(s.grpc.GetServiceInfo())
	healthpb.RegisterHealthServer(s.grpc, s.health)
	reflection.Register(s.grpc)
	s.Ready(false)
	return s, checkAccess(s.grpc.GetServiceInfo())
}

// unknown is where calls of unknown methods would come to, had they not been refused before.
func unknown(any, grpc.ServerStream) error {
	return fault.New(fault.MethodUnknown, "the contract has no such method")
}

// observed lets an observer follow each call.
func observed(o Observer) grpc.ServerOption {
	if o.Stats == nil {
		return grpc.EmptyServerOption{}
	}
	return grpc.StatsHandler(o.Stats)
}

// transport secures connections, or leaves them in the clear.
func transport(config *tls.Config) credentials.TransportCredentials {
	if config == nil {
		return insecure.NewCredentials()
	}
	return credentials.NewTLS(config)
}

// contractRules are the rules of the contract. They are compiled once in a process, those of the
// usual requests at once and the others when they are first needed.
var contractRules = sync.OnceValues(func() (protovalidate.Validator, error) {
	return protovalidate.New(protovalidate.WithMessages(requests()...))
})

// requests are the messages whose rules are compiled before the first call.
func requests() []proto.Message {
	return []proto.Message{
		&tenfoldv1.FileClaimRequest{}, &tenfoldv1.AcceptClaimRequest{}, &tenfoldv1.GetClaimRequest{},
		&tenfoldv1.ConfirmNoticeRequest{}, &tenfoldv1.RecordResultRequest{},
	}
}

// Ready sets in the health service whether the server takes calls.
func (s *Server) Ready(ready bool) {
	status := healthpb.HealthCheckResponse_NOT_SERVING
	if ready {
		status = healthpb.HealthCheckResponse_SERVING
	}
	for name := range s.grpc.GetServiceInfo() {
		s.health.SetServingStatus(name, status)
	}
	s.health.SetServingStatus("", status)
}

// Serve takes calls on l until Stop.
func (s *Server) Serve(l *peers.Listener) error {
	if err := s.grpc.Serve(l); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// Stop takes no further calls, ends watches, lets calls under way end, and cuts off
// the rest when ctx ends. It does not wait longer than that.
func (s *Server) Stop(ctx context.Context) {
	s.Ready(false)
	done := make(chan struct{})
	go func() {
		s.hub.Stop() // Waits for a read of the database that is under way.
		s.turnAway.Do(s.transcoding.Lock)
		s.grpc.GracefulStop()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		s.grpc.Stop()
	}
}
