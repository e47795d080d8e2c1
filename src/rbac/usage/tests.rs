use super::*;

fn request(line: &str) -> Request {
    match Recording::read(line).unwrap() {
        Recording::Request(request) => request,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_line_of_a_recording_is_a_start_a_request_or_a_reconcile() {
    let begin =
        r#"{"recording":1,"operator":"myapp","namespace":"a","controllers":["x"],"later":2}"#;
    let header = Header {
        recording: 1,
        operator: "myapp".to_owned(),
        namespace: "a".to_owned(),
        namespaces: Vec::new(),
        controllers: vec!["x".to_owned()],
    };
    assert_eq!(Recording::read(begin), Ok(Recording::Begin(header)));
    let line = r#"{"verb":"patch","group":"apps","resource":"deployments","subresource":"scale","namespace":"n","name":"x","code":200,"apply":true,"manager":"m"}"#;
    let read = request(line);
    assert_eq!(
        read.target,
        Target::resource("apps", "deployments", "scale")
    );
    assert_eq!(
        (read.namespace.as_str(), read.name.as_str(), read.code),
        ("n", "x", Some(200))
    );
    assert!(read.apply);
    assert_eq!(
        request(r#"{"verb":"get","url":"/version"}"#).target,
        Target::Url("/version".to_owned())
    );
    let line = r#"{"controller":"c","object":"n/x","outcome":"success","deleting":true}"#;
    assert!(
        matches!(Recording::read(line), Ok(Recording::Reconcile(it)) if it.deleting && it.object == "n/x")
    );
}

#[test]
fn a_line_that_is_none_is_refused() {
    for (line, message) in [
        ("", "no line of a recording"),
        ("{", "no line of a recording"),
        ("[]", "no line of a recording"),
        ("{}", "no line of a recording"),
        (r#"{"verb":"get"}"#, "no line of a recording"),
        (r#"{"resource":"pods"}"#, "no line of a recording"),
        (
            r#"{"verb":"get","url":"/version","code":"200"}"#,
            "no line of a recording",
        ),
        (
            r#"{"recording":2}"#,
            "the recording has format 2, and this opgen reads 1",
        ),
    ] {
        assert_eq!(
            Recording::read(line).unwrap_err().message,
            message,
            "{line}"
        );
    }
}

#[test]
fn what_a_request_needs_depends_on_its_answer() {
    for (rest, needs) in [
        (r#""verb":"patch","code":200"#, &[("patch", true)][..]),
        (
            r#""verb":"patch","code":201,"apply":true"#,
            &[("patch", true), ("create", true)],
        ),
        (
            r#""verb":"update","code":201"#,
            &[("update", true), ("create", true)],
        ),
        (r#""verb":"create","code":201"#, &[("create", true)]),
        (r#""verb":"get","code":404"#, &[("get", true)]),
        (r#""verb":"create","code":409"#, &[("create", true)]),
        // Refused by admission: RBAC has let it through.
        (r#""verb":"create","code":403"#, &[("create", true)]),
        (
            r#""verb":"patch","code":403,"refused":"patch""#,
            &[("patch", false)],
        ),
        (
            r#""verb":"patch","code":403,"refused":"create""#,
            &[("patch", true), ("create", false)],
        ),
        (r#""verb":"list","code":429"#, &[]),
        (r#""verb":"list","code":401"#, &[]),
        (r#""verb":"list""#, &[]),
    ] {
        let line = format!(r#"{{"resource":"pods",{rest}}}"#);
        assert_eq!(request(&line).needs(), needs, "{line}");
    }
}

#[test]
fn a_target_reads_as_kubectl_names_it() {
    for (target, text) in [
        (Target::resource("", "pods", ""), "pods"),
        (Target::resource("", "pods", "log"), "pods/log"),
        (
            Target::resource("apps", "deployments", ""),
            "deployments.apps",
        ),
        (
            Target::resource("apps", "deployments", "status"),
            "deployments.apps/status",
        ),
        (Target::Url("/metrics".to_owned()), "/metrics"),
    ] {
        assert_eq!(target.to_string(), text);
        let name: ResourceName = text.parse().unwrap();
        assert!(name.is(&target), "{text}");
    }
    let of_any: ResourceName = "deployments".parse().unwrap();
    assert!(of_any.is(&Target::resource("apps", "deployments", "")));
    assert!(of_any.is(&Target::resource("extensions", "deployments", "")));
    let core: ResourceName = "events.core".parse().unwrap();
    assert!(core.is(&Target::resource("", "events", "")));
    assert!(!core.is(&Target::resource("events.k8s.io", "events", "")));
    for wrong in ["", ".apps", "pods/", "pods."] {
        assert!(wrong.parse::<ResourceName>().is_err(), "{wrong}");
    }
}

/// As kube-apiserver writes it, shortened to what counts.
fn event(stage: &str, verb: &str, code: u16, rest: &str) -> String {
    format!(
        r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"1","stage":"{stage}","requestURI":"/apis/apps/v1/namespaces/n/deployments/x?fieldManager=apps.example.com%2Fmyapp&force=true","verb":"{verb}","user":{{"username":"system:serviceaccount:n:a"}},"objectRef":{{"resource":"deployments","namespace":"n","name":"x","apiGroup":"apps","apiVersion":"v1"}},"responseStatus":{{"code":{code}{rest}}}}}"#
    )
}

#[test]
fn an_audit_log_tells_the_same() {
    let mut log = AuditLog::default();
    let audited = log
        .read(&event("ResponseComplete", "patch", 201, ""))
        .unwrap()
        .unwrap();
    assert_eq!(audited.user, "system:serviceaccount:n:a");
    assert_eq!(
        audited.request.target,
        Target::resource("apps", "deployments", "")
    );
    assert_eq!(audited.request.manager, "apps.example.com/myapp");
    assert_eq!(audited.request.needs(), [("patch", true), ("create", true)]);
    let message = r#","message":"deployments.apps \"x\" is forbidden: User \"system:serviceaccount:n:a\" cannot create resource \"deployments\" in API group \"apps\" in the namespace \"n\"""#;
    let refused = log
        .read(&event("ResponseComplete", "patch", 403, message))
        .unwrap()
        .unwrap();
    assert_eq!(
        refused.request.needs(),
        [("patch", true), ("create", false)]
    );
    let message = r#","message":"deployments.apps \"x\" is forbidden: exceeded quota""#;
    let quota = log
        .read(&event("ResponseComplete", "create", 403, message))
        .unwrap()
        .unwrap();
    assert_eq!(quota.request.needs(), [("create", true)]);
}

#[test]
fn a_request_of_an_audit_log_counts_once() {
    let mut log = AuditLog::default();
    let mut counts = |stage, verb| log.read(&event(stage, verb, 200, "")).unwrap().is_some();
    assert!(!counts("RequestReceived", "patch"));
    assert!(counts("ResponseComplete", "patch"));
    assert!(counts("ResponseStarted", "watch"), "a watch may never end");
    assert!(
        !counts("ResponseComplete", "watch"),
        "it was counted when it began"
    );
    assert!(
        counts("ResponseComplete", "watch"),
        "its beginning may be left out of the log"
    );
}

#[test]
fn a_path_outside_the_api_is_read_and_what_is_asked_in_anothers_name_is_not() {
    let own = r#"{"kind":"Event","stage":"ResponseComplete","requestURI":"/version?timeout=32s","verb":"get","user":{"username":"system:serviceaccount:n:a"},"responseStatus":{"code":200}}"#;
    let audited = AuditLog::default().read(own).unwrap().unwrap();
    assert_eq!(audited.request.target, Target::Url("/version".to_owned()));
    let other = own.replace(
        "\"responseStatus",
        "\"impersonatedUser\":{\"username\":\"b\"},\"responseStatus",
    );
    assert_eq!(AuditLog::default().read(&other), Ok(None));
    for wrong in [
        "",
        "{}",
        r#"{"kind":"Pod"}"#,
        r#"{"level":"info","msg":"started"}"#,
    ] {
        assert!(AuditLog::default().read(wrong).is_err(), "{wrong}");
    }
}
