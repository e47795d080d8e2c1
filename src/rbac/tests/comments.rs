//! What comments say, and how they are refused.

use super::*;
use crate::problem::did_you_mean;

#[test]
fn the_grammar_is_kubebuilders() {
    let cases = [
        (
            "groups=apps,resources=deployments,verbs=get",
            "apps|deployments|||get",
        ),
        (
            "groups=apps,resources=deployments;deployments/status,verbs=get;list",
            "apps|deployments,deployments/status|||get,list",
        ),
        (
            "groups={apps,batch},resources={jobs,deployments},verbs={get,list}",
            "apps,batch|deployments,jobs|||get,list",
        ),
        (
            "groups=\"\",resources=\"pods\",verbs=\"*\"",
            "core|pods|||*",
        ),
        (
            "groups=core,resources=`pods`,verbs=`get`;\"list\"",
            "core|pods|||get,list",
        ),
        ("groups=core;\"\",resources=pods,verbs=*", "core|pods|||*"),
        (
            " groups = apps , resources = deployments ; statefulsets , verbs = { get , list } ",
            "apps|deployments,statefulsets|||get,list",
        ),
        (
            "urls=/metrics;/healthz/*,verbs=get",
            "|||/healthz/*,/metrics|get",
        ),
        ("urls=*,verbs=*", "|||*|*"),
        (
            "groups=core,resources=secrets,resourceNames=a;\"b,c\",verbs=get",
            "core|secrets|a,b,c||get",
        ),
        (
            "groups=core,resources=secrets,resourceNames=\"a\\\"\\\\b\",verbs=get",
            "core|secrets|a\"\\b||get",
        ),
        ("groups=*,resources=*,verbs=*", "*|*|||*"),
        (
            "groups=example.com,resources=widgets/health,verbs=get",
            "example.com|widgets/health|||get",
        ),
        (
            "groups=apps,resources=*/scale,verbs=patch",
            "apps|*/scale|||patch",
        ),
        (
            "groups=example.com,resources=widgets/finalizers,verbs=update",
            "example.com|widgets/finalizers|||update",
        ),
        ("groups=art,resources=job,verbs=get", "art|job|||get"),
        (
            "groups=batch;apps,resources=deployments;jobs,verbs=get",
            "apps,batch|deployments,jobs|||get",
        ),
        (
            "groups=core,resources=users,verbs=impersonate;impersonate:user-info",
            "core|users|||impersonate,impersonate:user-info",
        ),
        (
            "groups=certificates.k8s.io,resources=signers,resourceNames=example.com:x,verbs=sign",
            "certificates.k8s.io|signers|example.com:x||sign",
        ),
        (
            "groups=certificates.k8s.io,resources=signers,resourceNames=kubernetes.io/kubelet-serving;example.com/*,verbs=sign",
            "certificates.k8s.io|signers|example.com/*,kubernetes.io/kubelet-serving||sign",
        ),
        (
            "groups=authentication.k8s.io,resources=users,verbs=impersonate:user-info",
            "authentication.k8s.io|users|||impersonate:user-info",
        ),
        (
            "groups=apps,resources=brandnewthings,verbs=get",
            "apps|brandnewthings|||get",
        ),
    ];
    for (comment, expected) in cases {
        let comments = read(comment).unwrap_or_else(|problems| panic!("{comment}: {problems}"));
        assert_eq!(
            comments
                .iter()
                .map(|comment| line(&comment.rule.policy))
                .collect::<Vec<_>>(),
            [expected],
            "{comment}"
        );
    }
}

