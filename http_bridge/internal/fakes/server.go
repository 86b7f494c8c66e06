package fakes

import (
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"

	pb "genwatch/http_bridge/internal/gen/genwatchv1"
)

// Server is both services on one port.
type Server struct {
	Progress *Progress
	Jobs     *Jobs
	// New with each Start.
	Health *health.Server
	// Stays the same over Stop and Start.
	Address string

	t    testing.TB
	grpc *grpc.Server
	gate gate
}

// Start starts the services; they end with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	progress := newProgress()
	s := &Server{t: t, Progress: progress, Jobs: newJobs(progress), Address: "127.0.0.1:0"}
	s.Start()
	t.Cleanup(s.Stop)
	return s
}

// Start starts again after Stop, on the same port.
func (s *Server) Start() {
	s.t.Helper()
	listener, err := net.Listen("tcp", s.Address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.Address = listener.Addr().String()
	// As the services have it.
	s.grpc = grpc.NewServer(grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 4 * time.Second, PermitWithoutStream: true}))
	pb.RegisterProgressServiceServer(s.grpc, s.Progress)
	pb.RegisterJobServiceServer(s.grpc, s.Jobs)
	s.Health = health.NewServer()
	healthpb.RegisterHealthServer(s.grpc, s.Health)
	server := s.grpc
	go server.Serve(gatedListener{listener, &s.gate}) // ends with Stop
}

// Stop cuts all calls off and frees the port.
func (s *Server) Stop() {
	s.Thaw()
	s.grpc.Stop()
}

// Freeze has it hang, as a stopped process does: connections stand and are made, and nothing is read
// or said.
func (s *Server) Freeze() { s.gate.shut() }

// Thaw ends that.
func (s *Server) Thaw() { s.gate.open() }
