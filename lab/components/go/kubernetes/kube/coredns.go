package main

import (
	"flag"
	"os"
	"slices"

	// Only what a cluster's Corefile uses: all of CoreDNS's plugins would bring three clouds' SDKs.
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/hosts"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/loadbalance"
	_ "github.com/coredns/coredns/plugin/log"
	_ "github.com/coredns/coredns/plugin/loop"
	_ "github.com/coredns/coredns/plugin/metrics"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/reload"

	"github.com/coredns/coredns/coremain"
)

// coreDNSFlags are what coremain adds to the flags of the whole process when it is loaded.
var coreDNSFlags = []string{"conf", "dns.port", "p", "pidfile", "plugins", "quiet", "version"}

// hideCoreDNSFlags takes them away again: kube-proxy offers all flags of the process as its own, and
// CoreDNS's -version would hide its --version.
func hideCoreDNSFlags() {
	kept := flag.NewFlagSet(os.Args[0], flag.ExitOnError)
	flag.CommandLine.VisitAll(func(found *flag.Flag) {
		if !slices.Contains(coreDNSFlags, found.Name) {
			kept.Var(found.Value, found.Name, found.Usage)
		}
	})
	flag.CommandLine = kept
}

func runCoreDNS() {
	coremain.Run()
}
