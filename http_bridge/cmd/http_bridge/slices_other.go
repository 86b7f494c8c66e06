//go:build !linux

package main

// askForShortSlices is for Linux only.
func askForShortSlices() bool { return false }
