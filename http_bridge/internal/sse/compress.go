package sse

import (
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
)

// compressedOutput is gzip over net/http. Each parcel is flushed, so that nothing waits for more to come.
type compressedOutput struct {
	responseOutput
	gzip *gzip.Writer
}

func newCompressedOutput(out responseOutput) compressedOutput {
	// The fastest: frames repeat their names, and any level finds that.
	compressor, _ := gzip.NewWriterLevel(out.w, gzip.BestSpeed) // fails for unknown levels only
	return compressedOutput{out, compressor}
}

func (o compressedOutput) send(p parcel) error {
	if _, err := o.gzip.Write(p.frames); err != nil {
		return err
	}
	if err := o.gzip.Flush(); err != nil {
		return err
	}
	return o.flusher.Flush()
}

// close writes the checksum. To a client that is gone it can't; there is nobody to tell.
func (o compressedOutput) close() { _ = o.gzip.Close() }

// wantsCompression tells whether the client takes gzip: named, or by "*", with a weight above 0.
func wantsCompression(r *http.Request) bool {
	wanted, byName := false, false
	for _, header := range r.Header.Values("Accept-Encoding") {
		for part := range strings.SplitSeq(header, ",") {
			name, parameters, _ := strings.Cut(part, ";")
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "gzip", "x-gzip":
				wanted, byName = weight(parameters) > 0, true
			case "*":
				wanted = wanted || (!byName && weight(parameters) > 0)
			}
		}
	}
	return wanted
}

// weight is q; 1 if it is not said, 0 if it can't be read.
func weight(parameters string) float64 {
	name, value, found := strings.Cut(strings.TrimSpace(parameters), "=")
	if !found || !strings.EqualFold(strings.TrimSpace(name), "q") {
		return 1
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil {
		return 0
	}
	return q
}
