package bridge

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"genwatch/http_bridge/internal/auth"
	"genwatch/http_bridge/internal/problem"
)

const (
	maxBody = 1 << 20
	// For the whole body to arrive.
	bodyTimeout = 30 * time.Second
)

// contentPolicy lets pages load only what this server serves, and nobody frame them. The API's
// documentation sets styles in elements it makes, hence the one exception. frame-src also holds what
// runs in a frame of a page back from navigating to another site.
const contentPolicy = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-src 'self'; object-src 'none'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// appFramePolicy is for the document that an app of a model's making is written into. The app may run
// its own scripts and styles; it has an origin of its own, which is nobody's, and no network at all.
// (A srcdoc frame would inherit contentPolicy, under which no script of the app's runs.)
const appFramePolicy = "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; " +
	"img-src data: blob:; media-src data: blob:; font-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"

func securityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", contentPolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// knownHosts refuses requests for names that this server does not go by: a page of some site whose
// name is made to point to this address would else count as this server's own page.
func (b *bridge) knownHosts(next http.Handler) http.Handler {
	if !IsLoopback(b.options.HTTPHost) && len(b.options.AllowedHosts) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if !IsLoopback(host) && !slices.Contains(b.options.AllowedHosts, strings.ToLower(host)) {
			problem.Write(w, problem.New(http.StatusMisdirectedRequest, "UNKNOWN_HOST",
				"this server is not known by that name; --allowed_hosts adds one"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// sameOrigin refuses requests that change something and come from a page of another site.
func sameOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if changes(r.Method) && fromElsewhere(r) {
			problem.Write(w, problem.New(http.StatusForbidden, "CROSS_ORIGIN", "a page of another site may not do this"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func changes(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}

func fromElsewhere(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return true
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	parsed, err := url.Parse(origin)
	return err != nil || parsed.Host == "" || !strings.EqualFold(parsed.Host, r.Host)
}

// smallBody reads the body of a request before its handler, within limits of size and time, and
// takes nothing but JSON: what a form of another site can send without asking is not JSON.
func smallBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !changes(r.Method) || r.ContentLength == 0 {
			next.ServeHTTP(w, r)
			return
		}
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			problem.Write(w, problem.New(http.StatusUnsupportedMediaType, "NOT_JSON", "Content-Type must be application/json"))
			return
		}
		body, e := readBody(w, r)
		if e != nil {
			w.Header().Set("Connection", "close") // the rest of the body is not waited for
			problem.Write(w, e)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.ContentLength = int64(len(body))
		next.ServeHTTP(w, r)
	})
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *problem.Error) {
	tooLarge := problem.New(http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE", "the body may have at most 1 MiB")
	if r.ContentLength > maxBody {
		return nil, tooLarge
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTimeout)) // not supported in some tests
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	_ = control.SetReadDeadline(time.Time{})
	var limit *http.MaxBytesError
	switch {
	case errors.As(err, &limit):
		return nil, tooLarge
	case err != nil:
		return nil, problem.New(http.StatusBadRequest, "BODY_INCOMPLETE", "the body ended early")
	}
	return body, nil
}

// identified gives each request its caller. Clients can't name themselves: what they send in
// x-genwatch-user is not looked at.
func (b *bridge) identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user := b.options.DevUser
		if user == "" {
			problem.Write(w, problem.New(http.StatusUnauthorized, "UNAUTHENTICATED", "sign-in is not set up on this server"))
			return
		}
		next.ServeHTTP(w, r.WithContext(auth.WithUser(r.Context(), user)))
	})
}
