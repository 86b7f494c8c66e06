package bridge

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func TestTheUIIsServedWithTheRightCaching(t *testing.T) {
	ui, err := newStatic(fstest.MapFS{
		"index.html":            {Data: []byte("<title>the page</title>")},
		"docs.html":             {Data: []byte("<title>the docs</title>")},
		"favicon.svg":           {Data: []byte("<svg/>")},
		"assets/index-a1b2c.js": {Data: []byte("export {}")},
		".gitkeep":              {},
	})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		method, path string
		status       int
		contains     string
		cache        string
		kind         string
	}{
		{"GET", "/", 200, "the page", "no-cache", "text/html"},
		{"GET", "/index.html", 200, "the page", "no-cache", "text/html"},
		{"GET", "/jobs/job_1", 200, "the page", "no-cache", "text/html"},
		{"GET", "/docs", 200, "the docs", "no-cache", "text/html"},
		{"GET", "/favicon.svg", 200, "<svg/>", "no-cache", "image/svg+xml"},
		{"GET", "/assets/index-a1b2c.js", 200, "export", "public, max-age=31536000, immutable", "text/javascript"},
		{"GET", "/assets/index-old.js", 404, "", "", ""},
		{"GET", "/nothing.png", 404, "", "", ""},
		{"GET", "/.gitkeep", 404, "", "", ""},
		{"GET", "/../../etc/passwd", 200, "the page", "no-cache", "text/html"},
		{"POST", "/", 405, "", "", ""},
	}
	for _, test := range tests {
		w := httptest.NewRecorder()
		ui.ServeHTTP(w, httptest.NewRequest(test.method, "http://localhost"+test.path, nil))
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.contains) {
			t.Errorf("%s %s: %d %q", test.method, test.path, w.Code, w.Body)
		}
		if test.cache != "" && (w.Header().Get("Cache-Control") != test.cache || !strings.HasPrefix(w.Header().Get("Content-Type"), test.kind)) {
			t.Errorf("%s: %v", test.path, w.Header())
		}
	}
	w := httptest.NewRecorder()
	ui.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost/", nil))
	again := httptest.NewRequest("GET", "http://localhost/", nil)
	again.Header.Set("If-None-Match", w.Header().Get("ETag"))
	w = httptest.NewRecorder()
	ui.ServeHTTP(w, again)
	if w.Code != http.StatusNotModified {
		t.Errorf("the page is sent again: %d", w.Code)
	}
}

func TestTheFrameOfAppsHasAPolicyOfItsOwn(t *testing.T) {
	ui, err := newStatic(fstest.MapFS{"index.html": {Data: []byte("page")}, "app_frame.html": {Data: []byte("frame")}})
	if err != nil {
		t.Fatal(err)
	}
	policyOf := func(path string) string {
		w := httptest.NewRecorder()
		securityHeaders(ui).ServeHTTP(w, httptest.NewRequest("GET", "http://localhost"+path, nil))
		return w.Header().Get("Content-Security-Policy")
	}
	frame := policyOf("/app_frame.html")
	for _, part := range []string{"sandbox allow-scripts;", "default-src 'none'", "form-action 'none'", "frame-ancestors 'self'"} {
		if !strings.Contains(frame, part) {
			t.Errorf("no %q in %q", part, frame)
		}
	}
	for _, part := range []string{"allow-same-origin", "allow-top-navigation", "connect-src"} {
		if strings.Contains(frame, part) {
			t.Errorf("%q in %q", part, frame)
		}
	}
	// No page may run what stands in it, whatever the frame may.
	if page := policyOf("/"); strings.Contains(page, "script-src") || !strings.HasPrefix(page, "default-src 'self';") || !strings.Contains(page, "frame-src 'self'") {
		t.Errorf("the page: %q", page)
	}
}

func TestABridgeWithoutTheUISaysSo(t *testing.T) {
	ui, err := newStatic(fstest.MapFS{".gitkeep": {}})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/jobs/x", "/docs"} {
		w := httptest.NewRecorder()
		ui.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost"+path, nil))
		if w.Code != 200 || !strings.Contains(w.Body.String(), "/openapi.json") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