#[test]
fn a_bad_rule_is_refused_with_its_place_and_a_way_out() {
    // The arguments begin in column 16.
    let cases = [
        (
            "group=apps,resources=deployments,verbs=get",
            "unknown key `group` in `a.rs:1:16` => did you mean `groups`?",
        ),
        (
            "groups=apps,resources=deployments,verb=get",
            "unknown key `verb` in `a.rs:1:50` => did you mean `verbs`?",
        ),
        (
            "groups=apps,resources=deployments,verbs=get,apiGroups=x",
            "unknown key `apiGroups` in `a.rs:1:60` => did you mean `groups`?",
        ),
        (
            "groups=apps,resources=deployments,verbs=get,resourcenames=x",
            "unknown key `resourcenames` in `a.rs:1:60` => did you mean `resourceNames`?",
        ),
        (
            "groups=apps,resources=deployments,verbs=get,cluster=x",
            "unknown key `cluster` in `a.rs:1:60` => the keys are `groups`, `resources`, `resourceNames`, `urls`, `verbs`, `namespace`, `roleName`",
        ),
        (
            "groups=apps,groups=batch,resources=deployments,verbs=get",
            "repeated key `groups` in `a.rs:1:28` => put all items into one list",
        ),
        (
            "groups=apps,resources=deployments",
            "rule without `verbs` in `a.rs:1:4` => add what is done, such as `verbs=get;list;watch`",
        ),
        (
            "groups=apps,verbs=get",
            "rule without `resources` or `urls` in `a.rs:1:4` => add what it is about, such as `resources=pods`",
        ),
        (
            "resources=pods,verbs=get",
            "rule with `resources` but without `groups` in `a.rs:1:4` => add `groups=core`",
        ),
        (
            "resources=deployments;statefulsets,verbs=get",
            "rule with `resources` but without `groups` in `a.rs:1:4` => add `groups=apps`",
        ),
        (
            "resources=widgets,verbs=get",
            "rule with `resources` but without `groups` in `a.rs:1:4` => add the API group, such as `groups=apps`; the core group is `groups=core`",
        ),
        (
            "groups=apps,resources=deployments,verbs=get,list",
            "expected `key=value` instead of `list` in `a.rs:1:60` => separate the items of a list with `;`, such as `verbs=get;list`",
        ),
        (
            "groups=apps,resources=deployments,verbs=get;",
            "empty item in `verbs` in `a.rs:1:60` => remove the separator, or name the item",
        ),
        (
            "groups=apps,resources=;deployments,verbs=get",
            "empty item in `resources` in `a.rs:1:38` => remove the separator, or name the item",
        ),
        (
            "groups=,resources=pods,verbs=get",
            "empty item in `groups` in `a.rs:1:23` => the core group is `core` or `\"\"`",
        ),
        (
            "groups={apps,},resources=deployments,verbs=get",
            "empty item in `groups` in `a.rs:1:29` => the core group is `core` or `\"\"`",
        ),
        (
            "groups=apps,resources=deployments,verbs=get,",
            "stray `,` at the end in `a.rs:1:59` => remove it",
        ),
        (
            "groups=apps,,resources=deployments,verbs=get",
            "stray `,` in `a.rs:1:28` => remove it",
        ),
        (
            "groups=apps,resources=deployments,verbs={get,list",
            "`{` without `}` in `a.rs:1:56` => close the list with `}`",
        ),
        (
            "groups=apps,resources=deployments,verbs={get;list}",
            "`;` between braces in `a.rs:1:60` => separate items in braces with `,`, or leave the braces out",
        ),
        (
            "groups=apps,resources=deployments,verbs=\"get",
            "unterminated string `\"get` in `a.rs:1:56` => close it with \"",
        ),
        (
            "groups=apps,resources=deployments,verbs=\"get\"x",
            "unexpected `x` after a string in `a.rs:1:61` => separate items with `;` and keys with `,`",
        ),
        (
            "groups=apps,resources=deployments,verbs={get}x",
            "expected `,` before `x` in `a.rs:1:61` => separate keys with `,` and items with `;`",
        ),
        (
            "groups=apps,resources=deployments,verbs=get;list // for now, only these",
            "comment behind a rule in `a.rs:1:65` => give a reason behind `because`, or put the comment on a line of its own",
        ),
        (
            "groups='apps',resources=deployments,verbs=get",
            "`'` around `apps` in `a.rs:1:23` => use double quotes",
        ),
        (
            "groups=\"a\\nb\",resources=deployments,verbs=get",
            "unknown escape `\\n` in `a.rs:1:25` => only `\\\"` and `\\\\` are escapes",
        ),
        (
            "groups=apps,resources=deployments,verbs=lst",
            "unknown verb `lst` in `a.rs:1:56` => did you mean `list`?",
        ),
        (
            "groups=apps,resources=deployments,verbs=get;GET",
            "verb `GET` is not in lower case in `a.rs:1:60` => did you mean `get`?",
        ),
        (
            "groups=apps,resources=deployments,verbs=post",
            "unknown verb `post` in `a.rs:1:56` => did you mean `create`?",
        ),
        (
            "groups=apps,resources=deployments,verbs=get list",
            "unknown verb `get list` in `a.rs:1:56` => separate verbs with `;`, and put a reason behind `because`",
        ),
        (
            "urls=/metrics,verbs=list",
            "unknown verb `list` for a URL in `a.rs:1:36` => did you mean `get`?",
        ),
        (
            "urls=/metrics,groups=core,verbs=get",
            "`groups` in a rule with `urls` in `a.rs:1:30` => Kubernetes refuses both in one rule: write one comment for each",
        ),
        (
            "urls=/metrics,verbs=get,namespace=a",
            "`urls` in a rule with `namespace` in `a.rs:1:16` => only a ClusterRole can allow URLs: leave `namespace` out",
        ),
        (
            "urls=metrics,verbs=get",
            "invalid URL `metrics` in `a.rs:1:21` => write a path that begins with `/`, such as `/metrics`, or `*`",
        ),
        (
            "urls=/a/*/b,verbs=get",
            "`*` within the URL `/a/*/b` in `a.rs:1:21` => Kubernetes knows `*` only as the last character, such as `/healthz/*`",
        ),
        (
            "groups=apps/v1,resources=deployments,verbs=get",
            "`/` in the group `apps/v1` in `a.rs:1:23` => rules name no versions: write `apps`",
        ),
        (
            "groups=apps/deployments,resources=deployments,verbs=get",
            "`/` in the group `apps/deployments` in `a.rs:1:23` => did you mean `groups=apps,resources=deployments`?",
        ),
        (
            "groups=v1,resources=pods,verbs=get",
            "version `v1` as a group in `a.rs:1:23` => rules name no versions; the core group is `core`",
        ),
        (
            "groups=app,resources=deployments,verbs=get",
            "unknown group `app` in `a.rs:1:23` => did you mean `apps`?",
        ),
        (
            "groups=Apps,resources=deployments,verbs=get",
            "invalid group `Apps` in `a.rs:1:23` => a group is lower-case letters, digits, `-` and `.`, such as `apps` or `example.com`",
        ),
        (
            "groups=apps,resources=deployment,verbs=get",
            "no resource `deployment` in group `apps` in `a.rs:1:38` => did you mean `deployments`?",
        ),
        (
            "groups=apps,resources=deployment/status,verbs=get",
            "no resource `deployment` in group `apps` in `a.rs:1:38` => did you mean `deployments/status`?",
        ),
        (
            "groups=networking.k8s.io,resources=ingress,verbs=get",
            "no resource `ingress` in group `networking.k8s.io` in `a.rs:1:51` => did you mean `ingresses`?",
        ),
        (
            "groups=networking.k8s.io,resources=networkpolicy,verbs=get",
            "no resource `networkpolicy` in group `networking.k8s.io` in `a.rs:1:51` => did you mean `networkpolicies`?",
        ),
        (
            "groups=apps,resources=deploymets,verbs=get",
            "no resource `deploymets` in group `apps` in `a.rs:1:38` => did you mean `deployments`?",
        ),
        (
            "groups=example.com,resources=widgets/finalizer,verbs=update",
            "unknown subresource `widgets/finalizer` in `a.rs:1:45` => did you mean `widgets/finalizers`?",
        ),
        (
            "groups=apps,resources=deployments/stauts,verbs=patch",
            "unknown subresource `deployments/stauts` in `a.rs:1:38` => did you mean `deployments/status`?",
        ),
        (
            "groups=core,resources=pods,verbs=get because",
            "`because` without a reason in `a.rs:1:53` => say why the operator needs this, or leave the word out",
        ),
        (
            "groups=core,resources=deployments,verbs=get",
            "no resource `deployments` in group `core` in `a.rs:1:38` => it is in `groups=apps`",
        ),
        (
            "groups=apps,resources=Deployment,verbs=get",
            "invalid resource `Deployment` in `a.rs:1:38` => resources are named by their lower-case plural, such as `deployments`",
        ),
        (
            "groups=example.com,resources=myApps/status,verbs=get",
            "invalid resource `myApps/status` in `a.rs:1:45` => resources are named by their lower-case plural, such as `myapps/status`",
        ),
        (
            "groups=apps,resources=a/b/c,verbs=get",
            "invalid resource `a/b/c` in `a.rs:1:38` => a resource is a lower-case plural, with its subresource behind a `/`",
        ),
        (
            "groups=core,resources=secrets,resourceNames=*,verbs=get",
            "`*` as a resource name in `a.rs:1:60` => Kubernetes takes it literally: leave `resourceNames` out to allow every name",
        ),
        (
            "groups=core,resources=secrets,resourceNames=a/b,verbs=get",
            "invalid resource name `a/b` in `a.rs:1:60` => write `metadata.name` of the object, without namespace and slash",
        ),
        (
            "groups=core,resources=secrets,verbs=get,namespace=A_b",
            "invalid namespace `A_b` in `a.rs:1:66` => a namespace is at most 63 lower-case letters, digits and `-`, with a letter or digit at both ends",
        ),
        (
            "groups=core,resources=secrets,verbs=get,namespace=a;b",
            "more than one value for `namespace` in `a.rs:1:66` => write one comment for each",
        ),
        (
            "groups=core,resources=secrets,verbs=get,roleName=a b",
            "invalid role name `a b` in `a.rs:1:65` => a role's name is letters, digits, `-`, `.`, `_` and `:`, such as `manager-role`",
        ),
    ];
    for (comment, expected) in cases {
        let problems = read(comment).expect_err(comment);
        let shown: Vec<_> = problems
            .0
            .iter()
            .map(|p| format!("{} => {}", p.message, p.help.as_deref().unwrap_or("")))
            .collect();
        assert_eq!(shown, [expected], "{comment}");
    }
}

