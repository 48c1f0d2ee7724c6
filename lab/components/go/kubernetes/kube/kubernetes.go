package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

func runAPIServer()         { exitWith(apiserver.NewAPIServerCommand()) }
func runControllerManager() { exitWith(controllermanager.NewControllerManagerCommand()) }
func runKubelet()           { exitWith(kubelet.NewKubeletCommand(context.Background())) }
func runProxy()             { exitWith(proxy.NewProxyCommand()) }
func runScheduler()         { exitWith(scheduler.NewSchedulerCommand()) }

func exitWith(command *cobra.Command) {
	os.Exit(cli.Run(command))
}

func runKubectl() {
	// As upstream's main: the verbosity counts while the command is still being put together.
	_, _ = logs.GlogSetter(cmd.GetLogVerbosity(os.Args))
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
}
