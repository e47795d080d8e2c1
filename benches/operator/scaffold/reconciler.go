package main

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	v1 "opgen.invalid/operator/api/v1"
)

const (
	finalizer     = "apps.example.com/finalizer"
	typeAvailable = "Available"
	typeDegraded  = "Degraded"
)

type reconciler struct {
	client.Client
	scheme   *runtime.Scheme
	recorder events.EventRecorder
}

func (r *reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	log := logf.FromContext(ctx)
	app := &v1.MyApp{}
	if err := r.Get(ctx, req.NamespacedName, app); err != nil {
		if apierrors.IsNotFound(err) {
			log.Info("MyApp is not found: it must have been deleted")
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}

	if len(app.Status.Conditions) == 0 {
		if err := r.report(ctx, app, typeAvailable, metav1.ConditionUnknown, "Reconciling", "Starting reconciliation"); err != nil {
			return ctrl.Result{}, err
		}
		if err := r.Get(ctx, req.NamespacedName, app); err != nil {
			return ctrl.Result{}, err
		}
	}

	if controllerutil.AddFinalizer(app, finalizer) {
		log.Info("Adding the finalizer")
		if err := r.Update(ctx, app); err != nil {
			return ctrl.Result{}, err
		}
	}

	if !app.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, r.finalize(ctx, req, app)
	}

	found := &appsv1.Deployment{}
	err := r.Get(ctx, req.NamespacedName, found)
	if apierrors.IsNotFound(err) {
		deployment, err := r.deployment(app)
		if err != nil {
			return ctrl.Result{}, err
		}
		log.Info("Creating a new Deployment")
		if err := r.Create(ctx, deployment); err != nil {
			return ctrl.Result{}, err
		}
		return ctrl.Result{RequeueAfter: time.Minute}, nil
	}
	if err != nil {
		return ctrl.Result{}, err
	}

	if found.Spec.Replicas == nil || *found.Spec.Replicas != app.Spec.Replicas {
		found.Spec.Replicas = &app.Spec.Replicas
		if err := r.Update(ctx, found); err != nil {
			if err := r.Get(ctx, req.NamespacedName, app); err != nil {
				return ctrl.Result{}, err
			}
			message := fmt.Sprintf("Failed to update the size: %s", err)
			if err := r.report(ctx, app, typeAvailable, metav1.ConditionFalse, "Resizing", message); err != nil {
				return ctrl.Result{}, err
			}
			return ctrl.Result{}, err
		}
		// The status is reported once the size is right.
		return ctrl.Result{RequeueAfter: time.Millisecond}, nil
	}

	message := fmt.Sprintf("Deployment with %d replicas created successfully", app.Spec.Replicas)
	app.Status.ObservedGeneration = app.Generation
	app.Status.AvailableReplicas = found.Status.AvailableReplicas
	return ctrl.Result{}, r.report(ctx, app, typeAvailable, metav1.ConditionTrue, "Reconciling", message)
}

func (r *reconciler) finalize(ctx context.Context, req ctrl.Request, app *v1.MyApp) error {
	if !controllerutil.ContainsFinalizer(app, finalizer) {
		return nil
	}
	const message = "Performing finalizer operations"
	if err := r.report(ctx, app, typeDegraded, metav1.ConditionUnknown, "Finalizing", message); err != nil {
		return err
	}
	r.recorder.Eventf(app, nil, corev1.EventTypeWarning, "Deleting", "Deleting", "%s is being deleted", app.Name)
	if err := r.Get(ctx, req.NamespacedName, app); err != nil {
		return err
	}
	if err := r.report(ctx, app, typeDegraded, metav1.ConditionTrue, "Finalizing", message); err != nil {
		return err
	}
	controllerutil.RemoveFinalizer(app, finalizer)
	return r.Update(ctx, app)
}

func (r *reconciler) report(ctx context.Context, app *v1.MyApp, kind string, status metav1.ConditionStatus, reason, message string) error {
	meta.SetStatusCondition(&app.Status.Conditions,
		metav1.Condition{Type: kind, Status: status, Reason: reason, Message: message})
	return r.Status().Update(ctx, app)
}

func (r *reconciler) deployment(app *v1.MyApp) (*appsv1.Deployment, error) {
	labels := map[string]string{
		"app.kubernetes.io/name":       "myapp",
		"app.kubernetes.io/instance":   app.Name,
		"app.kubernetes.io/managed-by": "myapp",
	}
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: app.Name, Namespace: app.Namespace, Labels: labels},
		Spec: appsv1.DeploymentSpec{
			Replicas: &app.Spec.Replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: app.Spec.Image}}},
			},
		},
	}
	return deployment, ctrl.SetControllerReference(app, deployment, r.scheme)
}