#[test]
fn a_kubebuilder_marker_takes_no_reason() {
    let reading = reading("// +kubebuilder:rbac:urls=/a,verbs=get because of x\n");
    let problem = &reading.errors[0].problem;
    let message = "reason behind a `+kubebuilder` marker in `a.rs:1:40`";
    assert_eq!(
        (reading.errors.len(), problem.message.as_str()),
        (1, message)
    );
}

#[test]
fn all_problems_of_all_rules_come_at_once_sorted_by_place() {
    let comments = "verbs=lst;GET\ngroups=apps,resources=deployments,verbs=get\ngroups=apps,resource=x,verbs=foo";
    let problems = read(comments).unwrap_err();
    let places: Vec<_> = problems
        .0
        .iter()
        .map(|problem| {
            problem
                .message
                .rsplit("a.rs:")
                .next()
                .unwrap()
                .trim_end_matches('`')
                .to_owned()
        })
        .collect();
    assert_eq!(places, ["1:4", "1:22", "1:26", "3:28", "3:45"]);
}

#[test]
fn a_word_is_corrected_only_when_it_is_near() {
    let cases = [
        ("verb", Some("verbs")),
        ("resourcename", Some("resourceNames")),
        ("URLS", Some("urls")),
        ("banana", None),
        ("", None),
        ("xy", None),
    ];
    for (word, expected) in cases {
        assert_eq!(
            did_you_mean(word, arguments::KEYS.iter().copied()),
            expected,
            "{word}"
        );
    }
}

