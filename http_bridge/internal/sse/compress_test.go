package sse

import (
	"net/http"
	"testing"
)

func TestCompressionIsForClientsThatAskForIt(t *testing.T) {
	tests := []struct {
		accept string
		wanted bool
	}{
		{"", false}, {"gzip", true}, {"br, GZIP;q=0.5", true}, {"gzip;q=0", false}, {"gzip; q=0.0, br", false}, {"deflate, br", false},
		{"*", true}, {"*;q=0", false}, {"gzip;q=0, *", false}, {"*, gzip;q=0", false}, {"gzip;q=x", false}, {"identity", false},
	}
	for _, test := range tests {
		r := &http.Request{Header: http.Header{"Accept-Encoding": {test.accept}}}
		if got := wantsCompression(r); got != test.wanted {
			t.Errorf("%q: %v", test.accept, got)
		}
	}
}
