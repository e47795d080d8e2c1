//! Kubernetes' own types in a schema, which are too large to describe once more.

use serde_json::Value;

/// What is larger than this is not described field by field if it is one of Kubernetes' types.
const LARGE: usize = 50;

/// Fields that tell a type of Kubernetes, which k8s-openapi writes into a schema without its name.
const TYPES: &[(&str, &[&str])] = &[
    (
        "Affinity",
        &["nodeAffinity", "podAffinity", "podAntiAffinity"],
    ),
    (
        "Container",
        &["image", "imagePullPolicy", "livenessProbe", "volumeMounts"],
    ),
    (
        "EphemeralContainer",
        &["image", "targetContainerName", "volumeMounts"],
    ),
    (
        "JobSpec",
        &["activeDeadlineSeconds", "backoffLimit", "template"],
    ),
    ("JobTemplateSpec", &["metadata", "spec"]),
    ("Lifecycle", &["postStart", "preStop"]),
    (
        "PersistentVolumeClaimSpec",
        &["accessModes", "storageClassName", "volumeName"],
    ),
    (
        "PodSpec",
        &[
            "containers",
            "dnsPolicy",
            "serviceAccountName",
            "tolerations",
        ],
    ),
    ("PodTemplateSpec", &["metadata", "spec"]),
    ("Probe", &["exec", "httpGet", "tcpSocket"]),
    (
        "SecurityContext",
        &["capabilities", "privileged", "runAsUser"],
    ),
    ("ServiceSpec", &["clusterIP", "ports", "selector"]),
    (
        "Volume",
        &["configMap", "emptyDir", "hostPath", "persistentVolumeClaim"],
    ),
];

/// The name of Kubernetes' type that a large schema seems to be.
pub(super) fn type_of(schema: &Value) -> Option<&'static str> {
    if count(schema) <= LARGE {
        return None;
    }
    let looks_like = |schema: &Value, name: &str| {
        let fields = TYPES.iter().find(|(known, _)| *known == name);
        fields.is_some_and(|(_, fields)| {
            fields
                .iter()
                .all(|field| schema["properties"].get(*field).is_some())
        })
    };
    let found = TYPES
        .iter()
        .map(|(name, _)| *name)
        .find(|name| match *name {
            // They hold a well-known spec, beside metadata.
            "PodTemplateSpec" => looks_like(&schema["properties"]["spec"], "PodSpec"),
            "JobTemplateSpec" => looks_like(&schema["properties"]["spec"], "JobSpec"),
            name => looks_like(schema, name),
        });
    // A type of the user's may hold some of its fields beside its own.
    let only = schema["properties"]
        .as_object()
        .map_or(0, |fields| fields.len());
    found.filter(|name| !name.ends_with("TemplateSpec") || only == 2)
}

/// How many fields a schema has in all.
fn count(schema: &Value) -> usize {
    let properties = schema["properties"].as_object().into_iter().flatten();
    let own: usize = properties.map(|(_, property)| 1 + count(property)).sum();
    let inner = ["items", "additionalProperties"]
        .iter()
        .filter_map(|name| schema.get(*name));
    own + inner.map(count).sum::<usize>()
}
