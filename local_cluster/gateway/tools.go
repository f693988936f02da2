//go:build tools

// Package gateway pins Traefik, which plays the Gateway in a test, and with it the definitions of the Gateway API.
package gateway

import (
	_ "github.com/traefik/traefik/v3/cmd/traefik"
	_ "sigs.k8s.io/gateway-api/apis/v1"
)
