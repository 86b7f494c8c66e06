package bridge

import (
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"genwatch/http_bridge/internal/auth"
)

// maxMessage is the services' limit for what they send.
const maxMessage = 16 << 20

// dial connects lazily, spreads calls over all addresses of the target, and comes back within half
// a second: gRPC's default of up to two minutes would outlast every outage.
func dial(setting, target string, connections *connections) (*grpc.ClientConn, error) {
	options := append(auth.DialOptions(),
		grpc.WithContextDialer(connections.dial),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig":[{"round_robin":{}}]}`),
		grpc.WithDisableServiceConfig(),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 500 * time.Millisecond},
			MinConnectTimeout: 2 * time.Second,
		}),
		// The shortest interval that gRPC for Go allows.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 3 * time.Second, PermitWithoutStream: true}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)),
		grpc.WithUserAgent("genwatch-http-bridge"),
	)
	address, more := resolved(target)
	conn, err := grpc.NewClient(address, append(options, more...)...)
	if err != nil {
		return nil, fmt.Errorf("--%s: %q is not a target that can be dialled: %w", setting, target, err)
	}
	return conn, nil
}
