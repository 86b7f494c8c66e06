package bridge

import (
	"net"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
)

// listScheme is of targets that name their addresses one by one, where no DNS name stands for all
// replicas.
const listScheme = "list"

// listOf returns the addresses of a target like "host:port,host:port"; nil for one of another form.
func listOf(target string) []string {
	var addresses []string
	for address := range strings.SplitSeq(target, ",") {
		address = strings.TrimSpace(address)
		if host, port, err := net.SplitHostPort(address); err != nil || host == "" || port == "" || strings.Contains(address, "/") {
			return nil
		}
		addresses = append(addresses, address)
	}
	if len(addresses) < 2 {
		return nil
	}
	return addresses
}

// resolved returns the target as gRPC is to be given it, and what it needs to understand it.
func resolved(target string) (string, []grpc.DialOption) {
	addresses := listOf(target)
	if addresses == nil {
		return target, nil
	}
	var state resolver.State
	for _, address := range addresses {
		state.Endpoints = append(state.Endpoints, resolver.Endpoint{Addresses: []resolver.Address{{Addr: address}}})
	}
	builder := manual.NewBuilderWithScheme(listScheme)
	builder.InitialState(state)
	return listScheme + ":///" + target, []grpc.DialOption{grpc.WithResolvers(builder)}
}
