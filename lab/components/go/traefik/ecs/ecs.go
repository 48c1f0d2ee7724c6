// Package ecs takes the place of Traefik's package of this name: Amazon's client takes four gigabytes of memory to compile.
package ecs

import (
	"errors"

	"github.com/traefik/traefik/v3/pkg/config/dynamic"
	"github.com/traefik/traefik/v3/pkg/safe"
)

// Provider finds nothing.
type Provider struct{}

// SetDefaults has none to set.
func (p *Provider) SetDefaults() {}

// Init says that it is not there.
func (p *Provider) Init() error {
	return errors.New("the lab's Traefik knows nothing of Amazon's ECS")
}

// Provide is not reached.
func (p *Provider) Provide(chan<- dynamic.Message, *safe.Pool) error {
	return p.Init()
}
