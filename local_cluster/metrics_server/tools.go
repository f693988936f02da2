//go:build tools

// Package tools pins metrics-server: its release wants newer Kubernetes libraries than the control plane is built from,
// so it cannot share the module beside it.
package tools

import _ "sigs.k8s.io/metrics-server/cmd/metrics-server"
