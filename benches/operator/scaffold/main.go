// The scaffold operator: as Kubebuilder's deploy-image plugin scaffolds one. It says that an object is being looked at
// before it looks, reads it again after each write, and writes the status at the end of every reconcile.
//
// It differs from the template in that it reports `observedGeneration` and has as many workers as the others.
package main

import (
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"

	v1 "opgen.invalid/operator/api/v1"
	"opgen.invalid/operator/internal/manager"
)

func main() {
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(v1.AddToScheme(scheme))
	manager.Run(manager.Options(scheme), setup)
}

func setup(mgr ctrl.Manager) error {
	r := &reconciler{Client: mgr.GetClient(), scheme: mgr.GetScheme(), recorder: mgr.GetEventRecorder("myapp-controller")}
	if err := mgr.AddReadyzCheck("readyz", healthz.Ping); err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1.MyApp{}).
		Owns(&appsv1.Deployment{}).
		WithOptions(manager.Controller).
		Complete(r)
}
