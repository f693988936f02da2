//go:build tools

// Package tools pins the programs that checks use and a running cluster does not need.
package tools

import _ "github.com/yannh/kubeconform/cmd/kubeconform"
