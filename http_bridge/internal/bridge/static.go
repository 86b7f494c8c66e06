package bridge

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"genwatch/http_bridge/internal/problem"
)

// static serves the built UI: files under their names, and the page itself for every other path, so
// that each view has a URL of its own.
type static struct {
	files fs.FS
	// Of files whose name does not change with their content.
	tags map[string]string
}

func newStatic(files fs.FS) (*static, error) {
	s := &static{files: files, tags: map[string]string{}}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || hashed(name) {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err == nil {
			s.tags[name] = `"` + hashOf(content) + `"`
		}
		return err
	})
	return s, err
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// appFrame is the empty document that apps of a model's making run in.
const appFrame = "app_frame.html"

// hashed tells whether the bundler named the file after its content.
func hashed(name string) bool { return strings.HasPrefix(name, "assets/") }

func (s *static) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		problem.Write(w, problem.New(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "this path does not take this method"))
		return
	}
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	switch {
	case name == "docs":
		s.page(w, r, "docs.html", docsFallback)
	case name == "" || name == "index.html":
		s.page(w, r, "index.html", pageFallback)
	case s.exists(name):
		s.file(w, r, name)
	case hashed(name) || path.Ext(name) != "":
		http.NotFound(w, r)
	default:
		s.page(w, r, "index.html", pageFallback)
	}
}

func (s *static) exists(name string) bool {
	info, err := fs.Stat(s.files, name)
	return err == nil && !info.IsDir() && !strings.HasPrefix(path.Base(name), ".")
}

func (s *static) page(w http.ResponseWriter, r *http.Request, name, fallback string) {
	if s.exists(name) {
		s.file(w, r, name)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(fallback))
}

func (s *static) file(w http.ResponseWriter, r *http.Request, name string) {
	content, err := fs.ReadFile(s.files, name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	header := w.Header()
	if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
		header.Set("Content-Type", kind)
	}
	if name == appFrame {
		header.Set("Content-Security-Policy", appFramePolicy)
	}
	if hashed(name) {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		header.Set("Cache-Control", "no-cache")
		header.Set("ETag", s.tags[name])
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}

// Shown by a bridge that was built without the UI.
const (
	pageFallback = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Genwatch</title>
<h1>Genwatch</h1><p>This bridge was built without the web page. The API is described in <a href="/openapi.json">/openapi.json</a>.</p></html>
`
	docsFallback = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Genwatch API</title>
<h1>Genwatch API</h1><p>This bridge was built without the documentation page. The API is described in <a href="/openapi.json">/openapi.json</a>.</p></html>
`
)
