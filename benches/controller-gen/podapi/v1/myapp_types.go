// Package v1 has an API that embeds a pod template.
// +kubebuilder:object:generate=true
// +groupName=apps.example.com
package v1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// MyAppSpec is what runs.
type MyAppSpec struct {
	// How many pods run.
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	// +optional
	Replicas *int32 `json:"replicas,omitempty"`
	// What each pod is made from.
	Template corev1.PodTemplateSpec `json:"template"`
}

// MyApp is pods that the operator keeps running.
// +kubebuilder:object:root=true
type MyApp struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              MyAppSpec `json:"spec"`
}
