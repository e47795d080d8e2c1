//! What wants a reason.

use super::*;

fn warned(source: &str, namespace: Option<&str>) -> Vec<String> {
    let defaults = RoleDefaults {
        namespace: namespace.map(ToOwned::to_owned),
        ..cluster_wide()
    };
    let reading = super::super::read("a.rs".into(), source, &defaults);
    assert_eq!(reading.errors, [], "{source}");
    let problems = reading.warnings.into_iter().map(|found| found.problem);
    problems
        .map(|problem| {
            format!(
                "{} => {}",
                problem.message,
                problem.help.unwrap_or_default()
            )
        })
        .collect()
}

#[test]
fn what_a_reviewer_would_ask_about_is_warned_about_with_its_place() {
    let cases = [
        (
            "groups=apps,resources=deployments,verbs=*",
            "`*` in `verbs` in `a.rs:1:56` [rbac-wildcard] => list what is needed",
        ),
        (
            "groups=*,resources=widgets,verbs=get",
            "`*` in `groups` in `a.rs:1:23` [rbac-wildcard] => list what is needed",
        ),
        (
            "groups=apps,resources=*,verbs=get",
            "`*` in `resources` in `a.rs:1:38` [rbac-wildcard] => list what is needed",
        ),
        (
            "groups=apps,resources=*/scale,verbs=patch",
            "`*/scale` in `resources` in `a.rs:1:38` [rbac-wildcard] => list what is needed",
        ),
        (
            "urls=*,verbs=get",
            "`*` in `urls` in `a.rs:1:21` [rbac-wildcard] => list what is needed",
        ),
        (
            "groups=rbac.authorization.k8s.io,resources=clusterroles,resourceNames=a,verbs=bind",
            "`bind` binds any role to anybody, the operator itself included in `a.rs:1:94` [rbac-escalation] => leave the verb out",
        ),
        (
            "groups=rbac.authorization.k8s.io,resources=clusterroles,verbs=get;escalate",
            "`escalate` gives roles permissions that the operator does not have in `a.rs:1:82` [rbac-escalation] => leave the verb out",
        ),
        (
            "groups=core,resources=users,verbs=impersonate",
            "`impersonate` acts in the name of others in `a.rs:1:50` [rbac-escalation] => leave the verb out",
        ),
        (
            "groups=authentication.k8s.io,resources=users,verbs=impersonate:user-info",
            "`impersonate:user-info` acts in the name of others in `a.rs:1:67` [rbac-escalation] => leave the verb out",
        ),
        (
            "groups=core,resources=configmaps;secrets,verbs=delete",
            "`secrets` of every namespace in `a.rs:1:49` [rbac-secrets] => name the objects in `resourceNames`, or their `namespace`",
        ),
        (
            "groups=\"\",resources=pods/exec,verbs=create",
            "`pods/exec` reaches into containers in `a.rs:1:36` [rbac-exec] => leave the resource out",
        ),
        (
            "groups=core,resources=nodes/proxy,resourceNames=a,verbs=get",
            "`nodes/proxy` reaches into containers in `a.rs:1:38` [rbac-exec] => leave the resource out",
        ),
        (
            "groups=core,resources=pods/ephemeralcontainers,verbs=patch",
            "`pods/ephemeralcontainers` runs containers within the pods of others in `a.rs:1:38` [rbac-exec] => leave the resource out",
        ),
        (
            "groups=core,resources=serviceaccounts/token,verbs=create",
            "`serviceaccounts/token` makes tokens of other accounts in `a.rs:1:38` [rbac-credentials] => name the objects in `resourceNames`",
        ),
        (
            "groups=certificates.k8s.io,resources=signers,verbs=approve",
            "`signers` makes certificates that stand for others in `a.rs:1:53` [rbac-credentials] => name the objects in `resourceNames`",
        ),
        (
            "groups=admissionregistration.k8s.io,resources=mutatingwebhookconfigurations,verbs=patch",
            "`mutatingwebhookconfigurations` can see or change every object that is written in `a.rs:1:62` [rbac-admission] => name the objects in `resourceNames`",
        ),
    ];
    for (rule, expected) in cases {
        let why = ", or say why behind the rule: `… because REASON`";
        let source = format!("// +opgen:rbac:{rule}\n");
        assert_eq!(
            warned(&source, None),
            [format!("{expected}{why}")],
            "{rule}"
        );
        // A reason allows it.
        let source = format!("// +opgen:rbac:{rule} because it must\n");
        assert_eq!(warned(&source, None), [""; 0], "{rule}");
    }
    let kubebuilders = "// +kubebuilder:rbac:urls=*,verbs=get\n";
    let expected = "`*` in `urls` in `a.rs:1:27` [rbac-wildcard] => list what is needed, or say why: \
                    `+opgen:rbac:… because REASON`";
    assert_eq!(warned(kubebuilders, None), [expected]);
    let both = "// +opgen:rbac:groups=core,resources=secrets,verbs=*\n";
    assert_eq!(warned(both, None).len(), 2, "the verbs, and the secrets");
}

#[test]
fn what_is_narrow_enough_needs_no_reason() {
    for rule in [
        "groups=core,resources=secrets,resourceNames=tls,verbs=get",
        "groups=core,resources=secrets,verbs=get,namespace=vault",
        "groups=example.com,resources=secrets,verbs=get",
        "groups=core,resources=pods/exec,verbs=delete",
        "groups=core,resources=pods;pods/log,verbs=get",
        "groups=core,resources=serviceaccounts/token,resourceNames=a,verbs=create",
        "groups=admissionregistration.k8s.io,resources=mutatingwebhookconfigurations,verbs=get",
        "groups=admissionregistration.k8s.io,resources=mutatingwebhookconfigurations,resourceNames=a,verbs=patch",
        "groups=rbac.authorization.k8s.io,resources=roles,verbs=create",
        "urls=/healthz/*,verbs=get",
    ] {
        let source = format!("// +opgen:rbac:{rule}\n");
        assert_eq!(warned(&source, None), [""; 0], "{rule}");
    }
    let secrets = "// +opgen:rbac:groups=core,resources=secrets,verbs=get\n";
    assert_eq!(warned(secrets, Some("system")), [""; 0]);
    let everywhere = "// +opgen:rbac:groups=core,resources=secrets,verbs=get,namespace=\"\"\n";
    assert_eq!(warned(everywhere, Some("system")).len(), 1);
}
