// The careful operator: what the operator that opgen makes does, as a good engineer would write it in Go. It reads
// from caches, goes on with what the API server answers, and writes what differs.
package main

import (
	"context"
	"errors"
	"net/http"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	v1 "opgen.invalid/operator/api/v1"
	"opgen.invalid/operator/internal/manager"
)

func main() {
	scheme := runtime.NewScheme()
	utilruntime.Must(appsv1.AddToScheme(scheme))
	utilruntime.Must(v1.AddToScheme(scheme))
	options := manager.Options(scheme)
	options.Cache = cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&appsv1.Deployment{}: {Label: labels.SelectorFromSet(labels.Set{managedBy: operator})},
		},
	}
	// Without it, a reconcile that follows a write reads the object from before, and writes once more.
	options.Client.Cache = &client.CacheOptions{EnableReadYourWritesConsistency: ptr.To(true)}
	manager.Run(options, setup)
}

func setup(mgr ctrl.Manager) error {
	r := &reconciler{Client: mgr.GetClient(), events: mgr.GetEventRecorder(operator)}
	if err := readyWhenCachesAreFilled(mgr); err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(mgr).
		// Its own status and finalizer are no reason to look at an object again.
		For(&v1.MyApp{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Owns(&appsv1.Deployment{}).
		WithOptions(manager.Controller).
		Complete(r)
}

// readyWhenCachesAreFilled asks for the caches now: before a controller does, there are none to wait for.
func readyWhenCachesAreFilled(mgr ctrl.Manager) error {
	var informers []cache.Informer
	for _, object := range []client.Object{&v1.MyApp{}, &appsv1.Deployment{}} {
		informer, err := mgr.GetCache().GetInformer(context.Background(), object, cache.BlockUntilSynced(false))
		if err != nil {
			return err
		}
		informers = append(informers, informer)
	}
	return mgr.AddReadyzCheck("caches", func(*http.Request) error {
		for _, informer := range informers {
			if !informer.HasSynced() {
				return errors.New("the caches are not filled yet")
			}
		}
		return nil
	})
}
