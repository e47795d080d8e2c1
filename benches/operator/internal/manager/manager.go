// Package manager has what both operators are started with.
package manager

import (
	"os"

	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// Controller is as concurrent as the operator that opgen makes.
var Controller = controller.Options{MaxConcurrentReconciles: 4}

// Options are those of that operator too: no metrics, no leader election, no limit on requests, which is the
// default of controller-runtime's configuration.
func Options(scheme *runtime.Scheme) ctrl.Options {
	return ctrl.Options{
		Scheme:                 scheme,
		Metrics:                metricsserver.Options{BindAddress: "0"},
		HealthProbeBindAddress: os.Getenv("HEALTH_PROBE_BIND_ADDRESS"),
	}
}

// Run runs what setup adds to a manager, until SIGTERM.
func Run(options ctrl.Options, setup func(ctrl.Manager) error) {
	ctrl.SetLogger(zap.New())
	if err := run(options, setup); err != nil {
		ctrl.Log.Error(err, "the operator ends")
		os.Exit(1)
	}
}

func run(options ctrl.Options, setup func(ctrl.Manager) error) error {
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(config, options)
	if err != nil {
		return err
	}
	if err := setup(mgr); err != nil {
		return err
	}
	return mgr.Start(ctrl.SetupSignalHandler())
}
