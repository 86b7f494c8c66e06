package bridge

import (
	"io/fs"
	"net/http"

	"genwatch/http_bridge/internal/gateway"
	"genwatch/http_bridge/internal/gen/openapi"
	"genwatch/http_bridge/internal/problem"
	"genwatch/http_bridge/web"
)

// routes is the whole surface: what is not listed here is the UI.
func (b *bridge) routes() (http.Handler, error) {
	rest, err := gateway.New(b.jobs)
	if err != nil {
		return nil, err
	}
	files, err := fs.Sub(web.Dist, "dist")
	if err != nil {
		return nil, err
	}
	ui, err := newStatic(files)
	if err != nil {
		return nil, err
	}

	mux := http.NewServeMux()
	api := func(pattern, route string, handler http.Handler) {
		mux.Handle(pattern, b.observed(route, sameOrigin(b.identified(smallBody(handler)))))
	}
	const generation = "/api/v1/ai/generation"
	api("POST /api/v1/ai/generate", "generate", http.HandlerFunc(b.generate))
	api("GET "+generation+"/{job_id}/progress", "progress", b.streaming(b.streams.ServeJob))
	api("GET "+generation+"/progress", "progress_many", b.streaming(b.streams.ServeMany))
	api("GET "+generation+"/{job_id}/status", "status", http.HandlerFunc(b.status))
	api("/api/v1/", "rest", rest)
	mux.Handle("/api", b.observed("unknown", http.HandlerFunc(noRoute)))
	mux.Handle("/api/", b.observed("unknown", http.HandlerFunc(noRoute)))
	mux.Handle("GET /openapi.json", b.observed("openapi", http.HandlerFunc(serveOpenAPI)))
	mux.Handle("GET /healthz", http.HandlerFunc(b.healthz))
	mux.Handle("GET /readyz", http.HandlerFunc(b.readyz))
	mux.Handle("/", b.observed("ui", ui))
	return securityHeaders(b.knownHosts(mux)), nil
}

// streaming keeps the kernel from hoarding for slow viewers.
func (b *bridge) streaming(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			w.Header().Set("Content-Type", "text/event-stream")
			return
		}
		limitSendBuffer(r.Context())
		next(w, r)
	})
}

func noRoute(w http.ResponseWriter, _ *http.Request) {
	problem.Write(w, problem.New(http.StatusNotFound, "ROUTE_NOT_FOUND", "there is nothing at this path"))
}

func serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	problem.WriteJSON(w, http.StatusOK, openapi.Document)
}
