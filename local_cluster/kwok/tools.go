//go:build tools

// Package kwok pins KWOK, which plays nodes and the life of their pods where operators are measured.
package kwok

import _ "sigs.k8s.io/kwok/cmd/kwok"
