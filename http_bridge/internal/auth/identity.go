// Package auth says who calls. Identity is set here and nowhere else: whatever a client writes into
// headers or metadata never reaches the services.
package auth

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// userKey is the metadata by which the services know the caller.
const userKey = "x-genwatch-user"

type contextKey struct{}

// WithUser returns a context whose calls are made in the name of the user.
func WithUser(ctx context.Context, user string) context.Context {
	return context.WithValue(ctx, contextKey{}, user)
}

// User is the caller of a request, "" if it has none.
func User(ctx context.Context) string {
	user, _ := ctx.Value(contextKey{}).(string)
	return user
}

// outgoing replaces all metadata of a call by the caller's identity.
func outgoing(ctx context.Context) context.Context {
	md := metadata.MD{}
	if user := User(ctx); user != "" {
		md.Set(userKey, user)
	}
	return metadata.NewOutgoingContext(ctx, md)
}

// DialOptions makes every call of a connection carry the identity of its context, and no other
// metadata.
func DialOptions() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(func(ctx context.Context, method string, request, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
			return invoke(outgoing(ctx), method, request, reply, cc, options...)
		}),
		grpc.WithChainStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, stream grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
			return stream(outgoing(ctx), desc, cc, method, options...)
		}),
	}
}
