package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/cloudnativelabs/kube-router/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/pkg/options"
	"github.com/cloudnativelabs/kube-router/pkg/utils"
	"github.com/spf13/pflag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

// runNetworkPolicies enforces NetworkPolicies on this node with kube-router's controller, and leaves
// its routing and its service proxy out.
func runNetworkPolicies() {
	config := options.NewKubeRouterConfig()
	flags := pflag.NewFlagSet("kube-network-policies", pflag.ExitOnError)
	flags.StringVar(&config.Kubeconfig, "kubeconfig", "", "the way to the API server")
	flags.StringVar(&config.HostnameOverride, "hostname-override", "",
		"this node's name in the cluster (default: the host's name)")
	flags.StringVar(&config.ClusterIPCIDR, "service-cluster-ip-range", config.ClusterIPCIDR,
		"the range of the Services' addresses, which policies leave to kube-proxy")
	flags.StringVar(&config.NodePortRange, "service-node-port-range", config.NodePortRange,
		"the range of node ports")
	flags.DurationVar(&config.IPTablesSyncPeriod, "iptables-sync-period", config.IPTablesSyncPeriod,
		"how often all rules are written anew, beside after each change")
	_ = flags.Parse(os.Args[1:])

	if err := enforce(config); err != nil {
		klog.Fatal(err)
	}
}

func enforce(config *options.KubeRouterConfig) error {
	rest, err := clientcmd.BuildConfigFromFlags("", config.Kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(rest)
	if err != nil {
		return err
	}

	if err := awaitNode(client, config.HostnameOverride); err != nil {
		return err
	}

	stop := make(chan struct{})
	factory := informers.NewSharedInformerFactory(client, 0)
	pods := factory.Core().V1().Pods().Informer()
	namespaces := factory.Core().V1().Namespaces().Informer()
	policies := factory.Networking().V1().NetworkPolicies().Informer()
	factory.Start(stop)
	factory.WaitForCacheSync(stop)

	controller, err := netpol.NewNetworkPolicyController(
		client, config, pods, policies, namespaces, &sync.Mutex{})
	if err != nil {
		return err
	}
	for informer, handler := range map[cache.SharedIndexInformer]cache.ResourceEventHandler{
		pods:       controller.PodEventHandler,
		namespaces: controller.NamespaceEventHandler,
		policies:   controller.NetworkPolicyEventHandler,
	} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}

	// The controller blocks where nobody takes its heartbeats.
	heartbeats := make(chan *healthcheck.ControllerHeartbeat, 10)
	go func() {
		for range heartbeats {
		}
	}()
	var running sync.WaitGroup
	running.Add(1)
	go controller.Run(heartbeats, stop, &running)

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	<-signals
	close(stop)
	running.Wait()
	return nil
}

// awaitNode waits until the kubelet has registered this node with an address; the controller would
// give up. It also takes the name of NODE_NAME before all others, so the name goes there.
func awaitNode(client kubernetes.Interface, name string) error {
	if name == "" {
		host, err := os.Hostname()
		if err != nil {
			return err
		}
		name = host
	}
	if err := os.Setenv("NODE_NAME", name); err != nil {
		return err
	}
	return wait.PollUntilContextCancel(context.Background(), time.Second, true,
		func(ctx context.Context) (bool, error) {
			node, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
			if err != nil {
				klog.V(1).Infof("waiting for node %s: %v", name, err)
				return false, nil
			}
			_, err = utils.GetNodeIP(node)
			return err == nil, nil
		})
}
