// Package v1 has the API of the operator that opgen makes, in Go.
// +kubebuilder:object:generate=true
// +groupName=apps.example.com
package v1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var groupVersion = schema.GroupVersion{Group: "apps.example.com", Version: "v1"}

// AddToScheme makes the API known to clients.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(groupVersion, &MyApp{}, &MyAppList{})
	metav1.AddToGroupVersion(scheme, groupVersion)
	return nil
}

// MyAppSpec is what runs.
type MyAppSpec struct {
	// How many pods run.
	Replicas int32 `json:"replicas"`
	// The image of the container.
	Image string `json:"image"`
}

// MyAppStatus is what the operator has seen.
type MyAppStatus struct {
	// The generation of the spec that this status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// How many pods are available.
	AvailableReplicas int32 `json:"availableReplicas"`
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// MyApp is one container image that the operator keeps running.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
type MyApp struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              MyAppSpec   `json:"spec"`
	Status            MyAppStatus `json:"status,omitempty"`
}

// MyAppList is a list of MyApp.
// +kubebuilder:object:root=true
type MyAppList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []MyApp `json:"items"`
}