#[test]
fn markers_with_other_names_are_no_rules() {
    let source = "// +opgen:allow:whatever\n";
    let reading = reading(source);
    assert_eq!(reading, Reading::default());
}

#[test]
fn a_comment_knows_where_it_stands_and_why() {
    let source = "\
// +opgen:rbac:groups=\"\",resources=pods,verbs={get,list}  because  the cache\treads \u{85}them \r
// +kubebuilder:rbac: verbs=get, urls=/metrics
#[tokio::main]
async fn main() {}
impl X { // +opgen:rbac:urls=/metrics,verbs = get
    fn y() {}
}
// +opgen:rbac:urls=/metrics,verbs=get
";
    let reading = reading(source);
    assert_eq!(reading.errors, []);
    let shown: Vec<_> = reading
        .comments
        .iter()
        .map(|comment| {
            let (at, verbs) = (&comment.at, &comment.verbs);
            let (line, text) = (verbs.line, &source[comment.text.clone()]);
            assert_eq!(at.line, line);
            let (at, verbs) = (at.column, verbs.column);
            format!("{line}:{at} {verbs} {} {text:?}", comment.reason())
        })
        .collect();
    let expected = [
        "1:4 47 the cache reads them \"groups=\\\"\\\",resources=pods,verbs={get,list}  because  the cache\\treads \\u{85}them\"",
        "2:4 29 a.rs: main \"verbs=get, urls=/metrics\"",
        "5:13 47 a.rs: X::y \"urls=/metrics,verbs = get\"",
        "8:4 36 a.rs \"urls=/metrics,verbs=get\"",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn a_rule_is_written_as_people_write_it() {
    let cases = [
        (
            "verbs=watch;patch;get;\"list\";sign,resources={b,a},groups=\"\"",
            "groups=core,resources=a;b,verbs=get;list;watch;patch;sign",
        ),
        ("verbs=get,urls=`/a`;/b/*", "urls=/a;/b/*,verbs=get"),
        (
            "roleName=y,namespace=x,verbs=get,resourceNames=\"b,c\";a;\"d\\\"\\\\\",resources=secrets,groups=core",
            "groups=core,resources=secrets,resourceNames=a;\"b,c\";\"d\\\"\\\\\",verbs=get,namespace=x,roleName=y",
        ),
        (
            "groups=core,resources=nodes,verbs=list,namespace=``   because   of   x",
            "groups=core,resources=nodes,verbs=list,namespace=\"\" because of x",
        ),
        (
            "groups=core,resources=secrets,resourceNames=\"a because b\",verbs=get because because",
            "groups=core,resources=secrets,resourceNames=\"a because b\",verbs=get because because",
        ),
    ];
    for (comment, expected) in cases {
        let source = format!("// +opgen:rbac:{comment}\n");
        let reading = reading(&source);
        assert_eq!(reading.comments[0].rule.to_string(), expected, "{comment}");
    }
}
