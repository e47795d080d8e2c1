package main

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	v1 "opgen.invalid/operator/api/v1"
)

const (
	finalizer = "apps.example.com/cleanup"
	managedBy = "app.kubernetes.io/managed-by"
	operator  = "myapp"
	resync    = time.Hour
)

type reconciler struct {
	client.Client
	events events.EventRecorder
}

func (r *reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	app := &v1.MyApp{}
	if err := r.Get(ctx, req.NamespacedName, app); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !app.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, r.cleanup(ctx, app)
	}
	if err := r.ensureFinalizer(ctx, app); err != nil {
		return ctrl.Result{}, err
	}
	deployment, err := r.ensureDeployment(ctx, app)
	if err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: resync}, r.reportStatus(ctx, app, deployment)
}

// cleanup leaves the Deployment to Kubernetes, which removes it with its owner.
func (r *reconciler) cleanup(ctx context.Context, app *v1.MyApp) error {
	before := app.DeepCopy()
	if !controllerutil.RemoveFinalizer(app, finalizer) {
		return nil
	}
	return client.IgnoreNotFound(r.Patch(ctx, app, ifUnchanged(before)))
}

func (r *reconciler) ensureFinalizer(ctx context.Context, app *v1.MyApp) error {
	before := app.DeepCopy()
	if !controllerutil.AddFinalizer(app, finalizer) {
		return nil
	}
	return r.Patch(ctx, app, ifUnchanged(before))
}

// ifUnchanged makes a patch fail if the object is no longer what it was: a merge patch replaces all finalizers.
func ifUnchanged(before *v1.MyApp) client.Patch {
	return client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
}

func (r *reconciler) ensureDeployment(ctx context.Context, app *v1.MyApp) (*appsv1.Deployment, error) {
	deployment := &appsv1.Deployment{}
	err := r.Get(ctx, client.ObjectKeyFromObject(app), deployment)
	if apierrors.IsNotFound(err) {
		deployment.Name, deployment.Namespace = app.Name, app.Namespace
		if err := r.mutate(deployment, app); err != nil {
			return nil, err
		}
		return deployment, r.Create(ctx, deployment)
	}
	if err != nil {
		return nil, err
	}
	before := deployment.DeepCopy()
	if err := r.mutate(deployment, app); err != nil {
		return nil, err
	}
	if equality.Semantic.DeepEqual(before, deployment) {
		return deployment, nil
	}
	return deployment, r.Patch(ctx, deployment, client.MergeFrom(before))
}

// mutate sets what the spec asks for, and leaves what others and defaults have set.
func (r *reconciler) mutate(deployment *appsv1.Deployment, app *v1.MyApp) error {
	labels := map[string]string{
		"app.kubernetes.io/name":     "myapp",
		"app.kubernetes.io/instance": app.Name,
		managedBy:                    operator,
	}
	setLabels(&deployment.ObjectMeta, labels)
	deployment.Spec.Replicas = &app.Spec.Replicas
	if deployment.CreationTimestamp.IsZero() {
		// It cannot be changed later.
		deployment.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
	}
	template := &deployment.Spec.Template
	setLabels(&template.ObjectMeta, labels)
	if len(template.Spec.Containers) != 1 {
		template.Spec.Containers = make([]corev1.Container, 1)
	}
	template.Spec.Containers[0].Name = "app"
	template.Spec.Containers[0].Image = app.Spec.Image
	return controllerutil.SetControllerReference(app, deployment, r.Scheme())
}

func setLabels(object *metav1.ObjectMeta, labels map[string]string) {
	if object.Labels == nil {
		object.Labels = make(map[string]string, len(labels))
	}
	for name, value := range labels {
		object.Labels[name] = value
	}
}

func (r *reconciler) reportStatus(ctx context.Context, app *v1.MyApp, deployment *appsv1.Deployment) error {
	before := app.DeepCopy()
	available := available(app, deployment)
	app.Status.ObservedGeneration = app.Generation
	app.Status.AvailableReplicas = deployment.Status.AvailableReplicas
	meta.SetStatusCondition(&app.Status.Conditions, available)
	meta.SetStatusCondition(&app.Status.Conditions, progressing(app, deployment))
	if equality.Semantic.DeepEqual(before.Status, app.Status) {
		return nil
	}
	if err := r.Status().Patch(ctx, app, client.MergeFrom(before)); err != nil {
		return err
	}
	was := meta.IsStatusConditionTrue(before.Status.Conditions, "Available")
	switch is := available.Status == metav1.ConditionTrue; {
	case is && !was:
		r.events.Eventf(app, nil, corev1.EventTypeNormal, "Available", "Reconcile", "%s", available.Message)
	case was && !is:
		r.events.Eventf(app, nil, corev1.EventTypeWarning, "Unavailable", "Reconcile", "%s", available.Message)
	}
	return nil
}

// available is what the Deployment reports, even of the generation before.
func available(app *v1.MyApp, deployment *appsv1.Deployment) metav1.Condition {
	condition := reported(app, deployment, appsv1.DeploymentAvailable)
	condition.Message = fmt.Sprintf("%d of %d replicas are available",
		deployment.Status.AvailableReplicas, *deployment.Spec.Replicas)
	return condition
}

// progressing is what the Deployment reports, once it has seen the newest generation.
func progressing(app *v1.MyApp, deployment *appsv1.Deployment) metav1.Condition {
	condition := reported(app, deployment, appsv1.DeploymentProgressing)
	if deployment.Status.ObservedGeneration < deployment.Generation {
		condition.Status = metav1.ConditionTrue
		condition.Reason = "DeploymentUpdated"
		condition.Message = "the rollout has not begun yet"
	}
	return condition
}

func reported(app *v1.MyApp, deployment *appsv1.Deployment, kind appsv1.DeploymentConditionType) metav1.Condition {
	condition := metav1.Condition{
		Type:               string(kind),
		Status:             metav1.ConditionFalse,
		Reason:             "DeploymentNotObserved",
		Message:            "nothing is reported yet",
		ObservedGeneration: app.Generation,
	}
	for _, found := range deployment.Status.Conditions {
		if found.Type == kind {
			condition.Status = metav1.ConditionStatus(found.Status)
			condition.Reason = found.Reason
			condition.Message = found.Message
		}
	}
	return condition
}
