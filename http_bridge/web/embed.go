// Package web holds the built UI.
package web

import "embed"

// Dist is what `npm run build` made; a placeholder alone when the UI was not built.
//
//go:embed all:dist
var Dist embed.FS
